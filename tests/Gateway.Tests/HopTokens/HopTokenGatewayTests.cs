using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Harness;
using Xunit;

namespace Gateway.Tests.HopTokens;

/// <summary>The real gateway in front, the library behind: what the one sends the other takes, and what was seen on the way is worth nothing.</summary>
public sealed class HopTokenGatewayTests : IDisposable
{
    private readonly string keys = Directory.CreateTempSubdirectory("hop-keys-").FullName;

    [Fact]
    public async Task A_hop_token_that_is_bound_to_key_and_call_passes_once_and_is_worth_nothing_to_a_thief()
    {
        await using var stage = await StartAsync(bind: "dpop", bindCall: true);
        var body = Messages.Call("echo");

        Assert.Equal(200, (await stage.Gateway.CallAsync("/weather", stage.Token(), body)).Status);
        Assert.Equal(200, (await stage.Gateway.SendAsync(HttpMethod.Get, "/weather", stage.Token())).Status);
        Assert.Equal(200, (await stage.Gateway.CallAsync("/weather/deeper", stage.Token(), Messages.Of("tools/list"))).Status);

        Assert.Equal([body, "", Messages.Of("tools/list")], stage.Behind.Admitted.Select(one => one.Body));
        Assert.All(stage.Behind.Admitted, one => Assert.Equal(("alice", TestGateway.PublicUrl + "/weather"), (one.Token.Subject, one.Token.Actors.Single())));
        var (token, proof) = stage.Seen[0];
        Assert.Equal("401 sender_constrained", await stage.Behind.ReasonAsync(token, body));
        Assert.Equal("401 invalid_dpop_proof", await stage.Behind.ReasonAsync(token, body, proof));
        Assert.Equal("401 invalid_dpop_proof", await stage.Behind.ReasonAsync(token, Messages.Call("delete_all"), ProofForge.Proof(TestKeys.Stranger, "POST", HopServer.Resource, token, TimeProvider.System.GetUtcNow())));
        Assert.Equal(3, stage.Behind.Admitted.Count);
    }

    [Fact]
    public async Task A_hop_token_that_is_bound_to_its_call_is_replayed_by_nobody()
    {
        await using var stage = await StartAsync(bind: "none", bindCall: true);
        var body = Messages.Call("echo");

        Assert.Equal(200, (await stage.Gateway.CallAsync("/weather", stage.Token(), body)).Status);

        var (token, _) = stage.Seen.Single();
        Assert.Equal("401 token_replayed", await stage.Behind.ReasonAsync(token, body));
        Assert.Equal("401 call_binding_mismatch", await stage.Behind.ReasonAsync(token, Messages.Call("delete_all")));
    }

    [Fact]
    public async Task The_inbound_token_does_not_open_the_server_behind()
    {
        await using var stage = await StartAsync(bind: "none", bindCall: false);

        Assert.Equal(200, (await stage.Gateway.CallAsync("/weather", stage.Token())).Status);

        Assert.Equal("401 issuer_unknown", await stage.Behind.ReasonAsync(stage.Token()));
    }

    public void Dispose() => Directory.Delete(keys, recursive: true);

    private async Task<Stage> StartAsync(string bind, bool bindCall)
    {
        using var output = new StringWriter();
        Assert.Equal(0, await new Gateway.Commands.CommandLine(output, output).RunAsync(["keys", "new", "--directory", keys]));
        var corp = new TestAuthorizationServer();

        // Stands between the two, notes what goes over the wire, and passes it on as it is.
        var wire = new TestMcpServer();
        var gateway = await TestGateway.StartAsync(new JsonObject
        {
            ["AuthorizationServers"] = new JsonObject { ["corp"] = new JsonObject { ["Issuer"] = corp.Issuer } },
            ["LocalIssuer"] = new JsonObject { ["Issuer"] = TestGateway.PublicUrl + "/hop", ["KeyDirectory"] = keys },
            ["Servers"] = new JsonObject
            {
                ["weather"] = new JsonObject
                {
                    ["Destinations"] = new JsonArray(wire.Url),
                    ["Outbound"] = new JsonObject { ["Mode"] = "local", ["Bind"] = bind, ["BindCall"] = bindCall, ["Resource"] = HopServer.Resource },
                },
            },
        });
        var behind = await HopServer.StartAsync(TestGateway.PublicUrl + "/hop", options =>
        {
            options.JwksUrl = new Uri(gateway.Url + "/hop/jwks");
            (options.RequireProof, options.RequireContentDigest, options.RequireCallBinding) = (bind == "dpop", bind == "dpop", bindCall);
        });
        var stage = new Stage(corp, wire, gateway, behind);
        wire.Answer = async context =>
        {
            var (scheme, token) = (context.Request.Headers.Authorization.ToString().Split(' ')[0], context.Request.Headers.Authorization.ToString().Split(' ')[1]);
            var proof = context.Request.Headers["DPoP"].ToString();
            stage.Seen.Add((token, proof));
            var arrived = wire.Requests[^1];
            var answer = await behind.SendAsync(new HttpMethod(arrived.Method), arrived.Path, token, arrived.Method == "POST" ? arrived.Body : null, null, scheme == "DPoP" ? [proof] : []);
            context.Response.StatusCode = answer.Status;
            if (answer.Challenge is { } challenge)
            {
                context.Response.Headers.WWWAuthenticate = challenge;
            }
        };
        return stage;
    }

    private sealed record Stage(TestAuthorizationServer Corp, TestMcpServer Wire, TestGateway Gateway, HopServer Behind) : IAsyncDisposable
    {
        public List<(string Token, string Proof)> Seen { get; } = [];

        public string Token() => Corp.Token(TestGateway.PublicUrl + "/weather");

        public async ValueTask DisposeAsync()
        {
            await Gateway.DisposeAsync();
            await Behind.DisposeAsync();
            await Wire.DisposeAsync();
            await Corp.DisposeAsync();
        }
    }
}
