using Deputy.Attacks;
using Deputy.Peers;
using Deputy.Tokens;
using Deputy.Wire;

namespace Deputy.Families;

/// <summary>A session belongs to whom it was opened for: subject, client, issuer and server.</summary>
internal static class SessionCases
{
    private const string Hijacking = "MCP Security Best Practices, Session Hijacking: bound to the user";

    public static IReadOnlyList<Case> All { get; } =
    [
        Foreign("session.other-user", "Another user cannot call in it.", (attack, session) => Call.Tool("alpha", attack.Token().Build())),
        Foreign("session.other-client", "Nor the same user by another client.", (attack, session) =>
        {
            var token = attack.Token(subject: session.Subject);
            token.Payload["client_id"] = "another-client";
            return Call.Tool("alpha", token.Build());
        }),
        new("session.other-issuer", "Nor who has the same name at another issuer.", Hijacking + "; RFC 7519 §4.1.2: unique within its issuer", async attack =>
        {
            var session = await OpenAsync(attack, "both", "corp");

            // Whoever asks gets a token, so that nothing but the session is in the way.
            attack.Corp.Behave(Marker.In(session.Subject)!, (exchange, reply) => Exchange.SendAsync(reply, exchange.Answer(exchange.Token())));
            return await attack.MustRefuseAsync(Call.Tool("both", attack.Token("both", "partner", subject: session.Subject).Build()).With("Mcp-Session-Id", session.Id));
        }) { Needs = ["sessions", "issuers"], Server = "both" },
        Foreign("session.other-server", "Nor the same user at another server.", (attack, session) => Call.Tool("beta", attack.Token("beta", subject: session.Subject).Build())),
        Foreign("session.listen", "Another user cannot listen in it.", (attack, session) => Call.Get("alpha", attack.Token().Build())),
        Foreign("session.end", "Nor end it.", (attack, session) => new Call("alpha") { Method = "DELETE", Token = attack.Token().Build() }),
        Foreign("session.tampered", "A session id that was changed is none.", (attack, session) => Call.Tool("alpha", attack.Token(subject: session.Subject).Build()), id => Flip(id)),
        Foreign("session.truncated", "Nor one that was cut.", (attack, session) => Call.Tool("alpha", attack.Token(subject: session.Subject).Build()), id => id[..^4]),
        Foreign("session.extended", "Nor one with something added.", (attack, session) => Call.Tool("alpha", attack.Token(subject: session.Subject).Build()), id => id + "AAAA"),
        new("session.servers-own", "The MCP server's own id, guessed or leaked, opens nothing.", Hijacking, async attack =>
        {
            var session = await OpenAsync(attack);
            var call = Call.Tool("alpha", attack.Token().Build()).With("Mcp-Session-Id", session.Inner);
            return await attack.MustRefuseAsync(call);
        }) { Needs = ["sessions"] },
        new("session.invented", "Nor one that nobody ever gave.", Hijacking, async attack =>
            await attack.MustRefuseAsync(Call.Tool("alpha", attack.Token().Build()).With("Mcp-Session-Id", "0b0e0f4c-aaaa-bbbb-cccc-0123456789ab"))) { Needs = ["sessions"] },
        new("session.two-ids", "Two ids in one request are refused.", Hijacking + "; CWE-436", async attack =>
        {
            var session = await OpenAsync(attack);
            var other = await OpenAsync(attack);
            return await attack.MustRefuseAsync(Call.Tool("alpha", session.Token).With("Mcp-Session-Id", session.Id).With("Mcp-Session-Id", other.Id), closingIsNo: true);
        }) { Needs = ["sessions"] },
        new("session.no-authentication", "A session is no authentication.", "MCP Security Best Practices: MUST NOT use sessions for authentication", async attack =>
        {
            var session = await OpenAsync(attack);
            return await attack.MustRefuseAsync(Call.Tool("alpha", null).With("Mcp-Session-Id", session.Id));
        }),
        new("session.expired-token", "Nor does it prolong a token.", "MCP Authorization: on every request", async attack =>
        {
            var session = await OpenAsync(attack);
            var token = attack.Token(subject: session.Subject);
            token.Payload["iat"] = attack.Now - 3600;
            token.Payload["exp"] = attack.Now - 1800;
            return await attack.MustRefuseAsync(Call.Tool("alpha", token.Build()).With("Mcp-Session-Id", session.Id), token);
        }),
        new("session.sse-other-user", "On HTTP+SSE, too, another user cannot post into a stream.", Hijacking, async attack =>
        {
            var stream = Call.Get("sse", attack.Token("sse").Build());
            attack.Mcp("sse").Behave(stream.Marker, async (_, reply) =>
            {
                await reply.StreamAsync();
                await reply.ChunkAsync("event: endpoint\ndata: /messages?sessionId=s-1234567890\n\n");
                await reply.ClosedAsync(TimeSpan.FromSeconds(20));
            });
            using var client = await attack.ConnectAsync();
            await client.SendAsync(stream.Build());
            await client.UntilAsync("event: endpoint", TimeSpan.FromSeconds(5));
            var (seen, _) = await client.UntilAsync("data: ", TimeSpan.FromSeconds(5));
            var endpoint = seen[(seen.IndexOf("data: ", StringComparison.Ordinal) + 6)..].Split('\n', '\r')[0];
            if (!endpoint.Contains("/sse", StringComparison.Ordinal))
            {
                return Verdict.Error("No endpoint came: " + Attack.Short(seen));
            }

            var target = endpoint.StartsWith("http", StringComparison.Ordinal) ? new Uri(endpoint).PathAndQuery : endpoint;
            return await attack.MustRefuseAsync(Call.Tool("sse", attack.Token("sse").Build()).Change(call => call.Target = target));
        }) { Needs = ["http+sse", "sessions"], Control = _ => Task.FromResult<string?>(null) },
    ];

    private static string Flip(string id) => (id[0] == 'A' ? 'B' : 'A') + id[1..];

    private static Case Foreign(string id, string claim, Func<Attack, Session, Call> make, Func<string, string>? change = null) => new(id, claim, Hijacking, async attack =>
    {
        var session = await OpenAsync(attack);
        var call = make(attack, session).With("Mcp-Session-Id", change?.Invoke(session.Id) ?? session.Id);
        return await attack.MustRefuseAsync(call);
    })
    {
        Needs = ["sessions"],
        Control = async attack =>
        {
            // The honest call: the one who opened it, in it.
            var session = await OpenAsync(attack);
            var call = Call.Tool("alpha", session.Token).With("Mcp-Session-Id", session.Id);
            return await attack.HonestAsync(call) ?? (attack.Seen(call)?.Header("Mcp-Session-Id") == session.Inner ? null : "the MCP server did not get its own session id back");
        },
    };

    private static async Task<Session> OpenAsync(Attack attack, string server = "alpha", string? issuer = null)
    {
        var token = attack.Token(server, issuer);
        var text = token.Build();
        var call = Call.Text(server, text, """{"jsonrpc":"2.0","id":"ID","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"deputy","version":"1"}}}""");
        var inner = "s-" + Encoded.Digest(call.Marker);
        attack.Mcp(server).Behave(call.Marker, (request, reply) => reply.SendAsync(200, HostileCases.Result(request), headers: $"Mcp-Session-Id: {inner}\r\n"));
        Answer answer = await attack.SendAsync(call);
        return answer.Header("Mcp-Session-Id") is { } id ? new Session(id, inner, token.Payload["sub"]!.ToString(), text) : attack.Can("sessions") || !answer.IsSuccess ? throw new InvalidOperationException($"No session came: {answer.Line}") : throw new InapplicableException("has no sessions");
    }

    private sealed record Session(string Id, string Inner, string Subject, string Token);
}
