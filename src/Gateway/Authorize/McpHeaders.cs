using System.Text;
using Gateway.Configuration.Options;

namespace Gateway.Authorize;

/// <summary>
/// Compares what MCP's headers say with what the body says. Whoever processes the body must reject a difference, or a
/// rule that reads the one could be walked around with the other.
/// </summary>
/// <remarks>MCP 2026-07-28, Streamable HTTP, standard request headers.</remarks>
internal static class McpHeaders
{
    /// <summary>The first revision without sessions, whose requests carry these headers.</summary>
    private const string FirstModern = "2026-07-28";
    private const string ProtocolVersion = "MCP-Protocol-Version";
    private const string Method = "Mcp-Method";
    private const string Name = "Mcp-Name";

    /// <summary>Whether a request belongs to a revision without sessions: by its header, or else by its body.</summary>
    public static bool IsModern(IHeaderDictionary headers, Operation operation)
    {
        var version = headers[ProtocolVersion];
        return IsModern(version.Count > 0 ? version[0] : operation.ProtocolVersion);
    }

    /// <summary>Whether headers and body speak of the same operation.</summary>
    public static bool Agree(IHeaderDictionary headers, Operation operation, McpTransport transport)
    {
        var version = headers[ProtocolVersion];
        var method = headers[Method];
        var name = headers[Name];
        if (version.Count > 1 || method.Count > 1 || name.Count > 1)
        {
            return false;
        }

        // A request is modern when its body says so; one that only its header calls modern, the MCP server answers itself.
        // The HTTP+SSE transport is older than the headers: there they may be missing whatever the body says.
        var modern = transport == McpTransport.StreamableHttp && operation is { Kind: MessageKind.Request, ProtocolVersion: { } inBody } && IsModern(inBody);
        if (version.Count == 1 ? operation.ProtocolVersion is { } other && version[0] != other : modern)
        {
            return false;
        }

        if (method.Count == 1 ? method[0] != (operation.Method ?? "") : modern)
        {
            return false;
        }

        if (operation.Name is not { } named)
        {
            // Nothing in the body to contradict, but a server that reads the header would find a name that no rule saw.
            return name.Count == 0 || operation.Method is null || !HasName(operation.Method);
        }

        return name.Count == 1 ? Decode(name[0]!) == named : !(modern && HasName(operation.Method!));
    }

    /// <summary>The methods whose name, URI or task the header mirrors (MCP 2026-07-28; tasks extension).</summary>
    private static bool HasName(string method) =>
        method is "tools/call" or "prompts/get" or "resources/read" or "tasks/get" or "tasks/update" or "tasks/cancel";

    private static bool IsModern(string? version) => version is not null && string.CompareOrdinal(version, FirstModern) >= 0 && IsRevision(version);

    /// <summary>Revisions are dates; anything else is not compared as one.</summary>
    private static bool IsRevision(string version) => version.Length == FirstModern.Length && char.IsAsciiDigit(version[0]);

    /// <summary>Values that a header cannot carry as they are come as <c>=?base64?…?=</c>.</summary>
    private static string? Decode(string value)
    {
        const string Start = "=?base64?";
        const string End = "?=";
        if (!value.StartsWith(Start, StringComparison.OrdinalIgnoreCase) || !value.EndsWith(End, StringComparison.Ordinal) || value.Length < Start.Length + End.Length)
        {
            return value;
        }

        try
        {
            return new UTF8Encoding(false, true).GetString(Convert.FromBase64String(value[Start.Length..^End.Length]));
        }
        catch (Exception exception) when (exception is FormatException or ArgumentException)
        {
            return null;
        }
    }
}
