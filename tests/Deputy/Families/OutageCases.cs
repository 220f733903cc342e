using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Deputy.Attacks;
using Deputy.Peers;
using Deputy.Tokens;
using Deputy.Wire;

namespace Deputy.Families;

/// <summary>What cannot be asked is not assumed: outages refuse, in bounded time, and hit nobody whom they do not concern.</summary>
internal static class OutageCases
{
    private const string Closed = "CWE-636: failing open; RFC 9110 §15.6.4";
    private const string Bounded = "CWE-400; RFC 9110 §15.6.4";

    public static IReadOnlyList<Case> All { get; } =
    [
        Subject("status-500", "An authorization server that fails lets nobody in.", (_, reply) => reply.EmptyAsync(500), retry: true),
        Subject("status-503", "Nor one that is overloaded.", (_, reply) => reply.EmptyAsync(503, "Retry-After: 7\r\n"), retry: true),
        Subject("status-429", "Nor one that has had enough.", (_, reply) => reply.SendAsync(429, """{"error":"slow_down"}""", headers: "Retry-After: 100000\r\n"), retry: true),
        Subject("reset", "Nor one that hangs up.", (_, reply) =>
        {
            reply.Reset();
            return Task.CompletedTask;
        }, retry: true),
        Subject("cut", "Nor one that hangs up in the middle of a token.", async (exchange, reply) =>
        {
            var answer = exchange.Answer(exchange.Token()).ToJsonString();
            reply.Closes = true;
            await reply.WriteAsync($"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {answer.Length}\r\n\r\n{answer[..^10]}");
        }),
        Subject("hang", "Nor one that never answers; and the client is told within seconds.", (_, reply) => reply.ClosedAsync(TimeSpan.FromSeconds(30)), retry: true),
        Subject("drip", "Nor one that answers byte by byte for ever.", async (exchange, reply) =>
        {
            await reply.WriteAsync("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n{");
            for (var i = 0; i < 200; i++)
            {
                await reply.WriteAsync(" ");
                await Task.Delay(100, reply.Cancellation);
            }
        }, retry: true),
        new("outage.gone", "An authorization server that is away lets nobody in.", Closed, async attack =>
        {
            var issuer = attack.Stage.Issuer("fragile");
            issuer.Everybody = (_, reply) =>
            {
                reply.Reset();
                return Task.CompletedTask;
            };
            issuer.Peer.Close();
            try
            {
                var call = Call.Tool("fragile", attack.Token("fragile").Build());
                var answer = await attack.SendAsync(call);
                return Verdict.First(attack.Refused(call, answer), Verdict.BrokenIf(answer.Status == 503 && answer.Header("Retry-After") is null, "Nobody is told when to return.", call.Line, Attack.Got(answer), "seen  nothing"));
            }
            finally
            {
                issuer.Everybody = null;
                issuer.Peer.Open();
            }
        }) { Needs = ["outage"], Lane = "fragile", Server = "fragile", ControlAfter = false, Control = attack => Eventually(attack, "fragile") },
        new("outage.one-subject", "One subject for whom it fails takes nobody else's way.", "CWE-400: a breaker that one caller opens", async attack =>
        {
            var token = attack.Token("fragile");
            attack.Stage.Issuer("fragile").Behave(token.Owner, (_, reply) => reply.EmptyAsync(500));
            await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => attack.SendAsync(Call.Tool("fragile", Fresh(attack, token)))));
            var others = await Task.WhenAll(Enumerable.Range(0, 10).Select(async _ =>
            {
                var call = Call.Tool("fragile", attack.Token("fragile").Build());
                return (Call: call, Answer: await attack.SendAsync(call));
            }));
            var refused = others.FirstOrDefault(other => !other.Answer.IsSuccess);
            return Verdict.BrokenIf(refused.Call is not null, $"{others.Count(other => !other.Answer.IsSuccess)} of 10 others were refused.", refused.Call?.Line ?? "", refused.Answer is { } answer ? Attack.Got(answer) : "", "seen  nothing by any MCP server");
        }) { Needs = ["outage"], Lane = "fragile", Server = "fragile", ControlAfter = false, Control = attack => Eventually(attack, "fragile") },
        new("outage.unknown-keys", "Forty tokens with invented key ids cost the issuer two fetches at most.", "RFC 8725 §3.10; CWE-770", async attack =>
        {
            var issuer = attack.Stage.Issuer("partner");
            var before = issuer.KeyFetches;
            Call? last = null;
            await Parallel.ForEachAsync(Enumerable.Range(0, 40), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (number, _) =>
            {
                var token = attack.Token("partner");
                token.Header["kid"] = "invented-" + number;
                last = Call.Tool("partner", token.Build());
                await attack.SendAsync(last);
            });
            var fetches = issuer.KeyFetches - before;
            return Verdict.BrokenIf(fetches > 2, "They cost more.", last!.Line, "got   40 refusals", $"seen  {fetches} fetches of the key set");
        }) { Needs = ["issuers"], Lane = "partner", Server = "partner" },
        new("outage.keys-emptied", "A key that the issuer removes stops working, also for tokens that were good a moment ago.", "RFC 7517 §5; key compromise", async attack =>
        {
            var issuer = attack.Stage.Issuer("rotating");
            var key = Key.Create("ES256", "leaked-" + Marker.Fresh());
            var published = issuer.Published;
            issuer.Further.Add(key);
            issuer.Published = [.. published, key.Jwk()];
            var token = attack.Token("rotating");
            (token.Key, token.Header["kid"]) = (key, key.Kid);
            var text = token.Build();
            var deadline = attack.Now + 15;
            var call = Call.Tool("rotating", text);
            while (!(await attack.SendAsync(call)).IsSuccess && attack.Now < deadline)
            {
                await attack.HonestAsync("rotating");
                await Task.Delay(200);
            }

            if (attack.Seen(call) is null)
            {
                issuer.Published = published;
                return Verdict.Error($"The new key was never taken, after {issuer.KeyFetches} fetches of the key set.", call.Line, Attack.Got(await attack.SendAsync(call)));
            }

            issuer.Published = published;
            var fetched = issuer.KeyFetches;
            for (deadline = attack.Now + 8; issuer.KeyFetches < fetched + 2 && attack.Now < deadline;)
            {
                await attack.SendAsync(Call.Tool("rotating", attack.Token("rotating").Build()));
                await Task.Delay(200);
            }

            return await attack.MustRefuseAsync(Call.Tool("rotating", text));
        }) { Needs = ["key-refresh"], Lane = "rotating", Server = "rotating" },
        new("outage.keys-gone", "A key set that cannot be had leaves unknown keys unknown, and known ones good.", Closed, async attack =>
        {
            var issuer = attack.Stage.Issuer("rotating");
            issuer.Documents = (_, reply) => reply.EmptyAsync(500);
            try
            {
                await Task.Delay(1500);
                var token = attack.Token("rotating");
                token.Header["kid"] = "unknown";
                var verdict = await attack.MustRefuseAsync(Call.Tool("rotating", token.Build()), token);
                return verdict.Outcome != Outcome.Held ? verdict
                    : await attack.HonestAsync("rotating") is { } problem ? Verdict.Broken("Known keys were forgotten at the first outage.", "sent  an honest call", "got   " + problem, "seen  key set: 500") : Verdict.Held;
            }
            finally
            {
                issuer.Documents = null;
            }
        }) { Needs = ["key-refresh"], Lane = "rotating", Server = "rotating" },
        new("outage.keys-redirect", "A redirect of the key set is not followed: who can redirect signs nothing.", "RFC 8414 §3; CWE-601", async attack =>
        {
            var issuer = attack.Stage.Issuer("rotating");
            var stranger = Key.Create("ES256", "redirected-" + Marker.Fresh());
            issuer.Documents = (request, reply) => request.Target == "/jwks" ? reply.EmptyAsync(302, $"Location: {issuer.Issuer}/jwks?moved\r\n")
                : request.Target == "/jwks?moved" ? reply.SendAsync(200, new JsonObject { ["keys"] = new JsonArray(stranger.Jwk()) }.ToJsonString())
                : issuer.DocumentAsync(request, reply);
            return await NeverAsync(attack, token => (token.Key, token.Header["kid"]) = (stranger, stranger.Kid), () => issuer.Documents = null);
        }) { Needs = ["key-refresh"], Lane = "rotating", Server = "rotating" },
        new("outage.keys-symmetric", "A shared secret in the key set, which everybody can read, verifies nothing; the other keys go on.", "RFC 8725 §3.1, §3.5; RFC 7517 §9.3", async attack =>
        {
            var issuer = attack.Stage.Issuer("rotating");
            var published = issuer.Published;
            var secret = RandomNumberGenerator.GetBytes(32);
            issuer.Published = [.. published, new JsonObject { ["kty"] = "oct", ["k"] = Encoded.Encode(secret), ["kid"] = "shared", ["alg"] = "HS256", ["use"] = "sig" }];
            return await NeverAsync(attack, token => (token.Header["alg"], token.Header["kid"], token.Signature) = ("HS256", "shared", input => HMACSHA256.HashData(secret, input)), () => issuer.Published = published);
        }) { Needs = ["key-refresh"], Lane = "rotating", Server = "rotating" },
        Watched("inactive", "A token that its issuer calls inactive is refused, though its signature is good.", (_, reply) => reply.SendAsync(200, """{"active":false}""")),
        Watched("introspection-500", "Nobody is let in while that cannot be asked.", (_, reply) => reply.EmptyAsync(500)),
        Watched("introspection-text", "\"true\" is not true.", (_, reply) => reply.SendAsync(200, """{"active":"true"}""")),
        Watched("introspection-nothing", "Nor is nothing.", (_, reply) => reply.SendAsync(200, "{}")),
        Watched("introspection-duplicate", "Nor is true and false.", (_, reply) => reply.SendAsync(200, """{"active":false,"active":true}""")),
        Watched("introspection-page", "Nor is a page.", (_, reply) => reply.SendAsync(200, "<html>true</html>", "text/html")),
        Watched("introspection-hang", "Nor is silence.", (_, reply) => reply.ClosedAsync(TimeSpan.FromSeconds(30))),
        new("outage.introspection-after-warm", "A token that becomes inactive is refused within its MaxAge, warm as it is.", "RFC 7662 §4", async attack =>
        {
            var token = attack.Token("watched");
            var text = token.Build();
            await attack.SendAsync(Call.Tool("watched", text));
            attack.Stage.Issuer("watched").Inspect(token.Owner, (_, reply) => reply.SendAsync(200, """{"active":false}"""));
            await CacheCases.Until(attack, attack.Now + 3);
            return await attack.MustRefuseAsync(Call.Tool("watched", text));
        }) { Needs = ["introspection"], Server = "watched" },
    ];

    /// <summary>Sends tokens that are forged so until the key set was fetched twice: none is taken. Then puts the issuer right.</summary>
    private static async Task<Verdict> NeverAsync(Attack attack, Action<Forged> forge, Action putRight)
    {
        var issuer = attack.Stage.Issuer("rotating");
        var fetched = issuer.KeyFetches;
        try
        {
            for (var deadline = attack.Now + 8; attack.Now < deadline;)
            {
                var enough = issuer.KeyFetches >= fetched + 2;
                var token = attack.Token("rotating");
                forge(token);
                var verdict = await attack.MustRefuseAsync(Call.Tool("rotating", token.Build()), token);
                if (verdict.Outcome != Outcome.Held || enough)
                {
                    return verdict;
                }

                await attack.HonestAsync("rotating");
                await Task.Delay(200);
            }

            return Verdict.Error($"The key set was fetched {issuer.KeyFetches - fetched} times.");
        }
        finally
        {
            putRight();
        }
    }

    /// <summary>Another token of the same person.</summary>
    private static string Fresh(Attack attack, Forged of)
    {
        var token = attack.Token("fragile", subject: of.Payload["sub"]!.ToString());
        token.Payload["jti"] = "j-" + Guid.NewGuid();
        return token.Build();
    }

    private static async Task<string?> Eventually(Attack attack, string server)
    {
        var deadline = attack.Now + 35;
        string? problem;
        while ((problem = await attack.HonestAsync(server))?.Contains("got 50", StringComparison.Ordinal) == true && attack.Now < deadline)
        {
            await Task.Delay(500);
        }

        return problem;
    }

    private static Case Subject(string id, string claim, Func<Exchange, Reply, Task> evil, bool retry = false) => new("outage." + id, claim, retry ? Bounded : Closed, async attack =>
    {
        var token = attack.Token();
        attack.Corp.Behave(token.Owner, evil);
        var call = Call.Tool("alpha", token.Build());
        var answer = await attack.SendAsync(call);
        return attack.Stage.Asked(token.Owner).Count == 0 ? Verdict.Error("The authorization server was never asked.", call.Line, Attack.Got(answer)) : Verdict.First(
            attack.Refused(call, answer, closingIsNo: false) is { Outcome: Outcome.Error } && answer.Ending == Ending.TimedOut ? Verdict.Broken("Nothing came within ten seconds.", call.Line, Attack.Got(answer), "seen  nothing by any MCP server") : attack.Refused(call, answer),
            Verdict.BrokenIf(retry && (answer.Status != 503 || answer.Header("Retry-After") is null), "The client is not told that it may return, and when.", call.Line, Attack.Got(answer), "seen  nothing by any MCP server"));
    })
    { Needs = ["exchange"] };

    private static Case Watched(string id, string claim, Func<ReceivedRequest, Reply, Task> inspect) => new("outage." + id, claim, "RFC 7662 §2.2, §4; " + Closed, async attack =>
    {
        var token = attack.Token("watched");
        attack.Stage.Issuer("watched").Inspect(token.Owner, inspect);
        var call = Call.Tool("watched", token.Build());
        return await attack.MustRefuseAsync(call);
    })
    { Needs = ["introspection"], Server = "watched" };
}
