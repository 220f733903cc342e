namespace Demo.Walk;

/// <summary>A token for one server replayed at another, through the gateway.</summary>
internal sealed class WeatherTokenAtNotes : IStep
{
    public string Title => "The weather token replayed at notes";

    public string Why =>
        "Somebody who got hold of alice's weather token tries it at notes. Same user, same authorization server, good signature, not expired: "
        + "only the audience is another server's. That alone is enough to refuse, before anybody else is asked.";

    public async Task WalkAsync(Scene scene, StepReport report, CancellationToken cancellationToken)
    {
        var before = Counters.Of(scene.Stage);
        var answer = await scene.CallAsync(report, scene.Stage.Resource("notes"), "list_notes", scene.WeatherToken, "alice's token for weather", cancellationToken);
        report.Expect("status", 401, answer.Status);
        report.Expect("reason", "audience_invalid", answer.Reason);
        report.Expect("error in the challenge", "invalid_token", answer.ChallengeParameter("error"));
        Counters.Of(scene.Stage).ExpectUnchangedSince(before, report);
    }
}
