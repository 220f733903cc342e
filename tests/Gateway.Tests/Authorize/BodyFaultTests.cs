using Gateway.Tests.Harness;
using Xunit;

namespace Gateway.Tests.Authorize;

/// <summary>A refused body is told what is wrong with it: one text for each rule of JSON-RPC, and nothing of the body in it.</summary>
public sealed class BodyFaultTests
{
    private static readonly (string Body, int Code)[] Faults =
    [
        ("", -32700),
        ("canary {", -32700),
        ("{\"jsonrpc\":\"2.0\",\"method\":\"canary\"} trailing", -32700),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"canary\",\"params\":{\"x\":\"\\ud800\"}}", -32700),
        (new string('[', 200) + new string(']', 200), -32700),
        ("[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"canary\"}]", -32600),
        ("\"canary\"", -32600),
        ("{\"id\":1,\"method\":\"canary\"}", -32600),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":5}", -32600),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"canary\",\"params\":[]}", -32600),
        ("{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"canary\"}", -32600),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"canary\",\"result\":{}}", -32600),
        ("{\"jsonrpc\":\"2.0\",\"id\":1}", -32600),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{},\"error\":{}}", -32600),
        ("{\"jsonrpc\":\"2.0\",\"result\":{}}", -32600),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"canary\",\"method\":\"canary\"}", -32600),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"Method\":\"canary\"}", -32600),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"canary\\u0000\"}", -32600),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":[\"canary\"]}}", -32600),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"canary\",\"params\":{\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":1}}}", -32600),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"completion/complete\",\"params\":{\"ref\":\"canary\"}}", -32600),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"subscriptions/listen\",\"params\":{\"notifications\":\"canary\"}}", -32600),
    ];

    [Fact]
    public async Task Each_fault_of_a_body_has_a_text_of_its_own()
    {
        await using var world = await World.StartAsync();
        var texts = new Dictionary<string, string>();
        foreach (var (body, code) in Faults)
        {
            var answer = await world.Gateway.SendAsync(HttpMethod.Post, "/weather", world.WeatherToken(), change: request =>
                request.Content = new ByteArrayContent(System.Text.Encoding.UTF8.GetBytes(body)) { Headers = { ContentType = new("application/json") } });

            Assert.Equal((400, "body_invalid", code), (answer.Status, answer.Reason, answer.Json!["error"]!["code"]!.GetValue<int>()));
            var text = answer.Json["error"]!["message"]!.GetValue<string>();
            Assert.DoesNotContain("canary", answer.Body, StringComparison.Ordinal);
            Assert.True(texts.TryAdd(text, body) || texts[text].Contains("canary {", StringComparison.Ordinal), $"'{text}' is said of {body} and of {texts[text]}");
        }

        Assert.Equal(Faults.Length - 1, texts.Count);
        world.AssertNothingWasForwarded();
    }

    /// <summary>Half a surrogate pair is JSON and no text: readers drop it, replace it or fail, and what fails late has used up a token.</summary>
    [Theory]
    [InlineData("""{"jsonrpc":"2.0","id":"\ud800","method":"ping"}""", true)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"\uD83D"}""", true)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"x":"\uDC00"}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"x":[{"a\ud83d\u0064":1}]}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"x":"\ud83d\\ude00"}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"x":"\ud83d\ud83d\ude00"}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"x":"\ud83d","y":"\ude00"}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","_meta":{"x":{"y":"\ude00\ud83d"}}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"cut \uD83D"}]}}""", true)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"ping","other":{"x":"\udfff"}}""")]
    public async Task Half_a_surrogate_pair_is_refused_wherever_it_stands(string body, bool withoutId = false)
    {
        await using var world = await World.StartAsync(options =>
        {
            options["Servers"]!["weather"]!["Operations"] = System.Text.Json.Nodes.JsonNode.Parse("""[{ "Method": "tools/call", "Approval": true }]""");
            options["Servers"]!["weather"]!["Policy"] = System.Text.Json.Nodes.JsonNode.Parse("""{ "Url": "http://127.0.0.1:9/access/v1/evaluation", "Arguments": true }""");
        });

        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken(), body);

        Assert.Equal((400, "body_invalid", -32700), (answer.Status, answer.Reason, answer.Json!["error"]!["code"]!.GetValue<int>()));
        Assert.Equal(withoutId ? null : 1, (int?)answer.Json["id"]);
        world.AssertNothingWasSent();
    }

    [Theory]
    [InlineData("\\ud83d\\ude00")]
    [InlineData("\\uD83D\\uDE00\\uDBFF\\uDFFF")]
    [InlineData("\\\\ud800")]
    [InlineData("\\ud7ff\\ue000\\u00e4\\n\\\"")]
    public async Task Whatever_else_is_escaped_passes(string text)
    {
        await using var world = await World.StartAsync();

        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken(), $$$"""{"jsonrpc":"2.0","id":"{{{text}}}","method":"tools/call","params":{"name":"a","arguments":{"{{{text}}}":"{{{text}}}"} } }""");

        Assert.Equal(200, answer.Status);
    }

    [Fact]
    public async Task Bytes_that_are_no_UTF_8_are_called_that()
    {
        await using var world = await World.StartAsync();

        var answer = await world.Gateway.SendAsync(HttpMethod.Post, "/weather", world.WeatherToken(), change: request =>
            request.Content = new ByteArrayContent([(byte)'"', 0xff, (byte)'"']) { Headers = { ContentType = new("application/json") } });

        Assert.Contains("UTF-8", answer.Json!["error"]!["message"]!.GetValue<string>(), StringComparison.Ordinal);
    }
}
