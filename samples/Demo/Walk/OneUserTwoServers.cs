using Demo.Servers;

namespace Demo.Walk;

/// <summary>The main job: a real MCP client, two servers, two inbound tokens, two hop tokens.</summary>
internal sealed class OneUserTwoServers : IStep
{
    public string Title => "One user, two servers, two tokens";

    public string Why =>
        "Alice's MCP client asks the authorization server for one token per server (RFC 8707). The gateway validates each for exactly that "
        + "server, exchanges it (RFC 8693) for a short-lived token that only the MCP server behind it accepts, and forwards with that alone.";

    public async Task WalkAsync(Scene scene, StepReport report, CancellationToken cancellationToken)
    {
        var stage = scene.Stage;
        var before = stage.AuthorizationServer.Exchanges.Count;
        var refused = (stage.Weather.Refused, stage.Notes.Refused);
        scene.WeatherToken = await scene.Users.ForAsync("weather", $"{WeatherServer.Scope} weather:write", cancellationToken);
        scene.NotesToken = await scene.Users.ForAsync("notes", $"{NotesServer.Scope} notes:write", cancellationToken);

        report.Terminal.Paragraph("Alice's client, with Authorization: Bearer <alice's token for weather>");
        var weather = await UserClient.UseAsync(scene, report, "weather", scene.WeatherToken, "get_forecast", new() { ["city"] = "Oslo" }, cancellationToken);
        report.Expect("tools/list at weather", "get_forecast", string.Join(", ", weather.Tools));
        report.Expect("tools/call at weather", "Oslo: 21 degrees, light wind, no rain.", weather.Text);
        report.Terminal.Blank();

        report.Terminal.Paragraph("The same client, with Authorization: Bearer <alice's token for notes>");
        var notes = await UserClient.UseAsync(scene, report, "notes", scene.NotesToken, "list_notes", [], cancellationToken);
        report.Expect("tools/list at notes", "list_notes", string.Join(", ", notes.Tools));
        report.Expect("tools/call at notes", "Notes of alice: buy milk; call Bob.", notes.Text);
        report.Terminal.Blank();

        foreach (var (name, server, inbound) in new[] { ("weather", stage.Weather, scene.WeatherToken), ("notes", stage.Notes, scene.NotesToken) })
        {
            report.Expect($"{name} got another token than the client sent", server.LastToken is { } received && received.Value != inbound);
        }

        report.Expect("weather and notes admitted every request that reached them", (stage.Weather.Refused, stage.Notes.Refused) == refused);
        report.Expect("exchanges asked for: one for each server, then the gateway's cache served", 2, stage.AuthorizationServer.Exchanges.Count - before);
        foreach (var exchange in stage.AuthorizationServer.Exchanges.Skip(before))
        {
            report.Terminal.Detail($"the gateway to {stage.AuthorizationServer.TokenEndpoint}: {exchange}");
        }
    }
}
