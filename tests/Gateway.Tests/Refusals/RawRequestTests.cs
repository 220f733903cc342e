using Gateway.Tests.Harness;
using Xunit;

namespace Gateway.Tests.Refusals;

/// <summary>One gateway for all raw requests; a test compares what it counted before and after.</summary>
public sealed class RawFixture : IAsyncLifetime
{
    public World World { get; private set; } = null!;

    public async ValueTask InitializeAsync() => World = await World.StartAsync(options => options["Servers"]!["weather"]!["MaxRequestBody"] = 1024);

    public ValueTask DisposeAsync() => World.DisposeAsync();
}

/// <summary>
/// Requests as no HTTP client writes them: framing that two parsers could read differently, credentials in odd places,
/// request targets in odd forms. Each is refused, by a stage or by Kestrel (no reason, no audit line), and sent nowhere.
/// </summary>
public sealed class RawRequestTests(RawFixture fixture) : IClassFixture<RawFixture>
{
    private const string Call = """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo"}}""";
    private const string Json = "Content-Type: application/json|Content-Length: {L}||{B}";

    /// <summary>What not every server reads as a token, and some does: Rack, Perl's CGI, older Python, PHP, qs, a reader in C.</summary>
    private static readonly string[] InQueryToSome =
    [
        "?a;access_token", "?a=1;ACCESS_TOKEN", "?;access%5Ftoken", "?amp;access_token", "??access_token", "?a=b?access_token", "?access_token[]", "?access_token%5B%5D",
        "?access_token[0]", "?access_token%20[0]", "?access.token", "?access%20token", "?access+token", "?access[token", "?%20access_token", "?+access_token", "?access_token%20", "?access_token%09",
        "?access_token%00", "?access_token%00[]",
    ];

    /// <summary>In a request <c>|</c> stands for CR LF, <c>¦</c> for LF alone, <c>{T}</c> a sound token, <c>{B}</c> a sound body, <c>{L}</c> its length.</summary>
    private static readonly RawCase[] Cases =
    [
        // Credentials.
        new("two Authorization headers", 400, "multiple_credentials", "POST /weather|Authorization: Bearer {T}|Authorization: Bearer {T}|" + Json),
        new("a second Authorization of another scheme", 400, "multiple_credentials", "POST /weather|Authorization: Bearer {T}|authorization: Basic YTpi|" + Json),
        new("a comma between two tokens", 400, "multiple_credentials", "POST /weather|Authorization: Bearer {T},Bearer {T}|" + Json),
        new("a comma after the token", 400, "multiple_credentials", "POST /weather|Authorization: Bearer {T},|" + Json),
        new("an empty Authorization", 400, "credentials_malformed", "POST /weather|Authorization:|" + Json),
        new("Bearer alone", 400, "credentials_malformed", "POST /weather|Authorization: Bearer|" + Json),
        new("a tab between scheme and token", 400, "credentials_malformed", "POST /weather|Authorization: Bearer\t{T}|" + Json),
        new("a token without its scheme", 401, "token_missing", "POST /weather|Authorization: {T}|" + Json),
        new("a scheme that starts like Bearer", 401, "token_missing", "POST /weather|Authorization: BearerX {T}|" + Json),
        new("a colon after the scheme", 400, "credentials_malformed", "POST /weather|Authorization: Bearer:{T}|" + Json),
        new("an equals sign after the scheme", 400, "credentials_malformed", "POST /weather|Authorization: Bearer={T}|" + Json),
        new("a token of one letter", 401, "malformed", "POST /weather|Authorization: Bearer x|" + Json),
        new("a token that is a word of another header", 401, "malformed", "POST /weather|Authorization: Bearer json|" + Json),
        new("a token that is a dot", 401, "malformed", "POST /weather|Authorization: Bearer .|" + Json),
        new("a quoted token", 400, "credentials_malformed", "POST /weather|Authorization: Bearer \"{T}\"|" + Json),
        new("auth-params in place of a token", 400, "credentials_malformed", "POST /weather|Authorization: Bearer token=\"{T}\"|" + Json),
        new("a token and a parameter", 400, "credentials_malformed", "POST /weather|Authorization: Bearer {T} realm=x|" + Json),
        new("Proxy-Authorization alone", 401, "token_missing", "POST /weather|Proxy-Authorization: Bearer {T}|" + Json),
        new("a token in X-Forwarded-Authorization", 401, "token_missing", "POST /weather|X-Forwarded-Authorization: Bearer {T}|" + Json),
        new("a token in a cookie", 401, "token_missing", "POST /weather|Cookie: access_token={T}|" + Json),
        new("a token in the query alone", 400, "token_in_query", "POST /weather?access_token={T}|" + Json),
        new("a token in the query, name in capitals", 400, "token_in_query", "POST /weather?ACCESS_TOKEN={T}|" + Json),
        new("a token in the query, name encoded", 400, "token_in_query", "POST /weather?%61ccess_token={T}|" + Json),
        .. InQueryToSome.Select(query => new RawCase("a token in the query to some: " + query, 400, "token_in_query", $"POST /weather{query}={{T}}|" + Json)),
        new("a token in the query to some, beside the header", 400, "multiple_credentials", "POST /weather?a;access_token=x|Authorization: Bearer {T}|" + Json),
        new("an empty access_token in the query", 400, "token_in_query", "POST /weather?access_token|" + Json),
        new("the header's token in a header that is forwarded", 400, "multiple_credentials", "POST /weather|Authorization: Bearer {T}|Mcp-Param-Key: t={T}|" + Json),
        new("Connection: Authorization without a token", 401, "token_missing", "POST /weather|Connection: Authorization|" + Json),
        new("the wrong server's token under a forwarded host", 401, "audience_invalid", "POST /notes|X-Forwarded-Host: mcp.example.com|X-Forwarded-Prefix: /weather|Authorization: Bearer {T}|" + Json),
        new("the wrong server's token with rewriting headers", 401, "audience_invalid", "POST /notes|X-Original-URL: /weather|X-Rewrite-URL: /weather|Authorization: Bearer {T}|" + Json),
        new("the wrong server's token with a forged Forwarded", 401, "audience_invalid", "POST /notes|Forwarded: host=mcp.example.com;proto=https|Authorization: Bearer {T}|" + Json),

        // Methods.
        new("lower-case method", 405, "method_not_allowed", "post /weather|Authorization: Bearer {T}|" + Json),
        new("TRACE", 405, "method_not_allowed", "TRACE /weather|Authorization: Bearer {T}||"),
        new("HEAD", 405, null, "HEAD /weather|Authorization: Bearer {T}||"),
        new("made-up method", 405, "method_not_allowed", "FORWARD /weather|Authorization: Bearer {T}|" + Json),
        new("method override", 405, "method_not_allowed", "PUT /weather|X-HTTP-Method-Override: POST|Authorization: Bearer {T}|" + Json),
        new("WebSocket upgrade", 405, "method_not_allowed", "GET /weather|Connection: Upgrade|Upgrade: websocket|Sec-WebSocket-Version: 13|Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==|Authorization: Bearer {T}||"),
        new("WebSocket upgrade in capitals", 405, "method_not_allowed", "GET /weather|Connection: upgrade|Upgrade: WebSocket|Authorization: Bearer {T}||"),
        new("CONNECT to another host", 404, "not_found", "CONNECT evil.example:443|Authorization: Bearer {T}||"),
        new("CONNECT to a path", 405, "method_not_allowed", "CONNECT /weather|Authorization: Bearer {T}||"),
        new("the asterisk form", 404, "not_found", "OPTIONS *|Authorization: Bearer {T}||"),

        // Targets.
        new("absolute form with dot segments", 404, "not_found", "POST http://127.0.0.1/notes/../weather|Host: 127.0.0.1|Authorization: Bearer {T}|" + Json),
        new("absolute form of another server", 401, "audience_invalid", "POST http://mcp.example.com/notes|Host: mcp.example.com|Authorization: Bearer {T}|" + Json),
        new("..%2f", 404, "not_found", "POST /notes/..%2fweather|Authorization: Bearer {T}|" + Json),
        new("%2e%2e/", 404, "not_found", "POST /weather/%2e%2e/notes|Authorization: Bearer {T}|" + Json),
        new("../", 404, "not_found", "POST /weather/../notes|Authorization: Bearer {T}|" + Json),
        new("./", 404, "not_found", "POST /./weather|Authorization: Bearer {T}|" + Json),
        new("two slashes at the start", 404, "not_found", "POST //weather|Authorization: Bearer {T}|" + Json),
        new("two slashes inside", 404, "not_found", "POST /weather//x|Authorization: Bearer {T}|" + Json),
        new("a fragment in the path", 404, "not_found", "POST /weather/a#b|Authorization: Bearer {T}|" + Json),
        new("a fragment in the query", 404, "not_found", "POST /weather?a#b|Authorization: Bearer {T}|" + Json),
        new("absolute form with a fragment before the path", 404, "not_found", "POST http://127.0.0.1#/weather|Host: 127.0.0.1|Authorization: Bearer {T}|" + Json),
        new("a path parameter", 404, "not_found", "POST /weather;a=b|Authorization: Bearer {T}|" + Json),
        new("an encoded path parameter", 404, "not_found", "POST /weather%3bx/|Authorization: Bearer {T}|" + Json),
        new("a backslash", 404, "not_found", "POST /weather\\..\\notes|Authorization: Bearer {T}|" + Json),
        new("an encoded backslash", 404, "not_found", "POST /weather/%5c|Authorization: Bearer {T}|" + Json),
        new("double encoding", 404, "not_found", "POST /weather/%252e%252e/notes|Authorization: Bearer {T}|" + Json),
        new("an encoded letter", 404, "not_found", "POST /%57eather|Authorization: Bearer {T}|" + Json),
        new("another case", 404, "not_found", "POST /WEATHER|Authorization: Bearer {T}|" + Json),
        new("an encoded NUL", 400, null, "POST /weather/%00|Authorization: Bearer {T}|" + Json),
        new("an encoded line break", 404, "not_found", "POST /weather/%0d%0ax|Authorization: Bearer {T}|" + Json),
        new("an encoded question mark", 404, "not_found", "POST /weather%3fx|Authorization: Bearer {T}|" + Json),
        new("a bad encoding", 404, "not_found", "POST /weather/%zz|Authorization: Bearer {T}|" + Json),
        new("an overlong dot", 404, "not_found", "POST /weather/%c0%ae%c0%ae/notes|Authorization: Bearer {T}|" + Json),
        new("half a character", 404, "not_found", "POST /weather/%c3%28|Authorization: Bearer {T}|" + Json),
        new("a prefix of the name", 404, "not_found", "POST /weathe|Authorization: Bearer {T}|" + Json),
        new("a longer name", 404, "not_found", "POST /weatherx|Authorization: Bearer {T}|" + Json),

        // Framing.
        new("length and chunked", 400, "body_invalid", "POST /weather|Authorization: Bearer {T}|Content-Type: application/json|Content-Length: 4|Transfer-Encoding: chunked||0||POST /notes HTTP/1.1|Host: x||"),
        new("two lengths that differ", 400, null, "POST /weather|Authorization: Bearer {T}|Content-Type: application/json|Content-Length: {L}|Content-Length: 0||{B}"),
        new("two lengths in one line", 400, null, "POST /weather|Authorization: Bearer {T}|Content-Type: application/json|Content-Length: {L}, {L}||{B}"),
        new("negative length", 400, null, "POST /weather|Authorization: Bearer {T}|Content-Type: application/json|Content-Length: -1||{B}"),
        new("length in hexadecimal", 400, null, "POST /weather|Authorization: Bearer {T}|Content-Type: application/json|Content-Length: 0x10||{B}"),
        new("length and chunked around a sound body", 400, "body_invalid", "POST /weather|Authorization: Bearer {T}|Content-Type: application/json|Content-Length: {L}|Transfer-Encoding: chunked||{X}|{B}|0||"),
        new("chunked over HTTP/1.0", 400, "body_invalid", "POST /weather HTTP/1.0|Authorization: Bearer {T}|Content-Type: application/json|Transfer-Encoding: chunked||{X}|{B}|0||"),
        new("gzip, chunked", 400, "body_invalid", "POST /weather|Authorization: Bearer {T}|Content-Type: application/json|Transfer-Encoding: gzip, chunked||0||"),
        new("gzip, chunked around a sound body", 400, "body_invalid", "POST /weather|Authorization: Bearer {T}|Content-Type: application/json|Transfer-Encoding: gzip, chunked||{X}|{B}|0||"),
        new("chunked, gzip", 400, null, "POST /weather|Authorization: Bearer {T}|Content-Type: application/json|Transfer-Encoding: chunked, gzip||0||"),
        new("an unknown transfer coding", 400, null, "POST /weather|Authorization: Bearer {T}|Content-Type: application/json|Transfer-Encoding: xchunked||0||"),
        new("chunked twice", 400, null, "POST /weather|Authorization: Bearer {T}|Content-Type: application/json|Transfer-Encoding: chunked|Transfer-Encoding: identity||0||"),
        new("chunk size that is no number", 400, "body_invalid", "POST /weather|Authorization: Bearer {T}|Content-Type: application/json|Transfer-Encoding: chunked||zz|{B}|0||"),
        new("chunk longer than its size", 400, "body_invalid", "POST /weather|Authorization: Bearer {T}|Content-Type: application/json|Transfer-Encoding: chunked||2|{B}|0||"),
        new("chunk size beyond 64 bits", 400, "body_invalid", "POST /weather|Authorization: Bearer {T}|Content-Type: application/json|Transfer-Encoding: chunked||fffffffffffffffff|{B}|0||"),
        new("chunks over the limit", 413, "body_too_large", "POST /weather|Authorization: Bearer {T}|Content-Type: application/json|Transfer-Encoding: chunked||800|{2K}|0||"),
        new("a media type with a space in it", 415, "body_invalid", "POST /weather|Authorization: Bearer {T}|Content-Type: application/ json|Content-Length: {L}||{B}"),
        new("length over the limit, no body", 413, "body_too_large", "POST /weather|Authorization: Bearer {T}|Content-Type: application/json|Content-Length: 999999999999||"),
        new("a body of a GET", 400, "body_invalid", "GET /weather|Authorization: Bearer {T}|Content-Type: application/json|Content-Length: {L}||{B}"),
        new("a body of a DELETE in chunks", 400, "body_invalid", "DELETE /weather|Authorization: Bearer {T}|Transfer-Encoding: chunked||2|{}|0||"),
        new("a space before the colon", 400, null, "POST /weather|Authorization : Bearer {T}|" + Json),
        new("a folded header", 400, null, "POST /weather|Authorization: Bearer|  {T}|" + Json),
        new("a header without a name", 400, null, "POST /weather|: x|Authorization: Bearer {T}|" + Json),
        new("NUL in a header", 400, null, "POST /weather|X-A: a\0b|Authorization: Bearer {T}|" + Json),
        new("CR in a header", 400, null, "POST /weather|X-A: a\rb|Authorization: Bearer {T}|" + Json),
        new("two hosts", 400, null, "POST /weather|Host: other|Authorization: Bearer {T}|" + Json),
        new("a header over 32 KiB", 431, null, "POST /weather|X-A: {33K}|Authorization: Bearer {T}|" + Json),
        new("a request line over 8 KiB", 414, null, "POST /weather?{33K}|Authorization: Bearer {T}|" + Json),
    ];

    public static TheoryData<string> Names => [.. Cases.Select(@case => @case.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_raw_request_is_refused_and_sent_nowhere(string name)
    {
        var @case = Cases.Single(candidate => candidate.Name == name);
        var world = fixture.World;
        var token = world.WeatherToken();
        var (exchanges, weather, notes, told, logged) = (world.As.Exchanges.Count, world.Weather.Requests.Count, world.Notes.Requests.Count, world.Gateway.Audit.Count, world.Gateway.Log.Length);

        var answer = await RawConnection.SendAsync(world.Gateway.Url, @case.Bytes(token));

        Assert.Equal((@case.Status, @case.Reason), (answer.Status, answer.Reason));
        Assert.Equal(1, answer.Answers);
        Assert.Equal((exchanges, weather, notes), (world.As.Exchanges.Count, world.Weather.Requests.Count, world.Notes.Requests.Count));
        var lines = world.Gateway.Audit.Skip(told).ToArray();
        if (@case.Reason is not null)
        {
            Assert.Equal(@case.Reason, Assert.Single(lines)["reason"]!.GetValue<string>());
        }

        var challenged = @case.Status == 401 || @case.Reason is "multiple_credentials" or "credentials_malformed" or "token_in_query";
        Assert.Equal(challenged, answer.Text.Contains("WWW-Authenticate: Bearer ", StringComparison.Ordinal));
        Assert.Equal(challenged, answer.Text.Contains("resource_metadata=\"" + TestGateway.PublicUrl, StringComparison.Ordinal));
        Assert.DoesNotContain(token, answer.Text + world.Gateway.Log[logged..], StringComparison.Ordinal);
    }

    /// <summary>A bare LF ends a line for Kestrel too; what matters is that it sees one request, with this server's token.</summary>
    [Theory]
    [InlineData("POST /weather|Authorization: Bearer {T}¦Content-Type: application/json|Content-Length: {L}||{B}")]
    [InlineData("POST /weather|Authorization: Bearer {T}|Content-Type: application/json|Content-Length: {L}|¦{B}")]
    public async Task A_bare_line_feed_makes_no_second_request(string request)
    {
        var world = fixture.World;
        var before = world.Notes.Requests.Count;

        var answer = await RawConnection.SendAsync(world.Gateway.Url, new RawCase("", 0, null, request).Bytes(world.WeatherToken()));

        Assert.Equal(1, answer.Answers);
        Assert.True(answer.Status is 200 or 400, answer.Text);
        Assert.Equal(before, world.Notes.Requests.Count);
    }

    [Fact]
    public async Task The_sound_request_of_these_tests_passes()
    {
        var world = fixture.World;

        var answer = await RawConnection.SendAsync(world.Gateway.Url, new RawCase("", 0, null, "POST /weather|Authorization: Bearer {T}|" + Json).Bytes(world.WeatherToken()));

        Assert.Equal(200, answer.Status);
    }

    private sealed record RawCase(string Name, int Status, string? Reason, string Request)
    {
        public string Bytes(string token)
        {
            var end = Request.IndexOf('|', StringComparison.Ordinal);
            var host = Request.StartsWith("CONNECT evil", StringComparison.Ordinal) ? "evil.example:443" : "127.0.0.1";
            var hosted = Request.Contains("|Host: 127.0.0.1|", StringComparison.Ordinal) || Request.Contains("|Host: mcp.", StringComparison.Ordinal);
            return (Request[..end] + (Request[..end].EndsWith(" HTTP/1.0", StringComparison.Ordinal) ? "|" : " HTTP/1.1|") + (hosted ? "" : $"Host: {host}|") + "Connection: close|" + Request[(end + 1)..])
                .Replace("|", "\r\n", StringComparison.Ordinal).Replace("¦", "\n", StringComparison.Ordinal)
                .Replace("{T}", token, StringComparison.Ordinal)
                .Replace("{L}", Call.Length.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal)
                .Replace("{X}", Call.Length.ToString("x", System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal)
                .Replace("{2K}", new string(' ', 2048), StringComparison.Ordinal)
                .Replace("{33K}", new string('x', 33 * 1024), StringComparison.Ordinal)
                .Replace("{B}", Call, StringComparison.Ordinal);
        }
    }
}
