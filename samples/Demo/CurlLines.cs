using Demo.Servers;
using Demo.Walk;

namespace Demo;

/// <summary>What a reader can paste into a shell while the demo stays up.</summary>
internal sealed class CurlLines(Stage stage, Terminal terminal)
{
    private const string Initialize = """
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

    public async Task ShowAsync(CancellationToken cancellationToken)
    {
        using var http = Loopback.CreateClient();
        var users = new UserTokens(stage, http);
        var weather = await users.ForAsync("weather", $"{WeatherServer.Scope} weather:write", cancellationToken);
        var notes = await users.ForAsync("notes", $"{NotesServer.Scope} notes:write", cancellationToken);
        var archive = await users.ForAsync("archive", NotesServer.Scope, cancellationToken);

        terminal.Title("Your turn: everything stays up until Ctrl+C");
        terminal.Paragraph($"Paste the lines below into another shell. The tokens are good for an hour. The configuration that all of this runs on is {stage.ConfigPath}");
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
        terminal.Verbatim($"curl -siw '\\n' -X POST {stage.Resource("weather")}");
        terminal.Verbatim($"curl -sw '\\n' {stage.PublicUrl}/.well-known/oauth-protected-resource/weather");
        terminal.Verbatim($"curl -sw '\\n' {stage.AuthorizationServer.Issuer}/.well-known/oauth-authorization-server");
        terminal.Blank();
    }

    private void Post(string server, string token, string message)
    {
        var url = server.Contains("://", StringComparison.Ordinal) ? server : stage.Resource(server);
        terminal.Verbatim($"curl -siw '\\n' {url} -H \"Authorization: Bearer {token}\" \\");
        terminal.Verbatim("  -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' \\");
        terminal.Verbatim($"  -d '{message}'");
        terminal.Blank();
    }
}
