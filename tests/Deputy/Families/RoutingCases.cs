using Deputy.Attacks;
using Deputy.Peers;

namespace Deputy.Families;

/// <summary>The server whose audience was checked is the server that gets the request, however the request is spelt.</summary>
internal static class RoutingCases
{
    private const string Path = "RFC 3986 §6; CWE-22, CWE-436: two readers of one path";
    private const string Framing = "RFC 9112 §6.3, §11.2; CWE-444: request smuggling";

    public static IReadOnlyList<Case> All { get; } =
    [
        .. new (string Id, string Target)[]
        {
            ("dot-segments", "/alpha/../beta"), ("dot-segments-encoded", "/alpha/%2e%2e/beta"), ("slash-encoded", "/alpha/..%2fbeta"), ("slash-twice-encoded", "/alpha/..%252fbeta"),
            ("all-encoded", "/alpha%2f..%2fbeta"), ("semicolon", "/alpha/..;/beta"), ("semicolon-first", "/alpha;/../beta"), ("backslash", "/alpha/..\\beta"), ("backslash-encoded", "/alpha/..%5cbeta"),
            ("double-slash", "//beta"), ("double-slash-host", "//alpha/beta"), ("inner-double-slash", "/alpha//../../beta"), ("dot", "/./beta"), ("letter-encoded", "/%62eta"), ("case", "/BETA"), ("nul", "/beta%00/../alpha"),
            ("newline", "/alpha%0a/../beta"), ("overlong", "/alpha/..%c0%afbeta"), ("fragment", "/beta#/alpha"), ("query", "/beta?/alpha"), ("absolute-form", "http://mcp.deputy.test/beta"),
            ("absolute-form-inside", "http://127.0.0.1/beta"), ("dot-then-root", "/alpha/../../beta"), ("parameters", "/alpha/..;a=b/beta"), ("tab", "/alpha/..%09/beta"), ("no-slash", "beta"), ("outer-query", "/alpha/..?/beta"),
        }.Select(target => Elsewhere($"routing.{target.Id}", $"A token for alpha with the path {target.Target} does not reach beta, nor a place that alpha's server would read as another.", Path, call => call.Target = target.Target)),
        .. new (string Header, string Value)[] { ("X-Original-URL", "/beta"), ("X-Rewrite-URL", "/beta"), ("X-Forwarded-Path", "/beta"), ("X-Forwarded-Prefix", "/beta"), ("X-Forwarded-Uri", "/beta"), ("X-Accel-Redirect", "/beta") }
            .Select(header => Elsewhere($"routing.header-{header.Header}", $"{header.Header} moves nothing.", "CWE-436; CVE-2018-14773", call => call.With(header.Header, header.Value))),
        Elsewhere("routing.host", "Nor does the Host header.", "CWE-644", call => call.Host = "beta"),
        Elsewhere("routing.forwarded-host", "Nor X-Forwarded-Host.", "CWE-644", call => call.With("X-Forwarded-Host", "beta")),
        .. new[] { "X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override" }.Select(header => new Case($"routing.{header}", $"{header} makes no other request of it.", "CWE-436", async attack =>
        {
            var call = Call.Tool("alpha", attack.Token().Build()).With(header, "DELETE");
            var answer = await attack.SendAsync(call);
            return Verdict.BrokenIf(attack.Seen(call) is { } seen && (seen.Method != "POST" || seen.Header(header) is not null), "It reaches the MCP server.", call.Line, Attack.Got(answer), $"seen  {attack.Seen(call)?.Line} {header}: {attack.Seen(call)?.Header(header)}");
        })),
        .. new[] { "TRACE", "CONNECT", "PUT", "PATCH", "post", "DEPUTY", "PROPFIND" }.Select(method => new Case($"routing.method-{method}", $"{method} is no method of MCP: it goes nowhere.", "MCP Transports: POST, GET, DELETE; RFC 9110 §9.1", async attack =>
        {
            var call = new Call("alpha") { Method = method, Token = attack.Token().Build() };
            return await attack.MustRefuseAsync(call, closingIsNo: true);
        })),
        Upgrade("websocket", "websocket", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"),
        Upgrade("h2c", "h2c", "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"),
        Smuggled("cl-te", "Content-Length beside Transfer-Encoding", (outer, inner) => $"Content-Length: {inner.Length + 5}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{inner}"),
        Smuggled("te-cl", "Transfer-Encoding before Content-Length", (outer, inner) => $"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n{inner.Length:x}\r\n{inner}\r\n0\r\n\r\n"),
        Smuggled("te-unknown", "An unknown transfer coding", (outer, inner) => $"Content-Length: {inner.Length + 5}\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{inner}"),
        Smuggled("te-twice", "Two transfer codings", (outer, inner) => $"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\nContent-Length: {inner.Length + 5}\r\n\r\n0\r\n\r\n{inner}"),
        Smuggled("te-blank", "A blank before the colon", (outer, inner) => $"Content-Length: {inner.Length + 5}\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n{inner}"),
        Smuggled("te-folded", "A folded transfer coding", (outer, inner) => $"Content-Length: {inner.Length + 5}\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n{inner}"),
        Smuggled("te-vertical-tab", "A vertical tab before the coding", (outer, inner) => $"Content-Length: {inner.Length + 5}\r\nTransfer-Encoding: \u000bchunked\r\n\r\n0\r\n\r\n{inner}"),
        Smuggled("cl-twice", "Two lengths that differ", (outer, inner) => $"Content-Length: 0\r\nContent-Length: {inner.Length}\r\n\r\n{inner}"),
        Smuggled("cl-plus", "A length with a sign", (outer, inner) => $"Content-Length: +0\r\n\r\n{inner}"),
        Smuggled("cl-list", "A length that is a list", (outer, inner) => $"Content-Length: 0, {inner.Length}\r\n\r\n{inner}"),
        Smuggled("chunk-size-overflow", "A chunk size beyond all numbers", (outer, inner) => $"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF0\r\n\r\n{inner}"),
        Smuggled("chunk-extension", "A line end within a chunk extension", (outer, inner) => $"Transfer-Encoding: chunked\r\n\r\n0;a\nb\r\n\r\n{inner}"),
        Smuggled("header-line-feed", "A header value with a line feed", (outer, inner) => $"X-A: b\n\n{inner}Content-Length: 0\r\n\r\n"),
        Smuggled("header-carriage-return", "A header value with a carriage return", (outer, inner) => $"X-A: b\r\rX-B: {inner.ReplaceLineEndings("\r")}\r\nContent-Length: 0\r\n\r\n"),
        Smuggled("get-body", "A GET with a body", (outer, inner) => $"Content-Length: {inner.Length}\r\n\r\n{inner}", method: "GET"),
    ];

    private static Case Elsewhere(string id, string claim, string source, Action<Call> change) => new(id, claim, source, async attack =>
    {
        var call = Call.Tool("alpha", attack.Token().Build());
        change(call);
        var answer = await attack.SendAsync(call);
        foreach (var (server, seen) in attack.Stage.Saw(call.Marker))
        {
            var path = seen.Target.Split('?')[0];
            if (server != "alpha" || path.Contains("..", StringComparison.Ordinal) || path.Contains('%', StringComparison.Ordinal) || path.Contains('\\', StringComparison.Ordinal) || path.Contains("//", StringComparison.Ordinal) || path.Contains(';', StringComparison.Ordinal))
            {
                return Verdict.Broken(server == "alpha" ? "Its server got a path that two readers read differently." : "Another server got the call.", call.Line, Attack.Got(answer), Attack.Seen(server, seen));
            }
        }

        return answer.Status == 500 ? Verdict.Error("A fault of the target.", call.Line, Attack.Got(answer)) : Verdict.Held;
    })
    { Needs = ["servers"] };

    private static Case Upgrade(string id, string name, string headers) => new($"routing.upgrade-{id}", $"No connection is turned into {name}, past every later check.", "RFC 9110 §7.8; h2c smuggling", async attack =>
    {
        var call = Call.Get("alpha", attack.Token().Build());
        call.HeadText = head => head[..^2] + headers + "\r\n";
        var mcp = attack.Mcp();
        mcp.Behave(call.Marker, async (request, reply) =>
        {
            reply.Closes = true;
            await (request.Header("Upgrade") is { } to ? reply.WriteAsync($"HTTP/1.1 101 Switching Protocols\r\nUpgrade: {to}\r\nConnection: Upgrade\r\n\r\n") : reply.EmptyAsync(405));
        });
        var answer = await attack.SendAsync(call);
        return Verdict.BrokenIf(answer.Status == 101 || attack.Seen(call)?.Header("Upgrade") is not null, "It is.", call.Line, Attack.Got(answer), $"seen  {attack.Seen(call)?.Line} Upgrade: {attack.Seen(call)?.Header("Upgrade")}");
    });

    /// <summary>Sends a request that two readers could take for two, and looks for the second at any MCP server.</summary>
    private static Case Smuggled(string id, string what, Func<string, string, string> rest, string method = "POST") => new($"smuggling.{id}", $"{what} makes no second request.", Framing, async attack =>
    {
        var outer = Marker.Fresh();
        var inner = Marker.Fresh();
        var smuggled = $"POST /mcp HTTP/1.1\r\nHost: mcp.deputy.test\r\nUser-Agent: deputy/1 ({inner})\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}";
        var head = $"{method} /alpha HTTP/1.1\r\nHost: {Call.PublicHost}\r\nUser-Agent: deputy/1 ({outer})\r\nAuthorization: Bearer {attack.Token().Build()}\r\nContent-Type: application/json\r\n";
        using var client = await attack.ConnectAsync();
        await client.SendAsync(head + rest(outer, smuggled));
        var answer = await client.AnswerAsync(TimeSpan.FromSeconds(method == "GET" ? 1 : 3), headOnly: true);

        // What waits in a shared connection behind comes out with the next request on it.
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => attack.HonestAsync("alpha")));
        var second = attack.Stage.Saw(inner).FirstOrDefault(seen => seen.Request.Head.Contains(inner, StringComparison.Ordinal));
        return Verdict.BrokenIf(second.Request is not null, "An MCP server saw a second request.", $"sent  {Attack.Short(head[..40])}… {Attack.Short(rest(outer, "POST /mcp …"))}", Attack.Got(answer), second.Request is null ? "" : Attack.Seen(second.Server, second.Request));
    });
}
