using Demo.Servers;

namespace Demo.Walk;

/// <summary>A token that is bound to a key, in the hands of somebody without it.</summary>
internal sealed class StolenWithoutTheKey : IStep
{
    public string Title => "A stolen token, bound to a key";

    public string Why =>
        "This time alice's client has a key, and her token says whose it is (cnf.jkt). Every request brings a proof by that key for this very "
        + "request (DPoP). A thief with the token, and even with a proof that went over the wire, has nothing.";

    public async Task WalkAsync(Scene scene, StepReport report, CancellationToken cancellationToken)
    {
        var stage = scene.Stage;
        var url = stage.Resource("weather");
        using var alice = new ClientProofs(TimeProvider.System);
        using var thief = new ClientProofs(TimeProvider.System);
        var token = await scene.Users.ForAsync("weather", WeatherServer.Scope, cancellationToken, alice.Thumbprint);
        var proof = alice.For("POST", url, token);
        var proven = await scene.CallAsync(report, url, "get_forecast", token, "alice's bound token", cancellationToken, proof);
        report.Expect("status, with a proof by alice's key", 200, proven.Status);
        report.Terminal.Blank();

        var before = Counters.Of(stage);
        foreach (var (what, stolen, reason) in new[]
        {
            ("without any proof", null, "sender_constrained"),
            ("with alice's own proof, once more", proof, "invalid_dpop_proof"),
            ("with a proof by the thief's key", thief.For("POST", url, token), "invalid_dpop_proof"),
        })
        {
            var answer = await scene.CallAsync(report, url, "get_forecast", token, "alice's bound token", cancellationToken, stolen);
            report.Expect($"status, {what}", 401, answer.Status);
            report.Expect("reason", reason, answer.Reason);
            report.Terminal.Blank();
        }

        Counters.Of(stage).ExpectUnchangedSince(before, report);
    }
}
