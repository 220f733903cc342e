using Gateway.Tests.Harness;
using Harness;
using Xunit;

namespace Gateway.Tests.Lifecycle;

public sealed class ReadinessTests
{
    [Fact]
    public async Task Without_keys_readiness_fails_until_the_grace_has_passed_and_liveness_never()
    {
        var clock = new ManualClock();
        await using var world = await World.StartAsync(options => options["AuthorizationServers"]!["corp"]!["Issuer"] = "http://127.0.0.1:9", clock);

        Assert.Equal(503, await AskAsync(world, "/healthz/ready"));
        Assert.Equal(200, await AskAsync(world, "/healthz/live"));
        clock.Advance(TimeSpan.FromSeconds(9.9));
        Assert.Equal(503, await AskAsync(world, "/healthz/ready"));
        clock.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal(200, await AskAsync(world, "/healthz/ready"));
    }

    [Theory]
    [InlineData(-3600)]
    [InlineData(3600)]
    public async Task The_grace_is_time_that_has_passed_and_not_the_time_of_day(int jump)
    {
        var clock = new ManualClock();
        await using var world = await World.StartAsync(options => options["AuthorizationServers"]!["corp"]!["Issuer"] = "http://127.0.0.1:9", clock);

        clock.Set(TimeSpan.FromSeconds(jump));
        Assert.Equal(503, await AskAsync(world, "/healthz/ready"));
        clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(200, await AskAsync(world, "/healthz/ready"));
    }

    [Fact]
    public async Task Keys_that_verify_nothing_are_no_keys()
    {
        await using var authorizationServer = new TestAuthorizationServer();
        authorizationServer.Jwks = """{"keys":[{"kid":"a","kty":"RSA","x5c":["MIIB"]}]}""";
        await using var weather = new TestMcpServer();
        await using var notes = new TestMcpServer();
        var clock = new ManualClock();
        await using var gateway = await TestGateway.StartAsync(World.Options(authorizationServer, weather, notes), clock);

        Assert.Equal(503, (await gateway.SendAsync(HttpMethod.Get, "/healthz/ready")).Status);

        // The fetch ends on a thread of its own, and before time is moved: it has a limit that would come due, too.
        Assert.True(SpinWait.SpinUntil(() => gateway.Log.Contains("could not be fetched: no_usable_key", StringComparison.Ordinal), TimeSpan.FromSeconds(30)), gateway.Log);
        Assert.Equal(503, (await gateway.SendAsync(HttpMethod.Get, "/healthz/ready")).Status);
        clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(200, (await gateway.SendAsync(HttpMethod.Get, "/healthz/ready")).Status);
    }

    private static async Task<int> AskAsync(World world, string path) => (await world.Gateway.SendAsync(HttpMethod.Get, path)).Status;
}
