using System.Text.Json.Nodes;
using Demo.Servers;
using Demo.Walk;

namespace Demo;

/// <summary>What a reader can paste into a shell while the demo stays up.</summary>
internal sealed class CurlLines(Stage stage, Terminal terminal)
{
    public const string Initialize = """
        {"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25",
              "capabilities":{},"clientInfo":{"name":"curl","version":"1"}}}
        """;

    private const string Forecast = """
        {"jsonrpc":"2.0","id":2,"method":"tools/call",
              "params":{"name":"get_forecast","arguments":{"city":"Oslo"}}}
        """;

    private const string Notes = """
        {"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"list_notes","arguments":{}}}
        """;

    private const string Tools = """
        {"jsonrpc":"2.0","id":2,"method":"tools/list"}
        """;

    public async Task ShowAsync(CancellationToken cancellationToken)
    {
        using var http = Loopback.CreateClient();
        var users = new UserTokens(stage, http);
        terminal.Title("Your turn: everything stays up until Ctrl+C");
        terminal.Paragraph($"Paste the lines below into another shell, and look here: each call is shown with the claims of both its hops. The tokens are good for an hour. The configuration that all of this runs on is {stage.ConfigPath}");
        await (stage.Servers.IsEmpty ? OwnAsync(users, cancellationToken) : DemoAsync(users, cancellationToken));
    }

    private async Task OwnAsync(UserTokens users, CancellationToken cancellationToken)
    {
        var route = stage.Routes.Single();
        var url = stage.Resource(route.Id);
        var token = await users.ForAsync(route.Id, route.Scope, cancellationToken);
        var elsewhere = stage.AuthorizationServer.TokenFor(UserTokens.User, stage.PublicUrl + "/elsewhere", route.Scope);
        terminal.Verbatim($"TOKEN={token}");
        terminal.Verbatim($"STOLEN_TOKEN={elsewhere}");
        terminal.Blank();
        terminal.Verbatim("# allowed: a session (if the server keeps any), then its tools");
        terminal.Verbatim($"SESSION=$(curl -si {url} -H \"Authorization: Bearer $TOKEN\" \\");
        terminal.Verbatim("  -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' \\");
        terminal.Verbatim($"  -d '{Initialize}' | tr -d '\\r' | sed -n 's/^[Mm]cp-[Ss]ession-[Ii]d: //p')");
        terminal.Blank();
        Post(route.Id, "$TOKEN", Tools, " -H \"Mcp-Session-Id: $SESSION\"");
        terminal.Verbatim("# refused, 401 audience_invalid: a token for another server");
        Post(route.Id, "$STOLEN_TOKEN", Tools);
        terminal.Verbatim("# for an MCP client that takes a header:");
        terminal.Verbatim("# " + new JsonObject
        {
            ["mcpServers"] = new JsonObject
            {
                [route.Id] = new JsonObject { ["type"] = "http", ["url"] = url, ["headers"] = new JsonObject { ["Authorization"] = "Bearer ${TOKEN}" } },
            },
        }.ToJsonString());
        terminal.Blank();
        terminal.Verbatim("# how a client finds its way: the challenge, the resource, the authorization server");
        Discovery(route.Id);
    }

    private async Task DemoAsync(UserTokens users, CancellationToken cancellationToken)
    {
        var weather = await users.ForAsync("weather", $"{WeatherServer.Scope} weather:write", cancellationToken);
        var notes = await users.ForAsync("notes", $"{NotesServer.Scope} notes:write", cancellationToken);
        var archive = await users.ForAsync("archive", NotesServer.Scope, cancellationToken);

        terminal.Verbatim($"WEATHER_TOKEN={weather}");
        terminal.Verbatim($"NOTES_TOKEN={notes}");
        terminal.Verbatim($"ARCHIVE_TOKEN={archive}");
        terminal.Blank();
        terminal.Verbatim("# allowed: one user, two servers, a token for each");
        Post("weather", "$WEATHER_TOKEN", Initialize);
        Post("weather", "$WEATHER_TOKEN", Forecast);
        Post("notes", "$NOTES_TOKEN", Notes);
        terminal.Verbatim("# refused, 401 audience_invalid: the weather token at notes");
        Post("notes", "$WEATHER_TOKEN", Notes);
        terminal.Verbatim("# refused, 401: the weather token at the weather server itself, past the gateway");
        Post(stage.Weather.Resource, "$WEATHER_TOKEN", Forecast);
        terminal.Verbatim("# refused, 502 exchange_result_rejected: the authorization server answers for another server");
        Post("archive", "$ARCHIVE_TOKEN", Notes);
        terminal.Verbatim("# how a client finds its way: the challenge, the resource, the authorization server");
        Discovery("weather");
    }

    private void Discovery(string server)
    {
        terminal.Verbatim($"curl -siw '\\n' -X POST {stage.Resource(server)}");
        terminal.Verbatim($"curl -sw '\\n' {stage.PublicUrl}/.well-known/oauth-protected-resource/{server}");
        terminal.Verbatim($"curl -sw '\\n' {stage.AuthorizationServer.Issuer}/.well-known/oauth-authorization-server");
        terminal.Blank();
    }

    private void Post(string server, string token, string message, string header = "")
    {
        var url = server.Contains("://", StringComparison.Ordinal) ? server : stage.Resource(server);
        terminal.Verbatim($"curl -siw '\\n' {url} -H \"Authorization: Bearer {token}\"{header} \\");
        terminal.Verbatim("  -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' \\");
        terminal.Verbatim($"  -d '{message}'");
        terminal.Blank();
    }
}
