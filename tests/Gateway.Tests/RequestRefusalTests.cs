using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Harness;
using Xunit;

namespace Gateway.Tests;

/// <summary>Requests that are refused for what they are, whoever sends them: each before anybody behind the gateway is asked.</summary>
public sealed class RequestRefusalTests
{
    private const string Modern = "2026-07-28";

    /// <summary>A sound request, one thing changed: status, reason, and how.</summary>
    public static TheoryData<string, int, string> Cases => new()
    {
        { "no such path", 404, "not_found" },
        { "another case", 404, "not_found" },
        { "encoded slash", 404, "not_found" },
        { "encoded dots", 404, "not_found" },
        { "double slash", 404, "not_found" },
        { "path parameter", 404, "not_found" },
        { "encoded letter", 404, "not_found" },
        { "PUT", 405, "method_not_allowed" },
        { "PATCH", 405, "method_not_allowed" },
        { "TRACE", 405, "method_not_allowed" },
        { "websocket", 405, "method_not_allowed" },
        { "foreign origin", 403, "origin_not_allowed" },
        { "null origin", 403, "origin_not_allowed" },
        { "no token", 401, "token_missing" },
        { "basic scheme", 401, "token_missing" },
        { "dpop scheme", 401, "sender_constrained" },
        { "empty bearer", 400, "credentials_malformed" },
        { "token with a space", 400, "credentials_malformed" },
        { "two tokens", 400, "multiple_credentials" },
        { "token in query", 400, "token_in_query" },
        { "token in header and query", 400, "multiple_credentials" },
        { "token in another query parameter", 400, "multiple_credentials" },
        { "token in a forwarded header", 400, "multiple_credentials" },
        { "form body", 415, "body_invalid" },
        { "no content type", 415, "body_invalid" },
        { "utf-16 charset", 415, "body_invalid" },
        { "gzip", 415, "body_invalid" },
        { "too large", 413, "body_too_large" },
        { "empty body", 400, "body_invalid" },
        { "not json", 400, "body_invalid" },
        { "trailing bytes", 400, "body_invalid" },
        { "byte order mark", 400, "body_invalid" },
        { "invalid utf-8", 400, "body_invalid" },
        { "batch", 400, "body_invalid" },
        { "no jsonrpc", 400, "body_invalid" },
        { "duplicate method", 400, "body_invalid" },
        { "duplicate method, escaped", 400, "body_invalid" },
        { "method in another case", 400, "body_invalid" },
        { "params with a long s", 400, "body_invalid" },
        { "name with a NUL", 400, "body_invalid" },
        { "duplicate in _meta", 400, "body_invalid" },
        { "name as a number", 400, "body_invalid" },
        { "params as an array", 400, "body_invalid" },
        { "method and result", 400, "body_invalid" },
        { "Mcp-Method differs", 400, "header_mismatch" },
        { "Mcp-Name differs", 400, "header_mismatch" },
        { "version differs", 400, "header_mismatch" },
        { "modern without Mcp-Method", 400, "header_mismatch" },
        { "denied operation", 403, "operation_denied" },
        { "scope lacking", 403, "insufficient_scope" },
        { "client not admitted", 403, "client_not_allowed" },
        { "claim not admitted", 403, "claim_refused" },
        { "somebody's session", 404, "session_not_yours" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Is_refused_and_nothing_is_sent(string what, int status, string reason)
    {
        await using var world = await World.StartAsync(options =>
        {
            var weather = options["Servers"]!["weather"]!.AsObject();
            weather["MaxRequestBody"] = 4096;
            weather["AllowedClients"] = new JsonArray("agent");
            weather["RequiredClaims"] = new JsonArray(new JsonObject { ["Claim"] = "tid", ["AnyOf"] = new JsonArray("acme") });
            weather["Operations"] = new JsonArray(
                new JsonObject { ["Method"] = "tools/call", ["Name"] = "drop_*", ["Deny"] = true },
                new JsonObject { ["Method"] = "tools/call", ["Name"] = "delete_*", ["Scopes"] = new JsonArray("weather:write", "weather:admin") });
        });
        var request = Sound(world);

        Change(request, what);
        using (request)
        {
            using var response = await world.Gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);
            var answer = await Answer.OfAsync(response);

            Assert.Equal((status, reason), (answer.Status, answer.Reason));
            Assert.Equal(Challenge(status, reason), answer.Challenge?.Split(", error_description")[0].Split(", resource_metadata")[0].Split(" resource_metadata")[0]);
            Assert.Equal(status == 400 && reason is "body_invalid" or "header_mismatch" && status == 400, answer.Json!["jsonrpc"] is not null);
            Assert.Equal(status == 405, answer.Headers.ContainsKey("Allow"));
        }

        world.AssertNothingWasSent();
        var line = Assert.Single(world.Gateway.Audit);
        Assert.Equal(reason, line["reason"]!.GetValue<string>());
        Assert.Equal(status, line["status"]!.GetValue<int>());
    }

    [Fact]
    public async Task The_sound_request_of_these_tests_passes()
    {
        await using var world = await World.StartAsync();
        using var request = Sound(world);

        using var response = await world.Gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(200, (int)response.StatusCode);
    }

    [Fact]
    public async Task A_step_up_names_all_scopes_of_the_operation()
    {
        await using var world = await World.StartAsync(options => options["Servers"]!["weather"]!["Operations"] = new JsonArray(
            new JsonObject { ["Method"] = "tools/call", ["Name"] = "delete_*", ["Scopes"] = new JsonArray("weather:write", "weather:admin") }));

        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken(), Messages.Call("delete_all"));

        Assert.Equal(403, answer.Status);
        Assert.Contains("error=\"insufficient_scope\"", answer.Challenge, StringComparison.Ordinal);
        Assert.Contains("scope=\"weather:admin weather:write\"", answer.Challenge, StringComparison.Ordinal);
    }

    private static string? Challenge(int status, string reason) => (status, reason) switch
    {
        (401, "token_missing") => "Bearer",
        (401, "sender_constrained") => "Bearer error=\"invalid_token\"",
        (400, "credentials_malformed" or "multiple_credentials" or "token_in_query") => "Bearer error=\"invalid_request\"",
        (403, "insufficient_scope") => "Bearer error=\"insufficient_scope\"",
        _ => null,
    };

    private static HttpRequestMessage Sound(World world)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, world.Gateway.Url + "/weather")
        {
            Headers = { Authorization = new AuthenticationHeaderValue("Bearer", world.WeatherToken((_, payload) => payload["tid"] = "acme")) },
        };
        Body(request, Messages.Call("echo"));
        return request;
    }

    private static void Body(HttpRequestMessage request, string text) => Body(request, Encoding.UTF8.GetBytes(text));

    private static void Body(HttpRequestMessage request, byte[] bytes) =>
        request.Content = new ByteArrayContent(bytes) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };

    private static void Change(HttpRequestMessage request, string what)
    {
        var origin = request.RequestUri!.GetLeftPart(UriPartial.Authority);
        var token = request.Headers.Authorization!.Parameter!;
        void Path(string path) => request.RequestUri = new Uri(origin + path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        void Credentials(params string[] values)
        {
            request.Headers.Remove("Authorization");
            request.Headers.TryAddWithoutValidation("Authorization", values);
        }

        string Claimless(Action<JsonObject> change)
        {
            // Signed anew by the same issuer, with other claims.
            var payload = TokenReader.PayloadOf(token);
            change(payload);
            var header = TokenReader.HeaderOf(token);
            return TokenForge.Sign(header.ToJsonString(), payload.ToJsonString(), TestKeys.Es256);
        }

        void Header(string name, string value) => request.Headers.TryAddWithoutValidation(name, value);
        switch (what)
        {
            case "no such path": Path("/other"); break;
            case "another case": Path("/Weather"); break;
            case "encoded slash": Path("/weather%2F..%2Fnotes"); break;
            case "encoded dots": Path("/weather/%2e%2e/notes"); break;
            case "double slash": Path("/weather//notes"); break;
            case "path parameter": Path("/weather/..;/notes"); break;
            case "encoded letter": Path("/%77eather"); break;
            case "PUT": request.Method = HttpMethod.Put; break;
            case "PATCH": request.Method = HttpMethod.Patch; break;
            case "TRACE":
                request.Method = HttpMethod.Trace;
                request.Content = null;
                break;
            case "websocket":
                request.Method = HttpMethod.Get;
                request.Content = null;
                Header("Connection", "Upgrade");
                Header("Upgrade", "websocket");
                break;
            case "foreign origin": Header("Origin", "https://evil.example.net"); break;
            case "null origin": Header("Origin", "null"); break;
            case "no token": request.Headers.Authorization = null; break;
            case "basic scheme": Credentials("Basic YTpi"); break;
            case "dpop scheme": Credentials("DPoP " + token); break;
            case "empty bearer": Credentials("Bearer "); break;
            case "token with a space": Credentials("Bearer a b"); break;
            case "two tokens": Credentials($"Bearer {token}, Bearer {token}"); break;
            case "token in query":
                request.Headers.Authorization = null;
                Path("/weather?access%5Ftoken=" + token);
                break;
            case "token in header and query": Path("/weather?access_token=x"); break;
            case "token in another query parameter": Path("/weather?q=" + token); break;
            case "token in a forwarded header": Header("Mcp-Param-Key", "x" + token); break;
            case "form body": request.Content = new FormUrlEncodedContent([]); break;
            case "no content type": request.Content!.Headers.ContentType = null; break;
            case "utf-16 charset": request.Content!.Headers.ContentType = new MediaTypeHeaderValue("application/json", "utf-16"); break;
            case "gzip": request.Content!.Headers.ContentEncoding.Add("gzip"); break;
            case "too large": Body(request, Messages.Call(new string('x', 5000))); break;
            case "empty body": Body(request, ""); break;
            case "not json": Body(request, "{jsonrpc:1}"); break;
            case "trailing bytes": Body(request, Messages.Call("echo") + "x"); break;
            case "byte order mark": Body(request, "\uFEFF" + Messages.Call("echo")); break;
            case "invalid utf-8": Body(request, [.. Encoding.UTF8.GetBytes("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"x\":\""), 0xC3, 0x28, .. "\"}"u8]); break;
            case "batch": Body(request, "[" + Messages.Call("echo") + "]"); break;
            case "no jsonrpc": Body(request, """{"id":1,"method":"ping"}"""); break;
            case "duplicate method": Body(request, """{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}"""); break;
            case "duplicate method, escaped": Body(request, """{"jsonrpc":"2.0","id":1,"method":"ping","m\u0065thod":"tools/call"}"""); break;
            case "method in another case": Body(request, """{"jsonrpc":"2.0","id":1,"method":"ping","Method":"tools/call"}"""); break;
            case "params with a long s": Body(request, """{"jsonrpc":"2.0","id":1,"method":"ping","param\u017f":{}}"""); break;
            case "name with a NUL": Body(request, """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","name\u0000":"drop_all"}}"""); break;
            case "duplicate in _meta": Body(request, """{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{"a":1,"A":2}}}"""); break;
            case "name as a number": Body(request, """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":5}}"""); break;
            case "params as an array": Body(request, """{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}"""); break;
            case "method and result": Body(request, """{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}"""); break;
            case "Mcp-Method differs": Header("Mcp-Method", "tools/list"); break;
            case "Mcp-Name differs": Header("Mcp-Name", "another"); break;
            case "version differs":
                Body(request, $$$"""{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"{{{Modern}}}"} } }""");
                Header("MCP-Protocol-Version", "2025-11-25");
                break;
            case "modern without Mcp-Method":
                Body(request, $$$"""{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"{{{Modern}}}"} } }""");
                Header("MCP-Protocol-Version", Modern);
                break;
            case "denied operation": Body(request, Messages.Call("drop_all")); break;
            case "scope lacking": Body(request, Messages.Call("delete_all")); break;
            case "client not admitted": Credentials("Bearer " + Claimless(payload => payload["client_id"] = "other")); break;
            case "claim not admitted": Credentials("Bearer " + Claimless(payload => payload["tid"] = "evil")); break;
            case "somebody's session": Header("Mcp-Session-Id", new string('A', 43) + ".0123456789ab.session"); break;
            default: throw new ArgumentOutOfRangeException(nameof(what), what, "no such case");
        }
    }
}
