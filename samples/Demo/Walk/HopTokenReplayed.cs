namespace Demo.Walk;

/// <summary>What a hop token is worth elsewhere: nothing.</summary>
internal sealed class HopTokenReplayed : IStep
{
    public string Title => "The hop token replayed";

    public string Why =>
        "Suppose the weather server is in bad hands and keeps the token that the gateway sent it. It cannot be used at the gateway, not even at "
        + "the weather route, because its audience is no server of the gateway; nor at notes, which accepts its own audience only.";

    public async Task WalkAsync(Scene scene, StepReport report, CancellationToken cancellationToken)
    {
        var stage = scene.Stage;
        var hop = stage.Weather.LastToken?.Value ?? throw new StepBrokenException("weather never got a hop token.");
        var before = Counters.Of(stage);
        foreach (var (server, tool) in new[] { ("weather", "get_forecast"), ("notes", "list_notes") })
        {
            var atTheGateway = await scene.CallAsync(report, stage.Resource(server), tool, hop, "weather's hop token", cancellationToken);
            report.Expect("status", 401, atTheGateway.Status);
            report.Expect("reason", "audience_invalid", atTheGateway.Reason);
            report.Terminal.Blank();
        }

        Counters.Of(stage).ExpectUnchangedSince(before, report);
        report.Terminal.Blank();

        var admitted = stage.Notes.Admitted;
        var atNotes = await scene.CallAsync(report, stage.Notes.Resource, "list_notes", hop, "weather's hop token", cancellationToken);
        report.Expect("status, from notes itself", 401, atNotes.Status);
        report.Expect("requests that notes admitted", 0, stage.Notes.Admitted - admitted);
    }
}
