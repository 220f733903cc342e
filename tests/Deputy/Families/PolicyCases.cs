using System.Text.Json.Nodes;
using Deputy.Attacks;
using Deputy.Wire;

namespace Deputy.Families;

/// <summary>Only a decision that is true lets a call pass.</summary>
internal static class PolicyCases
{
    private const string Source = "OpenID AuthZEN Authorization API 1.0 §5.5; CWE-636: failing open";

    public static IReadOnlyList<Case> All { get; } =
    [
        Decision("deny", "False is no.", """{"decision":false}"""),
        Decision("text", "\"true\" is no.", """{"decision":"true"}"""),
        Decision("number", "1 is no.", """{"decision":1}"""),
        Decision("null", "Null is no.", """{"decision":null}"""),
        Decision("missing", "Nothing is no.", "{}"),
        Decision("list", "A list is no.", """[{"decision":true}]"""),
        Decision("nested", "True elsewhere is no.", """{"context":{"decision":true}}"""),
        Decision("case", "Decision in another case is no.", """{"Decision":true}"""),
        Decision("duplicate", "False and true is no.", """{"decision":false,"decision":true}"""),
        Decision("trailing", "True and something else is no.", """{"decision":true}{"decision":false}"""),
        Decision("comment", "What is no JSON is no.", """/**/{"decision":true}"""),
        Decision("oversize", "What has no bounds is no.", "{\"decision\":true,\"context\":{\"blob\":\"" + new string('a', 100_000) + "\"}}"),
        Behaves("status-500", "An outage is no.", (_, reply) => reply.SendAsync(500, """{"decision":true}""")),
        Behaves("status-201", "Another success is no.", (_, reply) => reply.SendAsync(201, """{"decision":true}""")),
        Behaves("page", "A page is no.", (_, reply) => reply.SendAsync(200, """{"decision":true}""", "text/html")),
        Behaves("hang", "Silence is no.", (_, reply) => reply.ClosedAsync(TimeSpan.FromSeconds(20))),
        Behaves("reset", "Hanging up is no.", (_, reply) =>
        {
            reply.Reset();
            return Task.CompletedTask;
        }),
        new("policy.redirect", "Another address that says yes is no.", Source, async attack =>
        {
            var token = attack.Token("policy");
            attack.Stage.Policy.Behave(token.Owner, (_, reply) => reply.EmptyAsync(307, $"Location: {attack.Stage.Canary.Url}/{token.Owner}\r\n"));
            var call = Call.Tool("policy", token.Build());
            var answer = await attack.SendAsync(call);
            return Verdict.First(attack.Refused(call, answer, token), Verdict.BrokenIf(attack.Stage.Canary.Of(token.Owner).Count > 0, "It was asked.", call.Line, Attack.Got(answer), "seen  by the attacker"));
        }) { Needs = ["policy"], Server = "policy" },
        new("policy.question", "It is asked about this subject, server and operation.", Source, async attack =>
        {
            var token = attack.Token("policy");
            var call = Call.Tool("policy", token.Build());
            var answer = await attack.SendAsync(call);
            var asked = attack.Stage.Policy.Of(token.Owner) is [var request, ..] ? JsonNode.Parse(request.Body) : null;
            var right = asked?["subject"]?["id"]?.ToString() == token.Payload["sub"]!.ToString() && asked["action"]?["name"]?.ToString() == "tools/call" && asked["resource"]?["id"]?.ToString() == "echo";
            return Verdict.BrokenIf(!right, "It is not.", call.Line, Attack.Got(answer), "seen  by the policy decision point: " + asked?.ToJsonString());
        }) { Needs = ["policy"], Server = "policy" },
        new("policy.token-stays", "And gets no token.", "CWE-200", async attack =>
        {
            var token = attack.Token("policy");
            var call = Call.Tool("policy", token.Build());
            var answer = await attack.SendAsync(call);
            return Verdict.BrokenIf(attack.Stage.Policy.Of(token.Owner).Any(asked => asked.Whole.Contains(call.Token!, StringComparison.Ordinal)), "It does.", call.Line, Attack.Got(answer), "seen  by the policy decision point: the token");
        }) { Needs = ["policy"], Server = "policy" },
    ];

    private static Case Decision(string id, string claim, string body) => Behaves(id, claim, (_, reply) => reply.SendAsync(200, body));

    private static Case Behaves(string id, string claim, Func<ReceivedRequest, Reply, Task> behaviour) => new("policy." + id, claim, Source, async attack =>
    {
        var token = attack.Token("policy");
        attack.Stage.Policy.Behave(token.Owner, behaviour);
        var call = Call.Tool("policy", token.Build());
        var answer = await attack.SendAsync(call);
        var refused = attack.Refused(call, answer, token);

        // Refused by whatever else, the call says nothing of policy; let through, it says everything.
        return refused.Outcome != Outcome.Broken && attack.Stage.Policy.Of(token.Owner).Count == 0 ? Verdict.Error("The policy decision point was never asked.", call.Line, Attack.Got(answer)) : refused;
    })
    { Needs = ["policy"], Server = "policy" };
}
