using Demo.AuthorizationServer;
using ModelContextProtocol.Server;

namespace Demo.Servers;

/// <summary>Notes: an MCP server with one tool, whose answer depends on whose token arrives.</summary>
internal static class NotesServer
{
    public const string Scope = "notes:read";

    public static Task<StrictMcpServer> StartAsync(string name, DevelopmentAuthorizationServer issuer, CancellationToken cancellationToken) =>
        StrictMcpServer.StartAsync(name, Scope, user => [McpServerTool.Create(() => Of(user), new() { Name = "list_notes", Description = "The caller's notes.", ReadOnly = true })], issuer, cancellationToken);

    private static string Of(string user) => $"Notes of {user}: buy milk; call Bob.";
}
