using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Harness;
using TokenExchange.Outbound.Local;
using Xunit;

namespace Gateway.Tests;

/// <summary>A server at the root has the whole origin, but for the paths at which the gateway answers itself.</summary>
public sealed class RootServerTests
{
    [Theory]
    [InlineData("/", "/mcp")]
    [InlineData("/sub/x", "/mcp/sub/x")]
    [InlineData("/oauth2", "/mcp/oauth2")]
    [InlineData("/healthz-not", "/mcp/healthz-not")]
    [InlineData("/sub/healthz", "/mcp/sub/healthz")]
    [InlineData("/hopping", "/mcp/hopping")]
    public async Task Everything_below_it_reaches_it(string path, string arrives)
    {
        await using var world = await StartAsync();

        var answer = await world.Gateway.CallAsync(path, world.As.Token(TestGateway.PublicUrl));

        Assert.Equal(200, answer.Status);
        Assert.Equal(arrives, Assert.Single(world.Weather.Requests).Path);
    }

    [Theory]
    [InlineData("/.well-known")]
    [InlineData("/.well-known/x")]
    [InlineData("/.well-known/oauth-authorization-server")]
    [InlineData("/.well-known/oauth-protected-resource/x")]
    [InlineData("/.Well-Known/x")]
    [InlineData("/healthz")]
    [InlineData("/healthz/x")]
    [InlineData("/HEALTHZ/ready")]
    [InlineData("/backchannel-logout/corp")]
    [InlineData("/security-events/corp")]
    [InlineData("/oauth")]
    [InlineData("/oauth/corp/authorize")]
    [InlineData("/hop")]
    [InlineData("/hop/x")]
    [InlineData("/Hop/jwks")]
    public async Task What_the_gateway_keeps_for_itself_is_nobodys_where_it_does_not_answer(string path)
    {
        await using var world = await StartAsync();

        var answer = await world.Gateway.CallAsync(path, world.As.Token(TestGateway.PublicUrl));

        Assert.Equal((404, "not_found"), (answer.Status, answer.Reason));
        world.AssertNothingWasSent();
    }

    [Fact]
    public async Task Its_document_is_at_the_origin_and_both_spellings_of_it_are_its_identifier()
    {
        await using var world = await StartAsync();

        var document = await world.Gateway.SendAsync(HttpMethod.Get, "/.well-known/oauth-protected-resource");

        Assert.Equal(TestGateway.PublicUrl, document.Json!["resource"]!.GetValue<string>());
        Assert.Equal(200, (await world.Gateway.CallAsync("/", world.As.Token(TestGateway.PublicUrl))).Status);
        Assert.Equal(200, (await world.Gateway.CallAsync("/", world.As.Token(TestGateway.PublicUrl + "/"))).Status);
    }

    private static Task<World> StartAsync() => World.StartAsync(options =>
    {
        var keys = Scratch.Directory("gateway-test-");
        SigningKeyFile.Create(keys, "ES256", new ManualClock());
        options["LocalIssuer"] = new JsonObject { ["Issuer"] = TestGateway.PublicUrl + "/hop", ["KeyDirectory"] = keys };
        var servers = options["Servers"]!.AsObject();
        servers.Remove("notes");
        servers["weather"]!["Path"] = "/";
    });
}
