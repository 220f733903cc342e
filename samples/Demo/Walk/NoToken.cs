using System.Text.Json.Nodes;

namespace Demo.Walk;

/// <summary>A client that starts with nothing but the URL.</summary>
/// <remarks>RFC 9728 §5, RFC 8414 §3.</remarks>
internal sealed class NoToken : IStep
{
    public string Title => "No token, and the way to one";

    public string Why =>
        "A client that knows only the URL is told where to look: the challenge names the resource's document (RFC 9728), that names the "
        + "authorization server, and that server's metadata (RFC 8414) names its token endpoint. Nothing was wrong with a token, so no error.";

    public async Task WalkAsync(Scene scene, StepReport report, CancellationToken cancellationToken)
    {
        var stage = scene.Stage;
        var before = Counters.Of(stage);
        var challenge = await scene.CallAsync(report, stage.Resource("weather"), "get_forecast", null, "", cancellationToken);
        var document = challenge.ChallengeParameter("resource_metadata");
        report.Expect("status", 401, challenge.Status);
        report.Expect("reason", "token_missing", challenge.Reason);
        report.Expect("error in the challenge", null, challenge.ChallengeParameter("error"));
        report.Expect("scope in the challenge", "weather:read", challenge.ChallengeParameter("scope"));
        report.Expect("resource_metadata", $"{stage.PublicUrl}/.well-known/oauth-protected-resource/weather", document);
        Counters.Of(stage).ExpectUnchangedSince(before, report);
        report.Terminal.Blank();

        var resource = await scene.GetAsync(report, document ?? throw new StepBrokenException("the challenge names no document."), cancellationToken);
        var issuer = (resource.Json?["authorization_servers"] as JsonArray)?.FirstOrDefault()?.ToString();
        report.Expect("resource, exactly the URL that was called", stage.Resource("weather"), resource.Text("resource"));
        report.Expect("authorization server", stage.AuthorizationServer.Issuer, issuer);
        report.Terminal.Blank();

        var metadata = await scene.GetAsync(report, (issuer ?? throw new StepBrokenException("the document names no authorization server.")) + "/.well-known/oauth-authorization-server", cancellationToken);
        report.Expect("issuer", issuer, metadata.Text("issuer"));
        report.Expect("token endpoint", stage.AuthorizationServer.TokenEndpoint, metadata.Text("token_endpoint"));
    }
}
