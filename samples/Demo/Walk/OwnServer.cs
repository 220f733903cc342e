namespace Demo.Walk;

/// <summary>A server of which nothing is known but its URL, behind the gateway.</summary>
internal sealed class OwnServer : IStep
{
    public string Title => "Your MCP server behind the gateway";

    public string Why =>
        "A call with a token for it, the claims of both hops, then the same call with a token that was minted for another server, and without any.";

    public async Task WalkAsync(Scene scene, StepReport report, CancellationToken cancellationToken)
    {
        var stage = scene.Stage;
        var route = stage.Routes.Single();
        var url = stage.Resource(route.Id);
        var token = await scene.Users.ForAsync(route.Id, route.Scope, cancellationToken);
        var id = Claims.Of(token)["jti"];
        var answer = await scene.InitializeAsync(report, url, token, "alice's token", cancellationToken);
        report.Expect(answer.IsMcp ? "the MCP server answered" : $"the MCP server answered: {Advice(answer, route.Destination)}", answer.IsMcp);
        report.Terminal.Blank();

        if (stage.AuthorizationServer.Issued.HopOf(id) is { } hop)
        {
            report.Terminal.Table([9, 42, 42], [["claim", "alice's token: client to gateway", "hop token: gateway to your server"], .. Claims.Of(token).BesideThoseOf(new(hop))]);
        }

        var asked = stage.AuthorizationServer.Exchanges.Count;
        var elsewhere = stage.AuthorizationServer.TokenFor(UserTokens.User, stage.PublicUrl + "/elsewhere", route.Scope);
        var stolen = await scene.InitializeAsync(report, url, elsewhere, "alice's token for another server", cancellationToken);
        report.Expect("status", 401, stolen.Status);
        report.Expect("reason", "audience_invalid", stolen.Reason);
        report.Expect("exchanges asked of the authorization server", 0, stage.AuthorizationServer.Exchanges.Count - asked);
        report.Terminal.Blank();

        var missing = await scene.InitializeAsync(report, url, null, "", cancellationToken);
        report.Expect("status", 401, missing.Status);
        report.Expect("resource_metadata", $"{stage.PublicUrl}/.well-known/oauth-protected-resource/{route.Id}", missing.ChallengeParameter("resource_metadata"));
        report.Terminal.Blank();

        await PastTheGatewayAsync(scene, report, route, cancellationToken);
    }

    /// <summary>Not a promise of the gateway, so nothing is asserted: whether the server looks at tokens at all.</summary>
    private static async Task PastTheGatewayAsync(Scene scene, StepReport report, Route route, CancellationToken cancellationToken)
    {
        try
        {
            var direct = await scene.InitializeAsync(report, route.Destination, null, "", cancellationToken);
            report.Terminal.Detail(
                direct.Status is not (401 or 403) && !direct.IsMcp ? "What answers there speaks no MCP, so that nothing is known of who may reach the server."
                : direct.Status is 401 or 403
                ? $"Your server refuses who comes past the gateway. Let it accept at+jwt tokens of issuer {scene.Stage.AuthorizationServer.Issuer} for {route.Destination} alone (keys: {scene.Stage.AuthorizationServer.JwksUrl})."
                : "Your server answers whoever reaches it, without a token. Let it check hop tokens (docs/mcp-servers.md), or let nobody but the gateway reach it (docs/legacy-servers.md).");
        }
        catch (HttpRequestException)
        {
            report.Terminal.Detail("Nothing answers there.");
        }
    }

    private static string Advice(Answer answer, string destination) => answer.Reason switch
    {
        "upstream_unavailable" => $"nothing answers at {destination}; start it, calls work as soon as it is up",
        "upstream_refused_token" => "it refused the hop token; it must accept the issuer above and its own URL as the audience",
        "upstream_redirected" => "it redirects; give the URL that it redirects to",
        null => $"{destination} gave {answer.Status}, {(answer.Body.Length == 0 ? "and no body" : answer.MediaType ?? "of no media type")}, which is no MCP: {NextStep(answer.Status)}",
        var reason => reason,
    };

    private static string NextStep(int status) => status switch
    {
        404 or 405 or 501 => "give the URL of its MCP endpoint, path included (often /mcp); a server of the older HTTP+SSE transport (/sse) is set up as docs/legacy-servers.md says, one that speaks stdio is started with the bridge of that page",
        >= 500 => "the server, or a proxy before it, fails: its log says why",
        400 or 403 or 421 => "it refuses the first message of every client: its log says why, often a Host or Origin that it does not know",
        _ => "a page or another API answers there: give the URL of its MCP endpoint, path included (often /mcp)",
    };
}
