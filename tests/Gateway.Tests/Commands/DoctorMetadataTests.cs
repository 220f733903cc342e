using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Harness;
using Xunit;

namespace Gateway.Tests.Commands;

/// <summary><c>doctor</c> fetches every document that requests and announcements depend on, and none that they do not.</summary>
public sealed class DoctorMetadataTests
{
    private const string Nowhere = "http://127.0.0.1:9/";

    [Theory]
    [InlineData(null, true)]
    [InlineData("/introspect", false)]
    public async Task Metadata_is_needed_where_nothing_else_names_the_introspection_endpoint(string? endpoint, bool needed)
    {
        await using var world = await WithAddressesAsync((corp, issuer) => corp["Introspection"] = new JsonObject { ["Endpoint"] = endpoint is null ? null : issuer + endpoint });

        var run = await DoctorRun.OfAsync(world, world.WeatherToken());

        Assert.True(run.Exit == (needed ? 1 : 0), run.Output);
        Assert.Equal(needed, run.Output.Contains($"FAIL  corp metadata: connect at {Nowhere}", StringComparison.Ordinal));
        run.Line("pass  corp keys");
    }

    [Fact]
    public async Task Metadata_that_names_no_introspection_endpoint_fails()
    {
        await using var world = await World.StartAsync(options => options["AuthorizationServers"]!["corp"]!["Introspection"] = new JsonObject());
        world.As.ChangeMetadata = metadata => metadata.Remove("introspection_endpoint");

        var run = await DoctorRun.OfAsync(world, world.WeatherToken());

        Assert.True(run.Exit == 1, run.Output);
        Assert.Contains("no introspection_endpoint in the metadata of " + world.As.Issuer, run.Line("FAIL  corp introspection: "), StringComparison.Ordinal);
        Assert.Contains("set Introspection:Endpoint", run.Line("FAIL  corp introspection: "), StringComparison.Ordinal);
    }

    /// <summary>What the gateway is a client for, the servers say.</summary>
    [Theory]
    [InlineData("a server's own client", 1)]
    [InlineData("asked for nothing", 0)]
    public async Task Metadata_is_needed_where_nothing_else_names_the_token_endpoint_that_a_server_asks(string situation, int exit)
    {
        await using var world = await World.StartAsync(options =>
        {
            var corp = options["AuthorizationServers"]!["corp"]!.AsObject();
            (corp["MetadataUrl"], corp["JwksUrl"]) = (Nowhere, corp["Issuer"]!.GetValue<string>() + "/jwks");
            if (situation == "asked for nothing")
            {
                foreach (var (_, server) in options["Servers"]!.AsObject())
                {
                    server!["Outbound"] = new JsonObject { ["Mode"] = "none" };
                }

                return;
            }

            foreach (var (_, server) in options["Servers"]!.AsObject())
            {
                server!["Outbound"]!["Client"] = corp["Client"]!.DeepClone();
            }

            corp.Remove("Client");
        });

        var run = await DoctorRun.OfAsync(world);

        Assert.True(run.Exit == exit, run.Output);
        Assert.Equal(exit == 1, run.Output.Contains("FAIL  corp metadata: ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("sound", "pass  corp (events) keys", "")]
    [InlineData("no keys", "FAIL  corp (events) keys: the key set was fetched, and no key in it can verify a token", "Algorithms")]
    [InlineData("not there", "FAIL  corp (events) keys: no key set could be fetched: connect at http://127.0.0.1:9/jwks", "nobody listens there")]
    [InlineData("no metadata", "FAIL  corp (events) metadata: connect at http://127.0.0.1:9/", "nobody listens there")]
    public async Task Whoever_signs_security_events_is_asked_for_its_keys_too(string situation, string line, string remedy)
    {
        await using var transmitter = new TestAuthorizationServer();
        await using var world = await World.StartAsync(options =>
        {
            var corp = options["AuthorizationServers"]!["corp"]!;
            corp["SecurityEvents"] = new JsonObject
            {
                ["Audience"] = TestGateway.PublicUrl + "/security-events/corp",
                ["Issuer"] = situation == "no metadata" ? Nowhere : transmitter.Issuer,
                ["JwksUrl"] = situation == "not there" ? Nowhere + "jwks" : null,
            };
        });
        transmitter.Jwks = situation == "no keys" ? """{"keys":[]}""" : null;

        var run = await DoctorRun.OfAsync(world, world.WeatherToken());

        Assert.True(run.Exit == (situation == "sound" ? 0 : 1), run.Output);
        Assert.Contains(remedy, run.Line(line), StringComparison.Ordinal);
    }

    private static Task<World> WithAddressesAsync(Action<JsonObject, string> change) => World.StartAsync(options =>
    {
        var corp = options["AuthorizationServers"]!["corp"]!.AsObject();
        var issuer = corp["Issuer"]!.GetValue<string>();
        (corp["MetadataUrl"], corp["JwksUrl"], corp["TokenEndpoint"]) = (Nowhere, issuer + "/jwks", issuer + "/token");
        change(corp, issuer);
    });
}
