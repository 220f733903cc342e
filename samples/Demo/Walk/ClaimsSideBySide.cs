using Demo.Servers;

namespace Demo.Walk;

/// <summary>What each hop's token says before and after the gateway.</summary>
internal sealed class ClaimsSideBySide : IStep
{
    private static readonly int[] Widths = [9, 42, 42];

    public string Title => "Each hop's claims, before and after";

    public string Why =>
        "The user stays the same, everything else gets narrower: the audience is the one MCP server behind the route, the scope only what that "
        + "server needs, the life minutes instead of an hour, and act says who acts for the user.";

    public Task WalkAsync(Scene scene, StepReport report, CancellationToken cancellationToken)
    {
        Compare(scene, report, "weather", scene.WeatherToken, scene.Stage.Weather, WeatherServer.Scope);
        report.Terminal.Blank();
        Compare(scene, report, "notes", scene.NotesToken, scene.Stage.Notes, NotesServer.Scope);
        return Task.CompletedTask;
    }

    private static void Compare(Scene scene, StepReport report, string name, string inboundToken, StrictMcpServer server, string scope)
    {
        var received = server.LastToken ?? throw new StepBrokenException($"{name} never got a token.");
        Claims inbound = Claims.Of(inboundToken), outbound = new(received.Claims);
        report.Terminal.Table(Widths, [["claim", $"inbound: client to gateway /{name}", $"outbound: gateway to {name}"], .. inbound.BesideThoseOf(outbound)]);
        report.Expect($"{name} inbound aud", scene.Stage.Resource(name), inbound["aud"]);
        report.Expect($"{name} outbound aud", server.Resource, outbound["aud"]);
        report.Expect($"{name} sub in both", (UserTokens.User, UserTokens.User), (inbound["sub"], outbound["sub"]));
        report.Expect($"{name} outbound scope", scope, outbound["scope"]);
        report.Expect($"{name} outbound act", $$"""{"sub":"{{GatewayConfiguration.ClientId}}"}""", outbound["act"]);
        report.Expect($"{name} outbound client_id", GatewayConfiguration.ClientId, outbound["client_id"]);
        report.Expect($"{name} outbound token lives no longer than five minutes", outbound.Lifetime > TimeSpan.Zero && outbound.Lifetime <= TimeSpan.FromMinutes(5));
    }
}
