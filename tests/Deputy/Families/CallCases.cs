using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Deputy.Attacks;
using Deputy.Peers;
using Deputy.Staging;
using Deputy.Tokens;

namespace Deputy.Families;

/// <summary>Tokens that are good for one call: bound to its bytes, or approved by the user in its very words.</summary>
internal static class CallCases
{
    private const string Binding = "RFC 9396 §2; a token for one call is stolen in vain";
    private const string Approval = "draft-ietf-oauth-rar-metadata-remediation; RFC 9396: what was shown is what is done";

    public static IReadOnlyList<Case> All { get; } =
    [
        new("call.bound", "A call-bound hop token names this server, method, tool and body.", Binding, async attack =>
        {
            var call = Call.Tool("binder", attack.Token("binder").Build());
            var answer = await attack.SendAsync(call);
            if (attack.Seen(call) is not { } seen)
            {
                return Verdict.Error("The call did not arrive.", call.Line, Attack.Got(answer));
            }

            var token = Encoded.Payload(seen.Token);
            var element = (token?["authorization_details"] as JsonArray)?.Where(one => one!["type"]?.ToString() == "mcp_call").ToList();
            var right = element is [var one] && one!["locations"]?[0]?.ToString() == Stage.Inner("binder") && one["method"]?.ToString() == "tools/call" && one["name"]?.ToString() == "echo" && one["content_digest"]?.ToString() == Digest(call.Body!)
                && token!["exp"]!.GetValue<long>() - token["iat"]!.GetValue<long>() <= 30;
            return Verdict.BrokenIf(!right, "It does not.", call.Line, Attack.Got(answer), Attack.Seen("binder", seen));
        }) { Needs = ["call-binding", "local"], Server = "binder" },
        new("call.fresh", "Every call has one of its own, however alike.", Binding, async attack =>
        {
            var token = attack.Token("binder").Build();
            var first = Call.Tool("binder", token);
            var second = Call.Text("binder", token, first.Body!);
            await attack.SendAsync(first);
            await attack.SendAsync(second);
            var tokens = attack.Stage.Saw(first.Marker).Select(seen => seen.Request.Token).ToList();
            return tokens.Count < 2 ? Verdict.Error("The calls did not arrive.") : Verdict.BrokenIf(tokens.Distinct().Count() < tokens.Count, "Two calls had one token.", first.Line, "got   answers", $"seen  {tokens.Count} calls, {tokens.Distinct().Count()} tokens");
        }) { Needs = ["call-binding", "local"], Server = "binder" },
        Received("call.missing", "A token that is bound to no call is refused.", token => token.Payload.Remove("authorization_details")),
        Received("call.body", "Nor one bound to another body.", token => Element(token)["content_digest"] = Digest("{}")),
        Received("call.tool", "Nor to another tool.", token => Element(token)["name"] = "delete_all"),
        Received("call.method", "Nor to another method.", token => Element(token)["method"] = "resources/read"),
        Received("call.location", "Nor at another server.", token => Element(token)["locations"] = new JsonArray(Stage.Resource("alpha"))),
        Received("call.location-more", "Nor at this one and another.", token => Element(token)["locations"] = new JsonArray(Stage.Resource("receiver"), Stage.Resource("alpha"))),
        Received("call.location-missing", "Nor nowhere.", token => Element(token).Remove("locations")),
        Received("call.twice", "Nor to two calls.", token => token.Payload["authorization_details"]!.AsArray().Add(Element(token).DeepClone())),
        Received("call.digest-missing", "Nor to no body.", token => Element(token).Remove("content_digest")),
        Received("call.digest-algorithm", "Nor by a weaker digest.", token => Element(token)["content_digest"] = "md5=:1B2M2Y8AsgTpgAmY7PhCfg==:"),
        new("call.replay", "It is good once.", Binding, async attack =>
        {
            var call = Receiver(attack, _ => { });
            var first = await attack.SendAsync(call);
            var again = Call.Text("receiver", call.Token, call.Body!);
            var before = attack.Stage.Saw(call.Marker).Count;
            var answer = await attack.SendAsync(again);
            return !first.IsSuccess ? Verdict.Error("The first use failed.", call.Line, Attack.Got(first))
                : Verdict.BrokenIf(attack.Stage.Saw(call.Marker).Count > before || answer.IsSuccess, "It was taken twice.", again.Line, Attack.Got(answer), "seen  the call, twice");
        }) { Needs = ["call-binding"], Server = "receiver", Control = ReceiverControl },

        new("call.race", "Also when it is used many times at once.", Binding + "; CWE-362", attack => attack.MustPassOnceAsync(Receiver(attack, _ => { }))) { Needs = ["call-binding"], Server = "receiver", Control = ReceiverControl },

        // Approvals.
        new("approval.none", "A call that needs an approval does not go through without one.", Approval, async attack => await attack.MustRefuseAsync(Pay(attack.Token("approvals").Build()))) { Needs = ["approval"], Server = "approvals" },
        Approved("approval.other-arguments", "An approval of other arguments is none.", (attack, token, element) => Pay(token.Build(), amount: 1_000_000)),
        Approved("approval.other-tool", "Nor of another tool.", (attack, token, element) => Pay(token.Build(), tool: "pay_all")),
        Approved("approval.other-user", "Nor of another user.", (attack, token, element) =>
        {
            token.Payload["sub"] = "u-" + Marker.Fresh();
            return Pay(token.Build());
        }),
        Approved("approval.other-client", "Nor by another client.", (attack, token, element) =>
        {
            token.Payload["client_id"] = "another-client";
            return Pay(token.Build());
        }),
        Approved("approval.invented", "Nor one whose identifier the gateway never gave.", (attack, token, element) =>
        {
            // As long as one of its own, and of now, but for one bit at its end.
            if (!Encoded.TryDecode(element["identifier"]!.ToString(), out var identifier))
            {
                identifier = new byte[64];
            }

            identifier[^1] ^= 1;
            element["identifier"] = Encoded.Encode(identifier);
            return Pay(token.Build());
        }),
        Approved("approval.no-identifier", "Nor one without.", (attack, token, element) =>
        {
            element.Remove("identifier");
            return Pay(token.Build());
        }),
        Approved("approval.no-arguments", "Nor one that shows the user no arguments.", (attack, token, element) =>
        {
            element.Remove("arguments");
            return Pay(token.Build());
        }),
        Approved("approval.shown-otherwise", "Nor one that shows him others than are sent.", (attack, token, element) =>
        {
            element["arguments"]!["amount"] = 1;
            return Pay(token.Build());
        }),
        Approved("approval.two", "Nor two at once.", (attack, token, element) =>
        {
            token.Payload["authorization_details"]!.AsArray().Add(element.DeepClone());
            return Pay(token.Build());
        }),
        Approved("approval.elsewhere", "Nor one for another server.", (attack, token, element) =>
        {
            element["locations"] = new JsonArray(Stage.Resource("alpha"));
            return Pay(token.Build());
        }),
        Approved("approval.other-state", "Nor one that says nothing of what else the call holds.", (attack, token, element) =>
            Pay(token.Build()).Change(call => call.Body = call.Body!.Replace("\"arguments\":", "\"requestState\":\"of-somebody-else\",\"arguments\":", StringComparison.Ordinal))),
        Approved("approval.duplicate-argument", "Nor one of arguments that two readers read differently.", (attack, token, element) =>
            Pay(token.Build()).Change(call => call.Body = call.Body!.Replace("\"amount\":5", "\"amount\":1000000,\"amount\":5", StringComparison.Ordinal))),
        new("approval.twice", "One approval is one execution, whatever token holds it.", Approval, async attack =>
        {
            var (token, _) = await ApproveAsync(attack);
            var call = Pay(token.Build());
            var first = await attack.SendAsync(call);
            token.Payload["jti"] = "j-" + Guid.NewGuid();
            return first.IsSuccess ? await attack.MustRefuseAsync(Pay(token.Build())) : Verdict.Error("The first use failed.", call.Line, Attack.Got(first));
        }) { Needs = ["approval"], Server = "approvals", Control = ApprovalControl },
        new("approval.race", "Also when it is used many times at once.", Approval + "; CWE-362", async attack =>
        {
            var (token, _) = await ApproveAsync(attack);
            return await attack.MustPassOnceAsync(Pay(token.Build()));
        }) { Needs = ["approval"], Server = "approvals", Control = ApprovalControl },
        new("approval.stays", "The approval does not go on to servers behind.", Approval, async attack =>
        {
            var (token, element) = await ApproveAsync(attack);
            var call = Pay(token.Build());
            var answer = await attack.SendAsync(call);
            return attack.Seen(call) is not { } seen ? Verdict.Error("The call did not arrive.", call.Line, Attack.Got(answer))
                : Verdict.BrokenIf(Encoded.Payload(seen.Token)?.ToJsonString().Contains("mcp_call_approval", StringComparison.Ordinal) == true, "It does.", call.Line, Attack.Got(answer), Attack.Seen("approvals", seen));
        }) { Needs = ["approval", "local"], Server = "approvals", Control = ApprovalControl },
        new("approval.carried", "Nor where the authorization server carries it over to the result.", Approval, async attack =>
        {
            var (token, element) = await ApproveAsync(attack);
            attack.Corp.Behave(token.Owner, (exchange, reply) =>
            {
                var result = exchange.Token();
                result.Payload["authorization_details"] = new JsonArray(element.DeepClone());
                return Exchange.SendAsync(reply, exchange.Answer(result));
            });
            var call = Pay(token.Build());
            var answer = await attack.SendAsync(call);
            return attack.Seen(call) is { } seen ? Verdict.Broken("It does.", call.Line, Attack.Got(answer), Attack.Seen("approvals", seen)) : Verdict.Held;
        }) { Needs = ["approval", "exchange"], Server = "approvals", Control = ApprovalControl },
    ];

    private static string Digest(string text) => $"sha-256=:{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}:";

    private static JsonObject Element(Forged token) => token.Payload["authorization_details"]![0]!.AsObject();

    /// <summary>A call with a token that is bound to it.</summary>
    private static Call Receiver(Attack attack, Action<Forged> change)
    {
        var call = Call.Tool("receiver", null);
        var token = attack.Token("receiver");
        token.Payload["authorization_details"] = new JsonArray(new JsonObject
        {
            ["type"] = "mcp_call",
            ["locations"] = new JsonArray(Stage.Resource("receiver")),
            ["method"] = "tools/call",
            ["name"] = "echo",
            ["content_digest"] = Digest(call.Body!),
        });
        change(token);
        call.Token = token.Build();
        return call;
    }

    private static Task<string?> ReceiverControl(Attack attack) => attack.HonestAsync(Receiver(attack, _ => { }));

    private static Case Received(string id, string claim, Action<Forged> change) => new(id, claim, Binding, attack => attack.MustRefuseAsync(Receiver(attack, change)))
    {
        Needs = ["call-binding"],
        Server = "receiver",
        Control = ReceiverControl,
    };

    private static Call Pay(string token, int amount = 5, string tool = "pay_bill") =>
        Call.Text("approvals", token, """{"jsonrpc":"2.0","id":"ID","method":"tools/call","params":{"name":"TOOL","arguments":{"to":"shop","amount":AMOUNT}}}""".Replace("TOOL", tool, StringComparison.Ordinal).Replace("AMOUNT", $"{amount}", StringComparison.Ordinal));

    /// <summary>What a client does: it asks, is told what to have approved, and comes back with a token that says so.</summary>
    private static async Task<(Forged Token, JsonObject Element)> ApproveAsync(Attack attack)
    {
        var token = attack.Token("approvals");
        var answer = await attack.SendAsync(Pay(token.Build()));
        if (answer.Json?["error"]?["data"]?["authorization_details"] is not JsonArray { Count: 1 } details)
        {
            throw new InvalidOperationException($"Nothing to approve was named: {answer.Line}");
        }

        token.Payload["authorization_details"] = details.DeepClone();
        return (token, Element(token));
    }

    private static async Task<string?> ApprovalControl(Attack attack)
    {
        var (token, _) = await ApproveAsync(attack);
        return await attack.HonestAsync(Pay(token.Build()));
    }

    private static Case Approved(string id, string claim, Func<Attack, Forged, JsonObject, Call> use) => new(id, claim, Approval, async attack =>
    {
        var (token, element) = await ApproveAsync(attack);
        return await attack.MustRefuseAsync(use(attack, token, element));
    })
    { Needs = ["approval"], Server = "approvals", Control = ApprovalControl };
}
