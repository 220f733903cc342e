using Deputy.Attacks;
using Deputy.Peers;
using Deputy.Staging;
using Deputy.Tokens;

namespace Deputy.Families;

/// <summary>What is remembered is never lent: not to another user, server or token, and not past its time.</summary>
internal static class CacheCases
{
    private const string Lending = "OWASP MCP07; RFC 9700 §2.3: a cache that launders privilege";

    public static IReadOnlyList<Case> All { get; } =
    [
        new("cache.users", "Twenty users at once: each call carries its own user.", Lending, async attack =>
        {
            var calls = Enumerable.Range(0, 20).Select(_ => (Token: attack.Token(), Call: (Call?)null)).Select(pair => (pair.Token, Call: Call.Tool("alpha", pair.Token.Build()))).ToList();
            var answers = await Task.WhenAll(calls.SelectMany(pair => new[] { attack.SendAsync(pair.Call), attack.SendAsync(pair.Call) }));
            foreach (var (token, call) in calls)
            {
                foreach (var (server, seen) in attack.Stage.Saw(call.Marker))
                {
                    if (Encoded.Payload(seen.Token)?["sub"]?.ToString() != token.Payload["sub"]!.ToString())
                    {
                        return Verdict.Broken("A call carried somebody else.", call.Line, Attack.Got(answers[0]), Attack.Seen(server, seen));
                    }
                }
            }

            return answers.All(answer => answer.IsSuccess) ? Verdict.Held : Verdict.Error($"Of 40 calls {answers.Count(answer => !answer.IsSuccess)} failed: {answers.First(answer => !answer.IsSuccess).Line}");
        }) { Needs = ["hop-token"] },
        new("cache.servers", "One user at two servers: two tokens, each for its own.", Lending, async attack =>
        {
            var subject = "u-" + Marker.Fresh();
            var calls = new[] { "alpha", "beta", "alpha", "beta" }.Select(server => (server, Call: Call.Tool(server, attack.Token(server, subject: subject).Build()))).ToList();
            foreach (var (server, call) in calls)
            {
                var answer = await attack.SendAsync(call);
                var audience = Encoded.Payload(attack.Seen(call)?.Token)?["aud"]?.ToString();
                if (audience != Stage.Inner(server))
                {
                    return attack.Seen(call) is { } seen ? Verdict.Broken("A server got a token for another.", call.Line, Attack.Got(answer), Attack.Seen(server, seen)) : Verdict.Error("The call did not arrive.", call.Line, Attack.Got(answer));
                }
            }

            return Verdict.Held;
        }) { Needs = ["hop-token"] },
        new("cache.weaker-after-stronger", "A weak token after a strong one of the same user gets the weak one's rights.", Lending, async attack =>
        {
            var subject = "u-" + Marker.Fresh();
            await attack.SendAsync(Call.Tool("alpha", attack.Token(scope: "files:read files:admin", subject: subject).Build()));
            var call = Call.Tool("alpha", attack.Token(scope: "files:read", subject: subject).Build());
            var answer = await attack.SendAsync(call);
            return attack.Seen(call) is not { } seen ? Verdict.Error("The call did not arrive.", call.Line, Attack.Got(answer))
                : Verdict.BrokenIf(Encoded.Payload(seen.Token)?["scope"]?.ToString().Contains("admin", StringComparison.Ordinal) == true, "It gets the strong one's.", call.Line, Attack.Got(answer), Attack.Seen("alpha", seen));
        }) { Needs = ["hop-token"] },
        new("cache.elsewhere-after-warm", "That a token was good at one server helps it nowhere else.", Lending, async attack =>
        {
            var token = attack.Token();
            await attack.SendAsync(Call.Tool("alpha", token.Build()));
            await attack.SendAsync(Call.Tool("alpha", token.Build()));
            return await attack.MustRefuseAsync(Call.Tool("beta", token.Build()));
        }) { Needs = ["servers"] },
        new("cache.tampered-after-warm", "Nor one that differs in its signature alone.", Lending, async attack =>
        {
            var token = attack.Token();
            var good = token.Build();
            await attack.SendAsync(Call.Tool("alpha", good));
            token.Parts = parts => [parts[0], parts[1], Encoded.Encode(new byte[64])];
            return await attack.MustRefuseAsync(Call.Tool("alpha", token.Build()));
        }),
        new("cache.payload-after-warm", "Nor one that differs in its payload alone.", Lending, async attack =>
        {
            var good = attack.Token().Build().Split('.');
            await attack.SendAsync(Call.Tool("alpha", string.Join('.', good)));
            var other = attack.Token(scope: "files:admin").Build().Split('.');
            return await attack.MustRefuseAsync(Call.Tool("alpha", $"{good[0]}.{other[1]}.{good[2]}"));
        }),
        new("cache.expired-after-warm", "A token that expires is refused from then on, however warm.", "RFC 7519 §4.1.4", async attack =>
        {
            var token = attack.Token("brief");
            token.Payload["exp"] = attack.Now + 3;
            var text = token.Build();
            await attack.SendAsync(Call.Tool("brief", text));
            await Until(attack, attack.Now + 4);
            return await attack.MustRefuseAsync(Call.Tool("brief", text));
        }) { Needs = ["clock"], Server = "brief" },
        new("cache.hop-expired", "A hop token is not served past its own end.", "RFC 6749 §5.1", async attack =>
        {
            var token = attack.Token("brief");
            var issuer = attack.Stage.Issuer("brief");
            var first = true;
            issuer.Behave(token.Owner, (exchange, reply) =>
            {
                var result = exchange.Token();
                result.Payload["exp"] = attack.Now + (first ? 3 : 300);
                first = false;
                return Exchange.SendAsync(reply, exchange.Answer(result));
            });
            await attack.SendAsync(Call.Tool("brief", token.Build()));
            await Until(attack, attack.Now + 4);
            var call = Call.Tool("brief", token.Build());
            var answer = await attack.SendAsync(call);
            return attack.Seen(call) is { } seen && Encoded.Payload(seen.Token)?["exp"]?.GetValue<long>() is { } end
                ? Verdict.BrokenIf(end <= seenAt(attack), "An expired token was sent.", call.Line, Attack.Got(answer), Attack.Seen("brief", seen))
                : Verdict.Error("The call did not arrive.", call.Line, Attack.Got(answer));
            static long seenAt(Attack attack) => attack.Now - 1;
        }) { Needs = ["clock", "exchange"], Server = "brief" },
        new("cache.expires-in", "Nor past expires_in, when that is sooner.", "RFC 6749 §5.1", async attack =>
        {
            var token = attack.Token("brief");
            attack.Stage.Issuer("brief").Behave(token.Owner, (exchange, reply) =>
            {
                var answer = exchange.Answer(exchange.Token());
                answer["expires_in"] = 2;
                return Exchange.SendAsync(reply, answer);
            });
            await attack.SendAsync(Call.Tool("brief", token.Build()));
            await Until(attack, attack.Now + 3);
            var call = Call.Tool("brief", token.Build());
            var got = await attack.SendAsync(call);
            var asked = attack.Stage.Asked(token.Owner).Count;
            return Verdict.BrokenIf(asked < 2 && attack.Seen(call) is not null, "It was sent without asking again.", call.Line, Attack.Got(got), $"seen  {asked} exchange by the authorization server");
        }) { Needs = ["clock", "exchange"], Server = "brief" },
        new("cache.issuers", "One sub at two issuers is two people.", "RFC 7519 §4.1.2: unique within its issuer", async attack =>
        {
            var subject = "u-" + Marker.Fresh();
            var calls = new[] { "corp", "partner" }.Select(issuer => Call.Tool("both", attack.Token("both", issuer, subject: subject).Build())).ToList();
            foreach (var call in calls)
            {
                await attack.SendAsync(call);
            }

            var marker = Marker.In(subject)!;
            var tokens = attack.Stage.Asked(marker).Select(asked => asked.Form("subject_token")).ToHashSet();
            var seen = attack.Seen(calls[1]);
            return Verdict.BrokenIf(seen is not null && !tokens.Contains(calls[1].Token), "The second was served what the first had got.", calls[1].Line, "got   an answer", seen is null ? "" : Attack.Seen("both", seen));
        }) { Needs = ["issuers", "exchange"], Server = "both" },
        new("cache.refusal-of-another", "What one user is refused is not refused to others, and not granted later to himself.", Lending, async attack =>
        {
            var token = attack.Token();
            attack.Corp.Behave(token.Owner, (_, reply) => reply.SendAsync(400, """{"error":"invalid_grant"}"""));
            var call = Call.Tool("alpha", token.Build());
            var verdict = await attack.MustRefuseAsync(call);
            return verdict.Outcome != Outcome.Held ? verdict
                : await attack.HonestAsync("alpha") is { } problem ? Verdict.Broken("Another user was refused, too.", call.Line, problem, "seen  nothing by any MCP server")
                : await attack.MustRefuseAsync(Call.Tool("alpha", token.Build()));
        }) { Needs = ["exchange"] },
    ];

    /// <summary>Waits until this second has begun.</summary>
    public static async Task Until(Attack attack, long second)
    {
        while (attack.Now < second)
        {
            await Task.Delay(100);
        }
    }
}
