using System.Text;
using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Harness.Wire;
using Xunit;

namespace Gateway.Tests.Wire;

/// <summary>One gateway that speaks HTTP/2 alone, for requests of which none may pass.</summary>
public sealed class Http2Fixture : IAsyncLifetime
{
    public World World { get; private set; } = null!;

    public async ValueTask InitializeAsync() => World = await World.StartAsync(configure: builder => builder.Configuration["Kestrel:EndpointDefaults:Protocols"] = "Http2");

    public ValueTask DisposeAsync() => World.DisposeAsync();
}

/// <summary>
/// HTTP/2 frames as no HTTP client writes them: fields that would be framing or a second request once they are written
/// as HTTP/1.1, bodies that are not as long as they say, credentials in odd places. Each is refused, by a stage or by
/// Kestrel, which breaks off the stream or the connection; and nothing is sent anywhere.
/// </summary>
public sealed class Http2RequestTests(Http2Fixture fixture) : IClassFixture<Http2Fixture>
{
    private static readonly string Call = Messages.Call("echo");

    /// <summary>Fields and frames after the sound ones; <c>{T}</c> is a sound token.</summary>
    private static readonly Http2Case[] Cases =
    [
        // Credentials.
        new("two authorization fields", 400, "multiple_credentials", [("authorization", "Bearer {T}"), ("authorization", "Bearer {T}")]),
        new("a second authorization of another scheme", 400, "multiple_credentials", [("authorization", "Bearer {T}"), ("authorization", "Basic YTpi")]),
        new("no authorization", 401, "token_missing", []),
        new("an authorization in the trailers alone", 401, "token_missing", []) { Trailers = [("authorization", "Bearer {T}")] },
        new("the token in a header that is forwarded too", 400, "multiple_credentials", [("authorization", "Bearer {T}"), ("cookie", "a=b"), ("mcp-param-key", "t={T}")]),
        new("another server's token, this one's in the trailers", 401, "audience_invalid", [("authorization", "Bearer {N}")]) { Trailers = [("authorization", "Bearer {T}")] },

        // Fields that would be something else in HTTP/1.1.
        new("an upper-case name", null, null, [("authorization", "Bearer {T}"), ("X-Upper", "1")]),
        new("an upper-case Authorization", null, null, [("Authorization", "Bearer {T}")]),
        new("a line break in a value", null, null, [("authorization", "Bearer {T}"), ("mcp-name", "echo\r\nX-Evil: 1")]),
        new("a line feed in a value", null, null, [("authorization", "Bearer {T}"), ("accept", "a\nX-Evil: 1")]),
        new("a carriage return in a value", null, null, [("authorization", "Bearer {T}"), ("accept", "a\rb")]),
        new("NUL in a value", null, null, [("authorization", "Bearer {T}"), ("accept", "a\0b")]),
        new("NUL in a name", null, null, [("authorization", "Bearer {T}"), ("mcp-param-x\0", "1")]),
        new("an empty name", null, null, [("authorization", "Bearer {T}"), ("", "1")]),
        new("connection", null, null, [("authorization", "Bearer {T}"), ("connection", "close")]),
        new("connection that nominates the credential", null, null, [("authorization", "Bearer {T}"), ("connection", "authorization")]),
        new("te other than trailers", null, null, [("authorization", "Bearer {T}"), ("te", "gzip")]),
        new("transfer-encoding: chunked", 400, "body_invalid", [("authorization", "Bearer {T}"), ("transfer-encoding", "chunked")]),
        new("transfer-encoding: chunked around chunks", 400, "body_invalid", [("authorization", "Bearer {T}"), ("transfer-encoding", "chunked")]) { Body = "0\r\n\r\nPOST /notes HTTP/1.1\r\nHost: x\r\n\r\n" },
        new("transfer-encoding: gzip", 400, "body_invalid", [("authorization", "Bearer {T}"), ("transfer-encoding", "gzip")]),
        new("fields over 32 KiB", null, null, [("authorization", "Bearer {T}"), ("x-a", "{33K}")]),

        // Pseudo-header fields.
        new("a second :path", null, null, [(":path", "/notes"), ("authorization", "Bearer {T}")]),
        new("a :path behind the fields", null, null, [("authorization", "Bearer {T}"), (":path", "/notes")]),
        new("an unknown pseudo-header field", null, null, [(":evil", "1"), ("authorization", "Bearer {T}")]),
        new("no :path", null, null, [("authorization", "Bearer {T}")]) { Pseudo = [(":method", "POST"), (":scheme", "http"), (":authority", "x")] },
        new("no :method", null, null, [("authorization", "Bearer {T}")]) { Pseudo = [(":path", "/weather"), (":scheme", "http"), (":authority", "x")] },
        new("a line break in :path", null, null, [("authorization", "Bearer {T}")]) { Pseudo = Target("POST", "/weather HTTP/1.1\r\nX: y") },
        new("a space in :path", 404, "not_found", [("authorization", "Bearer {T}")]) { Pseudo = Target("POST", "/weather /notes") },
        new("a line break in :method", null, null, [("authorization", "Bearer {T}")]) { Pseudo = Target("POST /notes HTTP/1.1\r\n", "/weather") },
        new("a line break in :authority", null, null, [("authorization", "Bearer {T}")]) { Pseudo = [(":method", "POST"), (":path", "/weather"), (":scheme", "http"), (":authority", "x\r\ny: z")] },
        new("an absolute :path", null, null, [("authorization", "Bearer {T}")]) { Pseudo = Target("POST", "http://x/weather") },
        new("dot segments in :path", 404, "not_found", [("authorization", "Bearer {T}")]) { Pseudo = Target("POST", "/notes/../weather") },
        new("an encoded :path", 404, "not_found", [("authorization", "Bearer {T}")]) { Pseudo = Target("POST", "/notes/..%2fweather") },
        new("another server's :path under this authority", 401, "audience_invalid", [("host", "mcp.example.com"), ("authorization", "Bearer {T}")]) { Pseudo = Target("POST", "/notes") },
        new("a WebSocket by extended CONNECT", 405, "method_not_allowed", [("authorization", "Bearer {T}"), ("sec-websocket-version", "13")]) { Pseudo = [(":protocol", "websocket"), .. Target("CONNECT", "/weather")] },
        new("CONNECT", 404, "not_found", [("authorization", "Bearer {T}")]) { Pseudo = [(":method", "CONNECT"), (":authority", "127.0.0.1:1")] },

        // Bodies.
        new("a content-length that is longer than the body", null, null, [("authorization", "Bearer {T}"), ("content-length", "500")]),
        new("a content-length that is shorter than the body", null, null, [("authorization", "Bearer {T}"), ("content-length", "10")]),
        new("two content-lengths", null, null, [("authorization", "Bearer {T}"), ("content-length", "{L}"), ("content-length", "0")]),
        new("a negative content-length", null, null, [("authorization", "Bearer {T}"), ("content-length", "-1")]),
        new("a pseudo-header field in the trailers", null, null, [("authorization", "Bearer {T}")]) { Trailers = [(":path", "/notes")] },
        new("an upper-case name in the trailers", null, null, [("authorization", "Bearer {T}")]) { Trailers = [("X-Late", "1")] },
    ];

    public static TheoryData<string> Names => [.. Cases.Select(@case => @case.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_request_is_refused_and_sent_nowhere(string name)
    {
        var @case = Cases.Single(candidate => candidate.Name == name);
        var world = fixture.World;
        var (token, other) = (world.WeatherToken(), world.As.Token(World.NotesResource));
        using var client = await Http2Client.ConnectAsync(world.Gateway.Url);

        await client.SendAsync(@case.Frames(token, other));
        var answer = await client.AnswerAsync();

        if (@case.Status is { } status)
        {
            Assert.Equal((status, @case.Reason), (answer.Status, answer.Reason));
            Assert.Equal(@case.Reason, Assert.Single(Told(name))["reason"]!.GetValue<string>());
        }
        else
        {
            Assert.Equal((0, false), (answer.Status, answer.Complete));
        }

        world.AssertNothingWasSent();
        Assert.DoesNotContain(Told(name), line => line["event"]!.GetValue<string>() == "mcp.request.allowed");
        Assert.DoesNotContain(token, answer.Body + world.Gateway.Log, StringComparison.Ordinal);
    }

    /// <summary>What the audit says of this request; of a broken stream it may say it later, and in the next test's time.</summary>
    private IEnumerable<JsonObject> Told(string name) => fixture.World.Gateway.Audit.Where(line => line["user_agent"]?.GetValue<string>() == name);

    private static (string Name, string Value)[] Target(string method, string path) => [(":method", method), (":path", path), (":scheme", "http"), (":authority", "gateway.test")];

    private sealed record Http2Case(string Name, int? Status, string? Reason, (string Name, string Value)[] Fields)
    {
        public (string Name, string Value)[] Pseudo { get; init; } = Target("POST", "/weather");

        public string Body { get; init; } = Call;

        public (string Name, string Value)[] Trailers { get; init; } = [];

        public Http2Frame[] Frames(string token, string other)
        {
            (string, string)[] Filled((string Name, string Value)[] fields) =>
                [.. fields.Select(field => (field.Name, field.Value.Replace("{T}", token).Replace("{N}", other).Replace("{L}", $"{Encoding.UTF8.GetByteCount(Body)}").Replace("{33K}", new string('x', 33 * 1024))))];

            var block = Http2Frame.Block(Filled([.. Pseudo, .. Fields, ("user-agent", Name), ("content-type", "application/json")]));

            // A frame holds 16 KiB at most; what is longer is continued.
            var pieces = block.Chunk(16 * 1024).ToArray();
            var head = pieces.Select((piece, i) => new Http2Frame(i == 0 ? Http2Frame.Kind.Headers : Http2Frame.Kind.Continuation, i == pieces.Length - 1 ? Http2Frame.EndHeaders : (byte)0, 1, piece));
            return Trailers.Length == 0
                ? [.. head, Http2Frame.Data(Body, Http2Frame.EndStream)]
                : [.. head, Http2Frame.Data(Body), Http2Frame.Headers(Http2Frame.EndHeaders | Http2Frame.EndStream, Filled(Trailers))];
        }
    }
}
