using Demo.Servers;

namespace Demo.Walk;

/// <summary>An authorization server that answers the exchange with a token for another server.</summary>
internal sealed class TokenForTheWrongAudience : IStep
{
    public string Title => "An authorization server that answers with the wrong token";

    public string Why =>
        "Asked for a token for the archive, this authorization server signs one for weather: misconfigured, or worse. Sending it would hand the "
        + "archive a token that works at weather. The gateway verifies what it gets before it uses it, and sends nothing.";

    public async Task WalkAsync(Scene scene, StepReport report, CancellationToken cancellationToken)
    {
        var stage = scene.Stage;
        var before = Counters.Of(stage);
        var token = await scene.Users.ForAsync("archive", NotesServer.Scope, cancellationToken);
        var answer = await scene.CallAsync(report, stage.Resource("archive"), "list_notes", token, "alice's token for archive", cancellationToken);
        var after = Counters.Of(stage);
        report.Expect("status", 502, answer.Status);
        report.Expect("reason", "exchange_result_rejected", answer.Reason);
        report.Expect("challenge, since the client's token is not to blame", null, answer.Challenge);
        report.Expect("exchanges asked of the authorization server", 1, after.Exchanges - before.Exchanges);
        report.Expect("requests that the archive ever saw", 0, after.Archive);
        report.Expect("requests that another server saw", 0, after.Weather + after.Notes - before.Weather - before.Notes);
    }
}
