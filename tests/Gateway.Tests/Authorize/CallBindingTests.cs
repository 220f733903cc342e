using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Harness;
using Xunit;

namespace Gateway.Tests.Authorize;

/// <summary>Front door, sidecar, legacy server: what is caught between the first two is good for nothing but the call it was made for, once.</summary>
public sealed class CallBindingTests : IAsyncLifetime
{
    private const string Sidecar = "https://legacy.internal";
    private readonly string keys = Directory.CreateTempSubdirectory("gateway-calls-").FullName;
    private TestAuthorizationServer corp = null!;
    private TestMcpServer legacy = null!;
    private TestMcpServer wire = null!;
    private TestGateway front = null!;
    private TestGateway sidecar = null!;

    public async ValueTask InitializeAsync()
    {
        using var output = new StringWriter();
        Assert.Equal(0, await new Gateway.Commands.CommandLine(output, output).RunAsync(["keys", "new", "--directory", keys]));
        corp = new TestAuthorizationServer();
        legacy = new TestMcpServer();

        // Stands where the sidecar would, and so sees what goes over the wire.
        wire = new TestMcpServer();
        front = await TestGateway.StartAsync(new JsonObject
        {
            ["AuthorizationServers"] = new JsonObject { ["corp"] = new JsonObject { ["Issuer"] = corp.Issuer } },
            ["LocalIssuer"] = new JsonObject { ["Issuer"] = TestGateway.PublicUrl + "/hop", ["KeyDirectory"] = keys },
            ["Servers"] = new JsonObject
            {
                ["weather"] = new JsonObject
                {
                    ["Destinations"] = new JsonArray(wire.Url),
                    ["Outbound"] = new JsonObject { ["Mode"] = "local", ["BindCall"] = true, ["Resource"] = Sidecar + "/mcp" },
                },
            },
        });
        sidecar = await TestGateway.StartAsync(new JsonObject
        {
            ["PublicUrl"] = Sidecar,
            ["AuthorizationServers"] = new JsonObject { ["front"] = new JsonObject { ["Issuer"] = TestGateway.PublicUrl + "/hop", ["JwksUrl"] = front.Url + "/hop/jwks" } },
            ["Servers"] = new JsonObject
            {
                ["mcp"] = new JsonObject { ["Destinations"] = new JsonArray(legacy.Url), ["RequireCallBinding"] = true, ["Outbound"] = new JsonObject { ["Mode"] = "none" } },
                ["other"] = new JsonObject { ["Destinations"] = new JsonArray(legacy.Url), ["RequireCallBinding"] = true, ["Outbound"] = new JsonObject { ["Mode"] = "none" } },
            },
        });
    }

    public async ValueTask DisposeAsync()
    {
        await sidecar.DisposeAsync();
        await front.DisposeAsync();
        await wire.DisposeAsync();
        await legacy.DisposeAsync();
        await corp.DisposeAsync();
        Directory.Delete(keys, recursive: true);
    }

    [Fact]
    public async Task A_captured_hop_token_carries_its_own_call_once_and_nothing_else()
    {
        var call = Messages.Call("echo");
        var captured = await CaptureAsync(call);

        // With another tool, other arguments, another byte, another method, at another server: refused before it is used.
        Assert.Equal((401, "call_binding_mismatch"), await ReplayAsync("/mcp", captured, Messages.Call("delete_all")));
        Assert.Equal((401, "call_binding_mismatch"), await ReplayAsync("/mcp", captured, call.Replace("{}", """{"city":"Oslo"}""", StringComparison.Ordinal)));
        Assert.Equal((401, "call_binding_mismatch"), await ReplayAsync("/mcp", captured, call + " "));
        Assert.Equal((401, "call_binding_mismatch"), await ReplayAsync("/mcp", captured, Messages.Of("tools/list")));
        var get = await sidecar.SendAsync(HttpMethod.Get, "/mcp", captured);
        Assert.Equal((401, "call_binding_mismatch"), (get.Status, get.Reason));
        Assert.Equal((401, "audience_invalid"), await ReplayAsync("/other", captured, call));
        Assert.Empty(legacy.Requests);

        Assert.Equal((200, null), await ReplayAsync("/mcp", captured, call));
        Assert.Single(legacy.Requests);
        Assert.Equal((401, "token_replayed"), await ReplayAsync("/mcp", captured, call));
        Assert.Single(legacy.Requests);
    }

    [Fact]
    public async Task The_token_says_the_call_and_lives_half_a_minute()
    {
        var call = Messages.Call("echo");
        var claims = TokenReader.PayloadOf(await CaptureAsync(call));

        var element = claims["authorization_details"]!.AsArray().Single()!;
        Assert.Equal($$"""{"type":"mcp_call","locations":["{{Sidecar}}/mcp"],"method":"tools/call","name":"echo","content_digest":"{{Digest(call)}}"}""", element.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
        Assert.InRange((long)claims["exp"]! - (long)claims["iat"]!, 1, 30);
    }

    [Fact]
    public async Task Every_request_has_a_token_of_its_own()
    {
        var call = Messages.Call("echo");

        Assert.NotEqual(await CaptureAsync(call), await CaptureAsync(call));
    }

    [Theory]
    [InlineData("GET", null)]
    [InlineData("DELETE", null)]
    [InlineData("POST", """{"jsonrpc":"2.0","id":7,"result":{}}""")]
    public async Task What_has_no_operation_is_bound_to_its_http_method_and_bytes(string method, string? body)
    {
        var answer = await front.SendAsync(new HttpMethod(method), "/weather", corp.Token(World.WeatherResource), body);
        Assert.Equal(200, answer.Status);
        var captured = wire.Requests[^1].Token!;

        var element = TokenReader.PayloadOf(captured)["authorization_details"]!.AsArray().Single()!;
        Assert.Equal((method, Digest(body ?? "")), ((string?)element["method"], (string?)element["content_digest"]));
        Assert.Null(element["name"]);
        Assert.Equal(200, (await sidecar.SendAsync(new HttpMethod(method), "/mcp", captured, body)).Status);
    }

    [Fact]
    public async Task A_token_without_a_call_is_not_taken_where_calls_are_bound()
    {
        await using var world = await World.StartAsync(options => options["Servers"]!["weather"]!["RequireCallBinding"] = true);
        var call = Messages.Call("echo");

        foreach (var (details, reason) in new[]
        {
            (null, "call_binding_missing"),
            ("""[{"type":"payment"}]""", "call_binding_missing"),
            ($"[{Element(call)},{Element(call)}]", "call_binding_mismatch"),
            ($"[{Element(call, locations: """["https://mcp.example.com/notes"]""")}]", "call_binding_mismatch"),
            ($"[{Element(call, locations: """["https://mcp.example.com/weather","x"]""")}]", "call_binding_mismatch"),
            ($"[{Element(call, more: ""","x":1""")}]", "call_binding_mismatch"),
            ("""[{"type":"mcp_call"}]""", "call_binding_mismatch"),
        })
        {
            var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken((_, payload) =>
            {
                payload["jti"] = Guid.NewGuid().ToString();
                if (details is not null)
                {
                    payload["authorization_details"] = JsonNode.Parse(details);
                }
            }), call);
            Assert.Equal((401, reason), (answer.Status, answer.Reason));
        }

        world.AssertNothingWasSent();
        var taken = await world.Gateway.CallAsync("/weather", world.WeatherToken((_, payload) => payload["authorization_details"] = JsonNode.Parse($"[{Element(call)}]")), call);
        Assert.Equal(200, taken.Status);
    }

    private static string Element(string body, string locations = """["https://mcp.example.com/weather"]""", string more = "") =>
        $$"""{"type":"mcp_call","locations":{{locations}},"method":"tools/call","name":"echo","content_digest":"{{Digest(body)}}"{{more}}}""";

    private static string Digest(string body) => $"sha-256=:{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(body)))}:";

    private async Task<string> CaptureAsync(string call)
    {
        Assert.Equal(200, (await front.CallAsync("/weather", corp.Token(World.WeatherResource), call)).Status);
        return wire.Requests[^1].Token!;
    }

    private async Task<(int Status, string? Reason)> ReplayAsync(string path, string token, string body)
    {
        var answer = await sidecar.CallAsync(path, token, body);
        return (answer.Status, answer.Status == 200 ? null : answer.Reason);
    }
}
