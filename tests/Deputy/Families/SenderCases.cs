using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Deputy.Attacks;
using Deputy.Peers;
using Deputy.Staging;
using Deputy.Tokens;

namespace Deputy.Families;

/// <summary>A token that is bound to a key is nothing without it, inbound and outbound.</summary>
internal static class SenderCases
{
    private const string Proofs = "RFC 9449 §4.3";

    private static readonly Lazy<Key> Holder = new(() => Key.Create("ES256", "holder"));
    private static readonly Lazy<Key> Thief = new(() => Key.Create("ES256", "thief"));

    public static IReadOnlyList<Case> All { get; } =
    [
        Bound("sender.stolen", "A stolen token without its key is refused.", "RFC 9449 §7.1", call => call.Scheme = "Bearer", withProof: false),
        Bound("sender.bearer-with-proof", "Also with a proof beside it.", "RFC 9449 §7.1", call => call.Scheme = "Bearer"),
        Bound("sender.no-proof", "DPoP without a proof is refused.", Proofs, _ => { }, withProof: false),
        Faulty("sender.other-key", "A proof of another key is refused.", Proofs + " 12", (proof, _) => (proof.Key, proof.Header["jwk"]) = (Thief.Value, Thief.Value.Jwk(bare: true))),
        Faulty("sender.other-signature", "One not signed by the key in it, too.", Proofs + " 7", (proof, _) => proof.Key = Thief.Value),
        Faulty("sender.method", "One for another method.", Proofs + " 8", (proof, _) => proof.Payload["htm"] = "GET"),
        Faulty("sender.method-case", "Methods differ in case.", "RFC 9110 §9.1", (proof, _) => proof.Payload["htm"] = "post"),
        Faulty("sender.uri", "One for another server.", Proofs + " 9", (proof, _) => proof.Payload["htu"] = Stage.Resource("alpha")),
        Faulty("sender.uri-host", "One for another host.", Proofs + " 9", (proof, _) => proof.Payload["htu"] = "https://mcp.elsewhere.test/bound"),
        Faulty("sender.uri-inner", "One for the server behind.", Proofs + " 9", (proof, _) => proof.Payload["htu"] = Stage.Inner("bound")),
        Faulty("sender.uri-prefix", "One for a path that begins the same.", Proofs + " 9", (proof, _) => proof.Payload["htu"] = Stage.Resource("bound") + "-admin"),
        Faulty("sender.uri-missing", "One for no address.", Proofs + " 3", (proof, _) => proof.Payload.Remove("htu")),
        Faulty("sender.token", "One for another token.", Proofs + " 12", (proof, attack) => proof.Payload["ath"] = Encoded.Digest(attack.Token().Build())),
        Faulty("sender.token-missing", "One for no token.", Proofs + " 12", (proof, _) => proof.Payload.Remove("ath")),
        Faulty("sender.old", "An old one.", Proofs + " 11", (proof, attack) => proof.Payload["iat"] = attack.Now - 900),
        Faulty("sender.early", "One of the future.", Proofs + " 11", (proof, attack) => proof.Payload["iat"] = attack.Now + 900),
        Faulty("sender.time-text", "One whose time is a text.", Proofs + " 3", (proof, attack) => proof.Payload["iat"] = $"{attack.Now}"),
        Faulty("sender.id-missing", "One without an id.", Proofs + " 3", (proof, _) => proof.Payload.Remove("jti")),
        Faulty("sender.id-empty", "One with an empty id.", Proofs + " 3", (proof, _) => proof.Payload["jti"] = ""),
        Faulty("sender.type", "One that does not say to be one.", Proofs + " 4", (proof, _) => proof.Header["typ"] = "JWT"),
        Faulty("sender.unsigned", "One that nobody signed.", Proofs + " 5", (proof, _) => (proof.Header["alg"], proof.Signature) = ("none", _ => [])),
        Faulty("sender.symmetric", "One with a shared secret.", Proofs + " 5", (proof, _) => (proof.Header["alg"], proof.Signature) = ("HS256", input => HMACSHA256.HashData("x"u8, input))),
        Faulty("sender.private-key", "One that holds the private key.", Proofs + " 7", (proof, _) => proof.Header["jwk"] = Holder.Value.PrivateJwk()),
        Faulty("sender.key-missing", "One without a key.", Proofs + " 7", (proof, _) => proof.Header.Remove("jwk")),
        Faulty("sender.digest", "One for another body.", "MCP DPoP profile: content_digest", (proof, _) => proof.Payload["content_digest"] = $"sha-256=:{Convert.ToBase64String(SHA256.HashData([]))}:"),
        Faulty("sender.duplicate-uri", "One with two addresses.", "RFC 7519 §4", (proof, _) => proof.PayloadText = text => "{\"htu\":\"https://mcp.elsewhere.test/\"," + text[1..]),
        Faulty("sender.crit", "One with an extension that nobody here knows.", "RFC 7515 §4.1.11", (proof, _) => (proof.Header["crit"], proof.Header["x"]) = (new JsonArray("x"), 1)),
        new("sender.replay", "A proof is good once.", "RFC 9449 §11.1", async attack =>
        {
            var (call, proof) = Honest(attack);
            call.With("DPoP", proof.Build());
            var first = await attack.SendAsync(call);
            var again = Call.Tool("bound", call.Token).Change(second => second.Scheme = "DPoP").With("DPoP", call.Headers[^1].Value);
            return first.IsSuccess ? await attack.MustRefuseAsync(again) : Verdict.Error("The first use failed.", call.Line, Attack.Got(first));
        }) { Needs = ["dpop"], Server = "bound", Control = ControlAsync },
        new("sender.race", "Also when it is used many times at once.", "RFC 9449 §11.1; CWE-362", attack =>
        {
            var (call, proof) = Honest(attack);
            return attack.MustPassOnceAsync(call.With("DPoP", proof.Build()));
        }) { Needs = ["dpop"], Server = "bound", Control = ControlAsync },
        new("sender.two-proofs", "Two proofs are none.", Proofs + " 1", async attack =>
        {
            var (call, proof) = Honest(attack);
            return await attack.MustRefuseAsync(call.With("DPoP", proof.Build()).With("DPoP", Honest(attack).Proof.Build()), closingIsNo: true);
        }) { Needs = ["dpop"], Server = "bound", Control = ControlAsync },
        new("sender.unbound-required", "Where binding is required, an unbound token is refused.", "RFC 9449 §7.2", async attack => await attack.MustRefuseAsync(Call.Tool("bound", attack.Token("bound").Build()))) { Needs = ["dpop"], Server = "bound", Control = ControlAsync },
        new("sender.unbound-as-dpop", "An unbound token with a proof is not bound by it.", "RFC 9449 §7.1", async attack =>
        {
            var call = Call.Tool("alpha", attack.Token().Build()).Change(one => one.Scheme = "DPoP");
            return await attack.MustRefuseAsync(call.With("DPoP", Proof.For(attack, Holder.Value, call).Build()));
        }) { Needs = ["dpop"] },
        new("sender.proof-stays", "The proof does not go on.", "RFC 9449 §11.1", async attack =>
        {
            var (call, proof) = Honest(attack);
            var text = proof.Build();
            var answer = await attack.SendAsync(call.With("DPoP", text));
            return attack.Seen(call) is not { } seen ? Verdict.Error("The call did not arrive.", call.Line, Attack.Got(answer))
                : Verdict.BrokenIf(seen.Whole.Contains(text, StringComparison.Ordinal), "It does.", call.Line, Attack.Got(answer), Attack.Seen("bound", seen));
        }) { Needs = ["dpop"], Server = "bound", Control = ControlAsync },
        new("sender.client-cert-of-a-stranger", "A certificate in a header of a stranger proves nothing.", "RFC 9440 §4; RFC 8705 §3", async attack =>
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            using var certificate = new CertificateRequest("CN=deputy", key, HashAlgorithmName.SHA256).CreateSelfSigned(attack.Stage.Clock.GetUtcNow().AddDays(-1), attack.Stage.Clock.GetUtcNow().AddDays(1));
            var token = attack.Token();
            token.Payload["cnf"] = new JsonObject { ["x5t#S256"] = Encoded.Encode(SHA256.HashData(certificate.RawData)) };
            return await attack.MustRefuseAsync(Call.Tool("alpha", token.Build()).With("Client-Cert", $":{Convert.ToBase64String(certificate.RawData)}:"), token);
        }),

        // Outbound.
        Result("bind.unbound", "Where hop tokens are bound, an unbound result is refused.", (_, token, answer) =>
        {
            token.Payload.Remove("cnf");
            answer["token_type"] = "Bearer";
        }),
        Result("bind.unbound-in-disguise", "Also when it says to be bound.", (_, token, _) => token.Payload.Remove("cnf")),
        Result("bind.other-key", "So is one bound to another key.", (_, token, _) => token.Payload["cnf"] = new JsonObject { ["jkt"] = Thief.Value.Thumbprint() }),
        Result("bind.bearer", "And one that says to be a bearer token.", (_, _, answer) => answer["token_type"] = "Bearer"),
        new("bind.proof", "The MCP server gets a proof for this very request with the token.", "RFC 9449 §7.1", async attack =>
        {
            var call = Call.Tool("bindout", attack.Token("bindout").Build());
            var answer = await attack.SendAsync(call);
            if (attack.Seen(call) is not { } seen)
            {
                return Verdict.Error("The call did not arrive.", call.Line, Attack.Got(answer));
            }

            var proof = Encoded.Payload(seen.Header("DPoP"));
            var bound = Encoded.Payload(seen.Token)?["cnf"]?["jkt"]?.ToString();
            var right = seen.Header("Authorization")!.StartsWith("DPoP ", StringComparison.Ordinal) && proof is not null && bound == Proof.Thumbprint(seen.Header("DPoP"))
                && proof["htm"]?.ToString() == "POST" && proof["htu"]?.ToString() == Stage.Inner("bindout") && proof["ath"]?.ToString() == Encoded.Digest(seen.Token!);
            return Verdict.BrokenIf(!right, "It does not.", call.Line, Attack.Got(answer), Attack.Seen("bindout", seen) + " DPoP: " + proof?.ToJsonString());
        }) { Needs = ["bind"], Server = "bindout" },
        new("bind.nonce-stays", "A nonce of the MCP server does not reach the client.", "RFC 9449 §8", async attack =>
        {
            var call = Call.Tool("bindout", attack.Token("bindout").Build());
            attack.Mcp("bindout").Behave(call.Marker, (request, reply) => reply.SendAsync(200, HostileCases.Result(request), headers: "DPoP-Nonce: canary-nonce\r\n"));
            var answer = await attack.SendAsync(call);
            return Verdict.BrokenIf(answer.Raw.Contains("canary-nonce", StringComparison.Ordinal), "It does.", call.Line, Attack.Got(answer), "seen  the call");
        }) { Needs = ["bind"], Server = "bindout" },
    ];

    private static (Call Call, Forged Proof) Honest(Attack attack)
    {
        var token = attack.Token("bound");
        token.Payload["cnf"] = new JsonObject { ["jkt"] = Holder.Value.Thumbprint() };
        var call = Call.Tool("bound", token.Build());
        call.Scheme = "DPoP";
        return (call, Proof.For(attack, Holder.Value, call));
    }

    private static Task<string?> ControlAsync(Attack attack)
    {
        var (call, proof) = Honest(attack);
        return attack.HonestAsync(call.With("DPoP", proof.Build()));
    }

    private static Case Bound(string id, string claim, string source, Action<Call> change, bool withProof = true) => new(id, claim, source, attack =>
    {
        var (call, proof) = Honest(attack);
        change(call);
        return attack.MustRefuseAsync(withProof ? call.With("DPoP", proof.Build()) : call);
    })
    { Needs = ["dpop"], Server = "bound", Control = ControlAsync };

    private static Case Faulty(string id, string claim, string source, Action<Forged, Attack> forge) => new(id, claim, source, attack =>
    {
        var (call, proof) = Honest(attack);
        forge(proof, attack);
        return attack.MustRefuseAsync(call.With("DPoP", proof.Build()));
    })
    { Needs = ["dpop"], Server = "bound", Control = ControlAsync };

    private static Case Result(string id, string claim, Action<Exchange, Forged, JsonObject> spoil) => new(id, claim, "RFC 9449 §5", async attack =>
    {
        var token = attack.Token("bindout");
        attack.Corp.Behave(token.Owner, (exchange, reply) =>
        {
            var result = exchange.Token();
            var around = exchange.Answer(result);
            spoil(exchange, result, around);
            around["access_token"] = result.Build();
            return Exchange.SendAsync(reply, around);
        });
        var call = Call.Tool("bindout", token.Build());
        var answer = await attack.SendAsync(call);
        return attack.Stage.Asked(token.Owner).Count == 0 ? Verdict.Error("The authorization server was never asked.", call.Line, Attack.Got(answer)) : attack.Refused(call, answer);
    })
    { Needs = ["bind", "exchange"], Server = "bindout" };
}
