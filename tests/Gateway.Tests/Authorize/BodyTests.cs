using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;
using Gateway.Tests.Harness;
using Xunit;

namespace Gateway.Tests.Authorize;

/// <summary>Bodies that the gateway and an MCP server could read as two different operations never reach the server.</summary>
public sealed class BodyTests
{
    private const string Call = """{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"delete_all"}}""";

    [Theory]
    [InlineData("""[{"jsonrpc":"2.0","id":7,"method":"ping"}]""", -32600)]
    [InlineData("""{"jsonrpc":"2.0","id":7,"method":"ping"}{"jsonrpc":"2.0","id":8,"method":"ping"}""", -32700)]
    [InlineData("""{"jsonrpc":"2.0","id":7,"method":"ping" """, -32700)]
    [InlineData("", -32700)]
    [InlineData("""{"id":7,"method":"ping"}""", -32600)]
    [InlineData("""{"jsonrpc":"2.0","id":7}""", -32600)]
    [InlineData("""{"jsonrpc":"2.0","id":null,"method":"ping"}""", -32600)]
    [InlineData("""{"jsonrpc":"2.0","id":7,"method":"tools/call","params":["delete_all"]}""", -32600)]
    [InlineData("""{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":["delete_all"]}}""", -32600)]
    [InlineData("""{"jsonrpc":"2.0","id":7,"method":"ping","method":"tools/call"}""", -32600)]
    [InlineData("""{"jsonrpc":"2.0","id":7,"method":"ping","Method":"tools/call"}""", -32600)]
    [InlineData("""{"jsonrpc":"2.0","id":7,"method":"ping","method\u0000":"tools/call"}""", -32600)]
    [InlineData("""{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"a"},"Params":{"name":"b"}}""", -32600)]
    [InlineData("""{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"a","name":"b"}}""", -32600)]
    [InlineData("""{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"NAME":"b"}}""", -32600)]
    [InlineData("""{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"a","tasK":1,"tas\u212A":2}}""", -32600)]
    [InlineData("""{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"a","_meta":{"x":1,"X":2}}}""", -32600)]
    [InlineData("""{"jsonrpc":"2.0","id":7,"method":"ping","\uD801\uDC00":1,"\uD801\uDC28":2}""", -32600)]
    public async Task A_body_that_can_be_read_in_two_ways_is_refused_as_a_json_rpc_error(string body, int code)
    {
        await using var world = await World.StartAsync();

        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken(), body);

        Assert.Equal(400, answer.Status);
        Assert.Equal("body_invalid", answer.Reason);
        Assert.Equal(code, answer.Json!["error"]!["code"]!.GetValue<int>());
        Assert.Null(answer.Challenge);
        world.AssertNothingWasSent();
    }

    [Theory]
    [InlineData("7")]
    [InlineData("-0.50e+2")]
    [InlineData("\"caf\\u00e9 \\/ é\"")]
    public async Task A_refused_request_gets_its_own_id_back_byte_for_byte(string id)
    {
        await using var world = await World.StartAsync();

        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken(), $$"""{"jsonrpc":"2.0","id": {{id}} ,"method":"ping","method":"ping"}""");

        Assert.Equal(400, answer.Status);
        Assert.StartsWith($$"""{"jsonrpc":"2.0","id":{{id}},"error":""", answer.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","id":7,"id":8,"method":"ping"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":7,"method":"ping","ID":8}""")]
    [InlineData("""{"jsonrpc":"2.0","id":{"a":1},"method":"ping"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":7,"result":{},"error":{}}""")]
    [InlineData("""[{"jsonrpc":"2.0","id":7,"method":"ping"}]""")]
    [InlineData("""{"jsonrpc":"2.0","id":7,"method":""")]
    public async Task An_id_that_is_not_clearly_the_requests_is_answered_with_null(string body)
    {
        await using var world = await World.StartAsync();

        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken(), body);

        Assert.StartsWith("""{"jsonrpc":"2.0","id":null,"error":""", answer.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("utf-16")]
    [InlineData("utf-16-declared")]
    [InlineData("byte order mark")]
    [InlineData("invalid utf-8")]
    [InlineData("gzip")]
    [InlineData("text/plain")]
    [InlineData("no content type")]
    public async Task A_body_in_another_encoding_is_refused(string kind)
    {
        await using var world = await World.StartAsync();
        var bytes = Encoding.UTF8.GetBytes(Call);
        byte[] sent = kind switch
        {
            "utf-16" or "utf-16-declared" => Encoding.Unicode.GetBytes(Call),
            "byte order mark" => [0xEF, 0xBB, 0xBF, .. bytes],
            "invalid utf-8" => [.. bytes[..^3], 0xC0, 0xAF, .. bytes[^3..]],
            "gzip" => Gzip(bytes),
            _ => bytes,
        };

        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken(), change: request =>
        {
            request.Content = new ByteArrayContent(sent);
            request.Content.Headers.ContentType = kind switch
            {
                "utf-16-declared" => new MediaTypeHeaderValue("application/json", "utf-16"),
                "text/plain" => new MediaTypeHeaderValue("text/plain"),
                "no content type" => null,
                _ => new MediaTypeHeaderValue("application/json"),
            };
            if (kind == "gzip")
            {
                request.Content.Headers.ContentEncoding.Add("gzip");
            }
        });

        Assert.Equal(kind is "utf-16" or "byte order mark" or "invalid utf-8" ? 400 : 415, answer.Status);
        Assert.Equal("body_invalid", answer.Reason);
        world.AssertNothingWasSent();
    }

    private static byte[] Gzip(byte[] bytes)
    {
        using var buffer = new MemoryStream();
        using (var gzip = new GZipStream(buffer, CompressionLevel.Fastest))
        {
            gzip.Write(bytes);
        }

        return buffer.ToArray();
    }
}
