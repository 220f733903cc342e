using System.Text.Json.Nodes;
using Deputy.Attacks;
using Deputy.Tokens;

namespace Deputy.Families;

/// <summary>Authority never grows on the way through: details, actors, times and bindings of the result are those of the subject, or less.</summary>
internal static class AuthorityCases
{
    private const string Details = "RFC 9396 §7.1; RFC 8693 §2.2.1";
    private const string Actors = "RFC 8693 §4.1";

    public static IReadOnlyList<Case> All { get; } =
    [
        ResultCases.Token("authority.details-lost", "Details that narrow the subject's token are not lost.", Details, (_, token) => token.Payload.Remove("authorization_details"), Narrow),
        ResultCases.Token("authority.details-widened", "Nor widened.", Details, (_, token) => token.Payload["authorization_details"]![0]!["paths"] = new JsonArray("/"), Narrow),
        ResultCases.Token("authority.details-more", "Nor more of them.", Details, (_, token) => token.Payload["authorization_details"]!.AsArray().Add(Detail("/home")), Narrow),
        ResultCases.Token("authority.details-member-lost", "Nor is one member of them lost.", Details, (_, token) => token.Payload["authorization_details"]![0]!.AsObject().Remove("paths"), Narrow),
        ResultCases.Token("authority.details-empty", "Nor is an empty list as good as the list.", Details, (_, token) => token.Payload["authorization_details"] = new JsonArray(), Narrow),
        ResultCases.Token("authority.details-added", "None come from nowhere.", Details, (_, token) => token.Payload["authorization_details"] = new JsonArray(Detail("/"))),
        ResultCases.Answer("authority.details-answer-widened", "Nor does the answer around the token say more.", Details, (_, answer) => answer["authorization_details"]![0]!["paths"] = new JsonArray("/"), Narrow),
        ResultCases.Token("authority.actor-lost", "An actor is not forgotten.", Actors, (_, token) => token.Payload["act"] = new JsonObject { ["sub"] = "mcp-gateway" }, Acting),
        ResultCases.Token("authority.actor-gone", "Nor all of them.", Actors, (_, token) => token.Payload.Remove("act"), Acting),
        ResultCases.Token("authority.actor-replaced", "Nor replaced by another.", Actors, (_, token) => token.Payload["act"]!["act"] = new JsonObject { ["sub"] = "agent-of-somebody-else" }, Acting),
        ResultCases.Token("authority.actor-shortened", "Nor is the chain cut.", Actors, (_, token) => token.Payload["act"]!["act"]!.AsObject().Remove("act"), token =>
        {
            Acting(token);
            token.Payload["act"]!["act"] = new JsonObject { ["sub"] = "first-agent" };
        }),
        ResultCases.Token("authority.outlives", "A result does not outlive its subject's token by twenty minutes.", "RFC 8693 §2.2.1; RFC 9700 §2.2.2", (exchange, token) =>
            token.Payload["exp"] = exchange.Subject["exp"]!.GetValue<long>() + 1200),
        ResultCases.Token("authority.bound-unasked", "A result bound to a key that nobody named is refused.", "RFC 9449 §5; RFC 7800 §3", (_, token) => token.Payload["cnf"] = new JsonObject { ["jwk"] = new JsonObject() }),
        ResultCases.Answer("authority.bound-unasked-key", "Also as a bearer token.", "RFC 9449 §5; RFC 7800 §3", (exchange, answer) =>
        {
            var token = exchange.Token();
            token.Payload["cnf"] = new JsonObject { ["jkt"] = Encoded.Digest("somebody") };
            answer["access_token"] = token.Build();
        }),
        Faults.Token("authority.may-act-of-another", "A token that names who may act is not exchanged by somebody else.", "RFC 8693 §4.4", (token, _) => token.Payload["may_act"] = new JsonObject { ["sub"] = "another-gateway" }) with { Needs = ["exchange"] },
        Faults.Token("authority.may-act-local", "Nor used to mint.", "RFC 8693 §4.4", (token, _) => token.Payload["may_act"] = new JsonObject { ["sub"] = "another-gateway" }) with { Needs = ["local"] },
        Faults.Token("authority.may-act-issuer", "may_act of another issuer's client of our name is somebody else.", "RFC 8693 §4.4", (token, _) => token.Payload["may_act"] = new JsonObject { ["sub"] = "mcp-gateway", ["iss"] = "https://login.elsewhere.test" }) with { Needs = ["exchange"] },
        Faults.Token("authority.details-malformed", "Details that are no list are not understood, so refused.", "RFC 9396 §2", (token, _) => token.Payload["authorization_details"] = new JsonObject { ["type"] = "files" }) with { Needs = ["exchange"] },
        Faults.Token("authority.details-local", "Details that the minted token would not carry are refused.", "RFC 9396 §7.1", (token, _) => Narrow(token)) with { Needs = ["local"] },
        Faults.Token("authority.actor-loop", "A chain of actors that already holds this server is a loop.", Actors, (token, _) => token.Payload["act"] = new JsonObject { ["sub"] = token.Payload["aud"]!.ToString() }) with { Needs = ["local"] },
        Faults.Token("authority.actor-depth", "A chain without end is refused.", Actors, (token, _) =>
        {
            JsonObject? chain = null;
            for (var i = 0; i < 24; i++)
            {
                chain = chain is null ? new JsonObject { ["sub"] = $"agent-{i}" } : new JsonObject { ["sub"] = $"agent-{i}", ["act"] = chain };
            }

            token.Payload["act"] = chain;
        }) with { Needs = ["local"] },
    ];

    private static JsonObject Detail(string path) => new() { ["type"] = "files", ["actions"] = new JsonArray("read"), ["paths"] = new JsonArray(path) };

    private static void Narrow(Forged token) => token.Payload["authorization_details"] = new JsonArray(Detail("/public"));

    private static void Acting(Forged token) => token.Payload["act"] = new JsonObject { ["sub"] = "agent-of-the-user" };
}
