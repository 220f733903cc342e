using System.Text.Json.Nodes;
using Deputy.Attacks;
using Deputy.Staging;
using Deputy.Tokens;

namespace Deputy.Families;

/// <summary>What an MCP server receives is worthless everywhere else.</summary>
internal static class HopCases
{
    private const string Replay = "RFC 9700 §4.9, §4.10: a compromised resource server replays what it gets";

    public static IReadOnlyList<Case> All { get; } =
    [
        Stolen("hop.replay-here", "A hop token is refused at the very server it is for.", "alpha"),
        Stolen("hop.replay-elsewhere", "And at every other.", "beta"),
        Property("hop.one-audience", "A hop token is for one server.", Replay, (token, _) => token["aud"] is JsonValue audience && audience.ToString() == Stage.Inner("alpha")),
        Property("hop.subject", "It is of the same subject.", "RFC 8693 §1.1", (token, inbound) => token["sub"]?.ToString() == inbound["sub"]!.ToString()),
        Property("hop.scope", "It has no scope that the inbound token lacks.", "RFC 8693 §2.1; RFC 9700 §2.3", (token, inbound) =>
            (token["scope"]?.ToString() ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries).All(inbound["scope"]!.ToString().Split(' ').Contains)),
        Property("hop.end", "It does not outlive the inbound token.", "RFC 9700 §2.2.2", (token, inbound) => token["exp"]?.GetValue<long>() <= inbound["exp"]!.GetValue<long>()) with { Needs = ["local"] },
        Property("hop.life", "It lives for minutes.", "RFC 9700 §2.2.2", (token, _) => token["exp"]!.GetValue<long>() - token["iat"]!.GetValue<long>() <= 300) with { Needs = ["local"] },
        Property("hop.actor", "It says who acts.", "RFC 8693 §4.1", (token, _) => token["act"]?["sub"]?.ToString() == Stage.Resource("alpha")) with { Needs = ["local"] },
        Property("hop.id", "It has an id of its own.", "RFC 9068 §2.2", (token, inbound) => token["jti"] is JsonValue id && id.ToString() != inbound["jti"]!.ToString()) with { Needs = ["local"] },
        new("hop.published-keys", "The minted tokens' key set holds no private member.", "RFC 7517 §9.3; CWE-522", async attack =>
        {
            var call = new Call("hop") { Method = "GET", Target = "/hop/jwks" };
            var answer = await attack.SendAsync(call);
            var keys = answer.Json?["keys"] as JsonArray;
            string[] secret = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
            return keys is not { Count: > 0 } ? Verdict.Error("There is no key set.", call.Line, Attack.Got(answer))
                : Verdict.BrokenIf(keys.Any(key => secret.Any(member => key!.AsObject().ContainsKey(member))), "It does.", call.Line, Attack.Got(answer), "seen  nothing by any MCP server");
        }) { Needs = ["local"] },
        new("hop.one-target", "The authorization server is asked for one target.", "RFC 8707 §2; RFC 9700 §2.3", async attack =>
        {
            var (call, asked) = await AskedAsync(attack, attack.Token());
            var targets = asked?.FormValues("resource").Concat(asked.FormValues("audience")).ToList();
            return asked is null ? Verdict.Error("The authorization server was never asked.", call.Line)
                : Verdict.BrokenIf(targets is not [var target] || target != Stage.Inner("alpha"), "It is not.", call.Line, "got   an answer", "seen  by the authorization server: " + string.Join(" + ", targets!));
        }) { Needs = ["exchange"] },
        new("hop.scope-asked", "And for no scope that the inbound token lacks.", "RFC 8693 §2.1", async attack =>
        {
            var token = attack.Token();
            var (call, asked) = await AskedAsync(attack, token);
            var wanted = asked?.Form("scope")?.Split(' ') ?? [];
            return asked is null ? Verdict.Error("The authorization server was never asked.", call.Line)
                : Verdict.BrokenIf(wanted.Except(token.Payload["scope"]!.ToString().Split(' ')).Any(), "It is.", call.Line, "got   an answer", "seen  by the authorization server: scope=" + string.Join(' ', wanted));
        }) { Needs = ["exchange"] },
        new("hop.authenticated", "And by the gateway as itself.", "RFC 8693 §2.1; RFC 6749 §3.2.1", async attack =>
        {
            var (call, asked) = await AskedAsync(attack, attack.Token());
            return asked is null ? Verdict.Error("The authorization server was never asked.", call.Line)
                : Verdict.BrokenIf(asked.Header("Authorization")?.StartsWith("Basic ", StringComparison.Ordinal) != true && asked.Form("client_secret") is null && asked.Form("client_assertion") is null, "It is not.", call.Line, "got   an answer", "seen  by the authorization server: no client authentication");
        }) { Needs = ["exchange"] },
    ];

    /// <summary>Takes the token that an MCP server received to a server's front.</summary>
    private static Case Stolen(string id, string claim, string at) => new(id, claim, Replay, async attack =>
    {
        var honest = Call.Tool("alpha", attack.Token().Build());
        var first = await attack.SendAsync(honest);
        return attack.Seen(honest)?.Token is { } hop
            ? await attack.MustRefuseAsync(Call.Tool(at, hop))
            : Verdict.Error("The MCP server got no token.", honest.Line, Attack.Got(first));
    })
    { Needs = ["hop-token"] };

    private static Case Property(string id, string claim, string source, Func<JsonObject, JsonObject, bool> holds) => new(id, claim, source, async attack =>
    {
        var token = attack.Token();
        var call = Call.Tool("alpha", token.Build());
        var answer = await attack.SendAsync(call);
        return attack.Seen(call) is not { Token: { } hop } seen || Encoded.Payload(hop) is not { } payload
            ? Verdict.Error("The MCP server got no token that can be read.", call.Line, Attack.Got(answer))
            : Verdict.BrokenIf(!holds(payload, token.Payload), "It is not so.", call.Line, Attack.Got(answer), Attack.Seen("alpha", seen));
    })
    { Needs = ["hop-token"] };

    private static async Task<(Call Call, Wire.ReceivedRequest? Asked)> AskedAsync(Attack attack, Forged token)
    {
        var call = Call.Tool("alpha", token.Build());
        await attack.SendAsync(call);
        return (call, attack.Stage.Asked(token.Owner) is [var asked, ..] ? asked : null);
    }
}
