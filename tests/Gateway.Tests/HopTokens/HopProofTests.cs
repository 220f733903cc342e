using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Harness;
using TokenExchange.AspNetCore;
using Xunit;

namespace Gateway.Tests.HopTokens;

/// <summary>Tokens that are bound to a key or to a call, at an MCP server with AddHopToken.</summary>
public sealed class HopProofTests : IAsyncDisposable
{
    private const string Method = "POST";
    private readonly ManualClock clock = new();
    private readonly TestAuthorizationServer issuer = new();

    public ValueTask DisposeAsync() => issuer.DisposeAsync();

    [Fact]
    public async Task A_bound_token_is_worth_nothing_without_its_proof_and_each_proof_is_good_once()
    {
        await using var server = await StartAsync();
        var token = Token(ProofForge.BoundTo(TestKeys.Stranger));
        var proof = Proof(token);

        Assert.Equal("401 sender_constrained", await server.ReasonAsync(token));
        Assert.Equal("401 invalid_dpop_proof", await server.ReasonAsync(token, null, Proof(token, key: TestKeys.Rs256)));
        Assert.Equal("accepted", await server.ReasonAsync(token, null, proof));
        Assert.Equal("401 invalid_dpop_proof", await server.ReasonAsync(token, null, proof));
        Assert.Equal("401 sender_constrained", await server.ReasonAsync(Token(), null, Proof(Token())));
        Assert.Equal("accepted", await server.ReasonAsync(Token()));
        Assert.Equal(2, server.Admitted.Count);
    }

    [Theory]
    [InlineData("htu", "https://weather.internal/other")]
    [InlineData("htu", "http://127.0.0.1/mcp")]
    [InlineData("htm", "GET")]
    [InlineData("ath", "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU")]
    [InlineData("jti", "")]
    public async Task A_proof_for_something_else_is_none(string claim, string value)
    {
        await using var server = await StartAsync();
        var token = Token(ProofForge.BoundTo(TestKeys.Stranger));

        Assert.Equal("401 invalid_dpop_proof", await server.ReasonAsync(token, null, Proof(token, (_, payload) => payload[claim] = value)));
        Assert.Equal("accepted", await server.ReasonAsync(token, null, Proof(token)));
    }

    [Fact]
    public async Task A_proof_is_for_the_identifier_and_the_rest_of_the_path_whatever_the_Host_says()
    {
        await using var server = await StartAsync();
        var token = Token(ProofForge.BoundTo(TestKeys.Stranger));
        Action<HttpRequestMessage> foreign = request => request.Headers.Host = "evil.example";

        Assert.Equal(200, (await server.SendAsync(HttpMethod.Get, "/mcp/deeper/a%20b?x=1", token, null, foreign, Proof(token, method: "GET", uri: HopServer.Resource + "/deeper/a%20b"))).Status);
        Assert.Equal(401, (await server.SendAsync(HttpMethod.Get, "/mcp/deeper", token, null, foreign, Proof(token, method: "GET", uri: HopServer.Resource))).Status);
        Assert.Equal(401, (await server.SendAsync(HttpMethod.Get, "/mcp/deeper", token, null, foreign, Proof(token, method: "GET", uri: "http://evil.example/mcp/deeper"))).Status);
    }

    [Fact]
    public async Task The_body_is_the_one_that_the_proof_was_made_for_and_the_endpoint_reads_the_same()
    {
        await using var server = await StartAsync(options => (options.RequireProof, options.RequireContentDigest, options.MaxBodyBytes) = (true, true, 40_000));
        var token = Token(ProofForge.BoundTo(TestKeys.Stranger));
        var body = Messages.Call("echo");
        string Over(string digested) => Proof(token, (_, payload) => payload["content_digest"] = ProofForge.ContentDigest(digested));
        var large = Messages.Call(new string('x', 39_000));
        var larger = Messages.Call(new string('x', 40_000));

        Assert.Equal("401 invalid_dpop_proof", await server.ReasonAsync(token, body + " ", Over(body)));
        Assert.Equal("401 invalid_dpop_proof", await server.ReasonAsync(token, body, Proof(token)));
        Assert.Equal("accepted", await server.ReasonAsync(token, body, Over(body)));
        Assert.Equal("accepted", await server.ReasonAsync(token, large, Over(large)));
        Assert.Equal("413 body_too_large", await server.ReasonAsync(token, larger, Over(larger)));
        Assert.Equal("401 sender_constrained", await server.ReasonAsync(Token(), body));
        Assert.Equal([body, large], server.Admitted.Select(one => one.Body));
    }

    [Fact]
    public async Task Where_proofs_are_required_no_challenge_offers_Bearer()
    {
        await using var server = await StartAsync(options => options.RequireProof = true);

        Assert.StartsWith("DPoP resource_metadata=", Assert.Single((await server.CallAsync(null)).Challenges), StringComparison.Ordinal);
    }

    [Fact]
    public async Task When_no_more_ids_can_be_remembered_no_proof_is_taken()
    {
        await using var server = await StartAsync(options => options.UsedIdCapacity = 1);
        var token = Token(ProofForge.BoundTo(TestKeys.Stranger));

        Assert.Equal("accepted", await server.ReasonAsync(token, null, Proof(token)));
        var answer = await server.CallAsync(token, null, Proof(token));

        Assert.Equal((503, "overloaded"), (answer.Status, answer.Reason));
    }

    [Fact]
    public async Task A_token_for_one_call_carries_that_call_once_and_nothing_else()
    {
        await using var server = await StartAsync(options => options.RequireCallBinding = true);
        var body = Messages.Call("echo");
        var token = Token(For("tools/call", "echo", body));

        Assert.Equal("401 call_binding_missing", await server.ReasonAsync(Token()));
        Assert.Equal("401 call_binding_missing", await server.ReasonAsync(Token((header, payload) => { For("tools/call", "echo", body)(header, payload); payload.Remove("jti"); })));
        Assert.Equal("401 call_binding_mismatch", await server.ReasonAsync(token, Messages.Call("delete_all")));
        Assert.Equal("401 call_binding_mismatch", await server.ReasonAsync(token, body + " "));
        Assert.Equal("401 call_binding_mismatch", await server.ReasonAsync(token, ""));
        Assert.Equal(401, (await server.SendAsync(HttpMethod.Get, "/mcp", token)).Status);
        Assert.Empty(server.Admitted);

        Assert.Equal("accepted", await server.ReasonAsync(token, body));
        Assert.Equal("401 token_replayed", await server.ReasonAsync(token, body));
        Assert.Equal(body, Assert.Single(server.Admitted).Body);
    }

    [Theory]
    [InlineData("tools/call", "delete_all", "echo", "https://weather.internal/mcp", 1)]
    [InlineData("tools/list", null, "echo", "https://weather.internal/mcp", 1)]
    [InlineData("tools/call", "echo", "echo", "https://notes.internal/mcp", 1)]
    [InlineData("tools/call", "echo", "echo", "https://weather.internal/mcp", 2)]
    public async Task A_call_that_is_not_the_one_in_the_token_is_refused(string method, string? name, string called, string location, int elements)
    {
        await using var server = await StartAsync(options => options.RequireCallBinding = true);
        var body = Messages.Call(called);
        var token = Token((header, payload) =>
        {
            For(method, name, body, location)(header, payload);
            var details = payload["authorization_details"]!.AsArray();
            for (var more = 1; more < elements; more++)
            {
                details.Add(details[0]!.DeepClone());
            }
        });

        Assert.Equal("401 call_binding_mismatch", await server.ReasonAsync(token, body));
    }

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"file:///a"}}""", "resources/read", "file:///a")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tasks/get","params":{"taskId":"t1"}}""", "tasks/get", "t1")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/prompt","name":"p"}}}""", "completion/complete", "p")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/resource","uri":"file:///{x}"}}}""", "completion/complete", "file:///{x}")]
    [InlineData("""{"jsonrpc":"2.0","method":"notifications/initialized"}""", "notifications/initialized", null)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"result":{}}""", "POST", null)]
    public async Task Each_message_is_named_as_the_gateway_names_it(string body, string method, string? name)
    {
        await using var server = await StartAsync(options => options.RequireCallBinding = true);

        Assert.Equal("accepted", await server.ReasonAsync(Token(For(method, name, body)), body));
    }

    [Fact]
    public async Task A_stream_and_the_end_of_a_session_are_calls_too()
    {
        await using var server = await StartAsync(options => options.RequireCallBinding = true);
        foreach (var verb in new[] { "GET", "DELETE" })
        {
            Assert.Equal(200, (await server.SendAsync(new HttpMethod(verb), "/mcp", Token(For(verb, null, "")))).Status);
        }
    }

    private static Action<JsonObject, JsonObject> For(string method, string? name, string body, string location = HopServer.Resource) => (_, payload) =>
    {
        var call = new JsonObject { ["type"] = "mcp_call", ["locations"] = new JsonArray(location), ["method"] = method };
        if (name is not null)
        {
            call["name"] = name;
        }

        call["content_digest"] = ProofForge.ContentDigest(body);
        payload["authorization_details"] = new JsonArray(call);
        payload["jti"] = Guid.NewGuid().ToString();
    };

    private Task<HopServer> StartAsync(Action<HopTokenOptions>? change = null) => HopServer.StartAsync(issuer.Issuer, change, clock);

    private string Token(Action<JsonObject, JsonObject>? change = null) => TokenForge.AccessToken(TestKeys.Es256, issuer.Issuer, HopServer.Resource, clock.GetUtcNow(), change);

    private string Proof(string token, Action<JsonObject, JsonObject>? change = null, TestKey? key = null, string method = Method, string uri = HopServer.Resource) =>
        ProofForge.Proof(key ?? TestKeys.Stranger, method, uri, token, clock.GetUtcNow(), change);
}
