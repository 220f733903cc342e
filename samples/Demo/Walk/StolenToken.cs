using Demo.Servers;

namespace Demo.Walk;

/// <summary>What all of it is about, on one screen: a call, the claims of both its hops, and the two tokens in wrong hands.</summary>
internal sealed class StolenToken : IStep
{
    public string Title => "A token, a call, a thief";

    public string Why =>
        "Alice calls weather. The gateway takes her token, minted for its /weather alone, and sends another, minted for the weather server alone. "
        + "Whoever steals either has nothing at notes.";

    public bool ShowsAudit => false;

    public async Task WalkAsync(Scene scene, StepReport report, CancellationToken cancellationToken)
    {
        var stage = scene.Stage;
        var token = await scene.Users.ForAsync("weather", $"{WeatherServer.Scope} weather:write", cancellationToken);
        var called = await scene.CallAsync(report, stage.Resource("weather"), "get_forecast", token, "alice's token for weather", cancellationToken, brief: true);
        report.Expect("status", 200, called.Status);
        var hop = stage.Weather.LastToken ?? throw new StepBrokenException("weather never got a hop token.");
        report.Terminal.Blank();
        report.Terminal.Table([9, 42, 42], [["claim", "alice's token: client to gateway", "hop token: gateway to weather"], .. Claims.Of(token).BesideThoseOf(new(hop.Claims))]);

        var before = Counters.Of(stage);
        var stolen = await scene.CallAsync(report, stage.Resource("notes"), "list_notes", token, "alice's token for weather", cancellationToken, brief: true);
        report.Expect("status", 401, stolen.Status);
        report.Expect("reason", "audience_invalid", stolen.Reason);
        Counters.Of(stage).ExpectUnchangedSince(before, report);
        report.Terminal.Blank();

        var kept = await scene.CallAsync(report, stage.Notes.Resource, "list_notes", hop.Value, "weather's hop token", cancellationToken, brief: true);
        report.Expect("status, from notes itself", 401, kept.Status);
    }
}
