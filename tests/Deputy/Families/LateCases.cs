using Deputy.Attacks;
using Deputy.Peers;
using Deputy.Wire;

namespace Deputy.Families;

/// <summary>What was right when a request began may not be when it is sent: the last gate asks again.</summary>
internal static class LateCases
{
    private const string Window = "CWE-367: time of check, time of use";

    public static IReadOnlyList<Case> All { get; } =
    [
        new("late.expired", "A body that is complete only after the token's end is not carried out.", Window, async attack =>
        {
            var token = attack.Token("brief");
            token.Payload["exp"] = attack.Now + 3;
            return await TrickleAsync(attack, Call.Tool("brief", token.Build()), () => CacheCases.Until(attack, attack.Now + 4));
        }) { Needs = ["clock"], Server = "brief" },
        new("late.expired-exchange", "Nor one whose exchange takes until then.", Window, async attack =>
        {
            var token = attack.Token("brief");
            token.Payload["exp"] = attack.Now + 3;
            attack.Stage.Issuer("brief").Behave(token.Owner, async (exchange, reply) =>
            {
                var result = exchange.Token();
                result.Payload["exp"] = attack.Now + 300;
                await CacheCases.Until(attack, token.Payload["exp"]!.GetValue<long>() + 1);
                await Exchange.SendAsync(reply, exchange.Answer(result));
            });
            return await attack.MustRefuseAsync(Call.Tool("brief", token.Build()));
        }) { Needs = ["clock", "exchange"], Server = "brief" },
        new("late.logout", "Nor one that is complete only after a logout.", Window + "; OpenID Connect Back-Channel Logout 1.0 §2.7", async attack =>
        {
            var token = attack.Token();
            var logout = RevocationCases.Announce(attack, token);
            return await TrickleAsync(attack, Call.Tool("alpha", token.Build()), async () =>
            {
                var told = await attack.SendAsync(logout);
                if (!told.IsSuccess)
                {
                    throw new InvalidOperationException($"The logout was refused: {told.Line}");
                }
            });
        }) { Needs = ["logout"] },
        new("late.logout-exchange", "Nor one whose exchange takes until then.", Window, async attack =>
        {
            var token = attack.Token();
            var logout = RevocationCases.Announce(attack, token);
            attack.Corp.Behave(token.Owner, async (exchange, reply) =>
            {
                await attack.SendAsync(logout);
                await exchange.HonestAsync(reply);
            });
            var call = Call.Tool("alpha", token.Build());
            var answer = await attack.SendAsync(call);
            return attack.Stage.Asked(token.Owner).Count == 0 ? Verdict.Error("The authorization server was never asked.", call.Line, Attack.Got(answer)) : attack.Refused(call, answer);
        }) { Needs = ["logout", "exchange"] },
        new("late.logout-policy", "Nor one about which the policy decision point thinks until then.", Window, async attack =>
        {
            var token = attack.Token("policy");
            var logout = RevocationCases.Announce(attack, token);
            attack.Stage.Policy.Behave(token.Owner, async (_, reply) =>
            {
                await attack.SendAsync(logout);
                await reply.SendAsync(200, """{"decision":true}""");
            });
            var call = Call.Tool("policy", token.Build());
            var answer = await attack.SendAsync(call);
            return attack.Stage.Policy.Of(token.Owner).Count == 0 ? Verdict.Error("The policy decision point was never asked.", call.Line, Attack.Got(answer)) : attack.Refused(call, answer);
        }) { Needs = ["logout", "policy"], Server = "policy" },
        new("late.answer", "Nor is the answer to a call of his that was let through told to its end.", Window + "; OpenID Back-Channel Logout 1.0 §2.7", async attack =>
        {
            var token = attack.Token();
            var logout = RevocationCases.Announce(attack, token);
            var call = Call.Tool("alpha", token.Build());
            attack.Mcp().Behave(call.Marker, async (_, reply) =>
            {
                await reply.StreamAsync();
                await reply.ChunkAsync(": begun\n\n");
                await reply.ClosedAsync(TimeSpan.FromSeconds(20));
            });
            using var client = await attack.ConnectAsync();
            await client.SendAsync(call.Build());
            var (begun, _) = await client.UntilAsync(": begun", TimeSpan.FromSeconds(10));
            var told = await attack.SendAsync(logout);
            var (_, ending) = await client.AllAsync(TimeSpan.FromSeconds(5));
            return !begun.Contains(": begun", StringComparison.Ordinal) || !told.IsSuccess ? Verdict.Error($"The answer did not begin, or the logout was refused: {told.Line}", call.Line, "got   " + Attack.Short(begun))
                : Verdict.BrokenIf(ending == Ending.TimedOut, "It is.", call.Line, "got   " + Attack.Short(begun), "seen  an answer that is open five seconds after the logout");
        }) { Needs = ["logout"] },
        new("late.retry", "Nor is a call tried again for a user who has logged out meanwhile.", Window, async attack =>
        {
            var token = attack.Token();
            var logout = RevocationCases.Announce(attack, token);
            var call = Call.Tool("alpha", token.Build());
            attack.Mcp().Behave(call.Marker, async (_, reply) =>
            {
                await attack.SendAsync(logout);
                await reply.EmptyAsync(401, "WWW-Authenticate: Bearer error=\"invalid_token\"\r\n");
            });
            var answer = await attack.SendAsync(call);
            var seen = attack.Stage.Saw(call.Marker);
            return seen.Count == 0 ? Verdict.Error("The call did not arrive.", call.Line, Attack.Got(answer))
                : Verdict.BrokenIf(seen.Count > 1, "It is tried again.", call.Line, Attack.Got(answer), $"seen  {seen.Count} times by MCP server alpha, the logout between");
        }) { Needs = ["logout", "hop-token"] },
        new("late.endless-answer", "An answer without an end ends with its token, too, whatever its type.", "RFC 9068 §4: checked on every use", async attack =>
        {
            var token = attack.Token("brief");
            token.Payload["exp"] = attack.Now + 3;
            var call = Call.Get("brief", token.Build());
            attack.Mcp("brief").Behave(call.Marker, async (_, reply) =>
            {
                reply.Closes = true;
                await reply.WriteAsync("HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n");
                for (var i = 0; i < 100; i++)
                {
                    await reply.ChunkAsync("{\"open\":true}\n");
                    await Task.Delay(100, reply.Cancellation);
                }
            });
            using var client = await attack.ConnectAsync();
            await client.SendAsync(call.Build());
            var answer = await client.AnswerAsync(TimeSpan.FromSeconds(8));
            return Verdict.BrokenIf(answer is { IsSuccess: true, Ending: Ending.TimedOut }, "It goes on.", call.Line, Attack.Got(answer), "seen  an answer that is open five seconds after the token's end");
        }) { Needs = ["clock"], Server = "brief" },
    ];

    /// <summary>Sends all but the end of a call, lets something happen, and sends the end.</summary>
    private static async Task<Verdict> TrickleAsync(Attack attack, Call call, Func<Task> meanwhile)
    {
        var bytes = call.Build();
        using var client = await attack.ConnectAsync();
        await client.SendAsync(bytes[..^5]);

        // The gateway has the headers, and has judged the token, when it waits for the rest.
        await Task.Delay(300);
        await meanwhile();
        await client.SendAsync(bytes[^5..]);
        return attack.Refused(call, await client.AnswerAsync(TimeSpan.FromSeconds(10)));
    }
}
