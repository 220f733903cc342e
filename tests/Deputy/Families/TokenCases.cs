using System.Text;
using System.Text.Json.Nodes;
using Deputy.Attacks;
using Deputy.Tokens;

namespace Deputy.Families;

/// <summary>What is no sound access token of a trusted issuer is refused: signature, keys, form and claims.</summary>
internal static class TokenCases
{
    private const string Algorithms = "RFC 8725 §3.1; RFC 9068 §4";
    private const string HeaderKeys = "RFC 8725 §3.10";
    private const string Form = "RFC 7515 §3.1, §7.1; RFC 7519 §7.2";
    private const string Duplicates = "RFC 7519 §4; RFC 7515 §4; RFC 8725 §2.4";
    private const string Types = "RFC 8725 §3.11, §3.12; RFC 9068 §4";
    private const string Times = "RFC 7519 §4.1; RFC 9068 §4";

    private static readonly Lazy<Key> Stranger = new(() => Key.Create("ES256", "stranger"));
    private static readonly Lazy<Key> Rsa = new(() => Key.Create("RS256", "stranger-rsa"));

    public static IReadOnlyList<Case> All { get; } =
    [
        // Algorithms.
        .. new[] { "none", "None", "NONE", "nOnE" }.Select(spelling => Faults.Token(
            $"token.alg-{spelling}", $"An unsigned token is refused, spelt {spelling}.", Algorithms + "; CVE-2015-9235", (token, _) =>
            {
                token.Header["alg"] = spelling;
                token.Signature = _ => [];
            })),
        Faults.Token("token.alg-none-signed", "alg none with a signature is refused.", Algorithms, (token, _) => token.Header["alg"] = "none"),
        Faults.Token("token.alg-empty", "An empty alg is refused.", Algorithms, (token, _) => token.Header["alg"] = ""),
        Faults.Token("token.alg-missing", "A token without alg is refused.", Algorithms, (token, _) => token.Header.Remove("alg")),
        Faults.Token("token.hs256-public-pem", "A public key is no shared secret, as PEM.", Algorithms + "; CVE-2016-10555", (token, attack) => Shared(token, Encoding.ASCII.GetBytes(attack.Corp.Key.PublicPem()))),
        Faults.Token("token.hs256-public-jwk", "Nor as JWK.", Algorithms, (token, attack) => Shared(token, Encoding.UTF8.GetBytes(attack.Corp.Published[0].ToJsonString()))),
        Faults.Token("token.hs256-coordinate", "Nor by its coordinate.", Algorithms, (token, attack) => Shared(token, Encoded.TryDecode(attack.Corp.Published[0]["x"]!.GetValue<string>(), out var x) ? x : [])),
        Faults.Token("token.hs256-empty", "Nor is nothing a secret.", Algorithms + "; CVE-2020-28042", (token, _) => Shared(token, [])),
        Faults.Token("token.alg-of-another-key", "A key is good for its own algorithm only.", Algorithms, (token, _) => token.Header["alg"] = "RS256"),

        // Keys.
        Faults.Token("token.stranger-key", "A token of an unknown key is refused.", "RFC 7515 §5.2", (token, _) => token.Key = Stranger.Value),
        Faults.Token("token.stranger-key-own-kid", "Also under the key's own id.", "RFC 7515 §5.2", (token, _) => Sign(token, Stranger.Value)),
        Faults.Token("token.jwk", "A key in the header is not used.", HeaderKeys + "; CVE-2018-0114", (token, _) =>
        {
            Sign(token, Stranger.Value);
            token.Header["jwk"] = Stranger.Value.Jwk();
        }),
        Address("token.jku", "jku"),
        Address("token.x5u", "x5u"),
        Faults.Token("token.x5c", "A certificate in the header is not used.", HeaderKeys, (token, _) =>
        {
            Sign(token, Rsa.Value);
            token.Header["x5c"] = new JsonArray("MIIBszCCAVmgAwIBAgIUQ2Fu");
        }),
        Faults.Token("token.kid-unknown", "An unknown kid is not guessed.", "RFC 7515 §4.1.4", (token, _) => token.Header["kid"] = "corp-2"),
        Faults.Token("token.kid-missing", "Nor is a missing one.", "RFC 9068 §2.1; key selection must not be a search", (token, _) => token.Header.Remove("kid")),
        Faults.Token("token.kid-path", "A kid is no path.", HeaderKeys, (token, _) => Kid(token, "../../../../dev/null")),
        Faults.Token("token.kid-sql", "A kid is no SQL.", HeaderKeys, (token, _) => Kid(token, "x' UNION SELECT 'c2VjcmV0';--")),
        Faults.Token("token.kid-array", "A kid is a text.", "RFC 7515 §4.1.4", (token, _) => token.Header["kid"] = new JsonArray(token.Key.Kid)),
        Unfit("token.key-for-encryption", "encryption", "A key published for encryption verifies nothing.", "RFC 7517 §4.2"),
        Unfit("token.key-operations", "operations", "A key without the operation verify verifies nothing.", "RFC 7517 §4.3"),
        Unfit("token.key-algorithm", "algorithm", "A key published for another algorithm verifies nothing.", "RFC 7517 §4.4"),
        Unfit("token.key-weak", "weak", "A published key that is too short verifies nothing.", "RFC 7518 §3.3"),
        Faults.Token("token.crit", "An extension that must be understood and is not is refused.", "RFC 7515 §4.1.11; CVE-2025-59420", (token, _) =>
        {
            token.Header["crit"] = new JsonArray("bork");
            token.Header["bork"] = true;
        }),
        Faults.Token("token.b64", "An unencoded payload is refused.", "RFC 7797 §6", (token, _) =>
        {
            token.Header["crit"] = new JsonArray("b64");
            token.Header["b64"] = false;
        }),
        Faults.Token("token.crit-empty", "An empty crit is refused.", "RFC 7515 §4.1.11", (token, _) => token.Header["crit"] = new JsonArray()),

        // Issuers.
        Faults.Token("token.issuer-other", "An issuer that is not configured is refused.", "RFC 9068 §4", (token, _) => token.Payload["iss"] = "https://login.elsewhere.test"),
        Faults.Token("token.issuer-slash", "A slash makes another issuer.", "RFC 8414 §2", (token, attack) => token.Payload["iss"] = attack.Corp.Issuer + "/"),
        Faults.Token("token.issuer-array", "An array is no issuer.", "RFC 7519 §4.1.1", (token, attack) => token.Payload["iss"] = new JsonArray(attack.Corp.Issuer)),
        Faults.Token("token.issuer-missing", "A token without issuer is refused.", "RFC 9068 §4", (token, _) => token.Payload.Remove("iss")),
        Faults.Token("token.issuer-of-another-server", "An issuer that another server trusts is not trusted here.", "RFC 8725 §3.8", (token, attack) =>
        {
            var partner = attack.Stage.Issuer("partner");
            token.Payload["iss"] = partner.Issuer;
            Sign(token, partner.Key);
        }) with { Needs = ["issuers"] },
        Faults.Token("token.key-of-another-issuer", "A key of one trusted issuer signs nothing for another.", "RFC 8725 §3.8", (token, attack) => Sign(token, attack.Stage.Issuer("partner").Key)) with { Needs = ["issuers"] },
        Faults.Token("token.same-kid-two-issuers", "Nor under a kid that both have.", "RFC 8725 §3.8", (token, attack) => token.Key = attack.Stage.Issuer("partner").Key) with { Needs = ["issuers"] },

        // Signature.
        Faults.Token("token.signature-empty", "A stripped signature is refused.", "RFC 7515 §5.2", (token, _) => token.Signature = _ => []),
        Faults.Token("token.signature-zero", "r and s of zero are no signature.", "CVE-2022-21449", (token, _) => token.Signature = _ => new byte[64]),
        Faults.Token("token.signature-order", "Nor are r and s of the curve's order.", "CVE-2022-21449", (token, _) => token.Signature = _ => [.. Order, .. Order]),
        Faults.Token("token.signature-der", "A DER signature is not JWS.", "RFC 7518 §3.4", (token, _) => token.Signature = input => token.Key.SignDer(input)),
        Faults.Token("token.signature-truncated", "A cut signature is refused.", "RFC 7515 §5.2", (token, _) => token.Signature = input => token.Key.Sign(input)[..63]),
        Faults.Token("token.payload-changed", "A changed payload is refused.", "RFC 7515 §5.2", (token, _) => token.Parts = parts => [parts[0], Encoded.Encode(token.Payload.ToJsonString().Replace("files:read", "files:full", StringComparison.Ordinal)), parts[2]]),
        Faults.Token("token.signature-of-another", "A signature of another token is refused.", "RFC 7515 §5.2", (token, attack) =>
        {
            var other = attack.Token().Build();
            token.Parts = parts => [parts[0], parts[1], other[(other.LastIndexOf('.') + 1)..]];
        }),

        // Form.
        Faults.Token("token.two-parts", "Two parts are no JWS.", Form, (token, _) => token.Parts = parts => parts[..2]),
        Faults.Token("token.four-parts", "Nor are four.", Form, (token, _) => token.Parts = parts => [.. parts, parts[2]]),
        Faults.Token("token.trailing-dot", "Nor is a trailing dot.", Form, (token, _) => token.Compact = compact => compact + "."),
        Faults.Token("token.many-parts", "Nor are thousands of dots.", "CVE-2025-30204", (token, _) => token.Compact = compact => compact + new string('.', 4000)),
        Faults.Token("token.jwe", "An encrypted token that nobody here can read is refused.", Form, (token, _) => token.Parts = parts => [parts[0], parts[1], parts[2], parts[1], parts[2]]),
        Faults.Token("token.json-serialisation", "Only compact serialisation is a bearer token.", "RFC 7519 §1", (token, _) => token.Parts = parts => [$$"""{"protected":"{{parts[0]}}","payload":"{{parts[1]}}","signature":"{{parts[2]}}"}"""]),
        Faults.Token("token.padding", "Base64url has no padding.", "RFC 7515 §2", (token, _) => token.Compact = compact => compact + "=="),
        Faults.Token("token.base64", "Nor + and /.", "RFC 7515 §2", (token, _) => token.Compact = compact => compact.Replace('-', '+').Replace('_', '/') + "+"),
        Faults.Token("token.spare-bits", "Nor spare bits that are not zero.", "RFC 4648 §3.5", (token, _) => token.Compact = SpareBits),
        Faults.Token("token.header-no-json", "A header that is no JSON is refused.", Form, (token, _) => token.HeaderText = text => text[..^1]),
        Faults.Token("token.payload-array", "A payload that is no object is refused.", "RFC 7519 §7.2", (token, _) => token.PayloadText = text => $"[{text}]"),
        Faults.Token("token.payload-comment", "Comments are no JSON.", "RFC 8259", (token, _) => token.PayloadText = text => "/* */" + text),
        Faults.Token("token.payload-trailing-comma", "Nor are trailing commas.", "RFC 8259", (token, _) => token.PayloadText = text => text[..^1] + ",}"),
        Faults.Token("token.payload-trailing-text", "Nor text after the object.", "RFC 8259", (token, _) => token.PayloadText = text => text + "{}"),
        Faults.Token("token.payload-bom", "Nor a byte order mark.", "RFC 8259 §8.1", (token, _) => token.PayloadText = text => "\uFEFF" + text),
        Faults.Token("token.oversize", "A token over 16 KiB is refused.", "RFC 8725 §2.8", (token, _) => token.Payload["blob"] = new string('a', 20_000)),
        Faults.Token("token.nesting", "Nesting without end is refused.", "RFC 8259 §9", (token, _) => token.PayloadText = text => $"{text[..^1]},\"deep\":{new string('[', 2000)}{new string(']', 2000)}}}"),

        // Duplicates.
        Faults.Token("token.duplicate-aud-last", "aud twice, this server's last, is refused.", Duplicates, (token, _) => token.PayloadText = text => "{\"aud\":\"https://mcp.elsewhere.test\"," + text[1..]),
        Faults.Token("token.duplicate-aud-first", "aud twice, this server's first, is refused.", Duplicates, (token, _) => token.PayloadText = text => text[..^1] + ",\"aud\":\"https://mcp.elsewhere.test\"}"),
        Faults.Token("token.duplicate-escaped", "aud twice, once escaped, is refused.", Duplicates, (token, _) => token.PayloadText = text => "{\"\\u0061ud\":\"https://mcp.elsewhere.test\"," + text[1..]),
        Faults.Token("token.duplicate-sub", "sub twice is refused.", Duplicates, (token, _) => token.PayloadText = text => "{\"sub\":\"admin\"," + text[1..]),
        Faults.Token("token.duplicate-scope", "scope twice is refused.", Duplicates, (token, _) => token.PayloadText = text => text[..^1] + ",\"scope\":\"files:admin\"}"),
        Faults.Token("token.duplicate-alg", "alg twice is refused.", Duplicates, (token, _) => token.HeaderText = text => "{\"alg\":\"none\"," + text[1..]),

        // Types.
        Type("token.type-jwt", "JWT", "A token that does not say to be an access token is refused."),
        Type("token.type-missing", null, "Nor one that says nothing."),
        Type("token.type-logout", "logout+jwt", "A logout token is no access token."),
        Type("token.type-dpop", "dpop+jwt", "A DPoP proof is no access token."),
        Type("token.type-security-event", "secevent+jwt", "A security event is no access token."),
        Type("token.type-id-jag", "oauth-id-jag+jwt", "An identity assertion grant is no access token."),
        Type("token.type-client-assertion", "client-authentication+jwt", "A client assertion is no access token."),
        Faults.Token("token.id-token", "An ID token is no access token.", Types, (token, _) =>
        {
            token.Header["typ"] = "JWT";
            token.Payload.Remove("scope");
            token.Payload.Remove("client_id");
            token.Payload["nonce"] = "n-1";
            token.Payload["at_hash"] = "x";
        }),

        // Claims.
        Faults.Token("token.expired", "An expired token is refused.", Times, (token, attack) => Times_(token, attack.Now - 3600, attack.Now - 1800)),
        Faults.Token("token.exp-missing", "A token without end is refused.", Times, (token, _) => token.Payload.Remove("exp")),
        Faults.Token("token.exp-text", "A text is no time.", Times, (token, attack) => token.Payload["exp"] = $"{attack.Now + 600}"),
        Faults.Token("token.exp-negative", "A negative time is long past.", Times, (token, _) => token.Payload["exp"] = -1),
        Faults.Token("token.exp-overflow", "A time beyond all numbers is refused.", Times, (token, _) => token.PayloadText = text => System.Text.RegularExpressions.Regex.Replace(text, "\"exp\":\\d+", "\"exp\":1e400")),
        Faults.Token("token.not-before", "A token of the future is refused.", Times, (token, attack) => token.Payload["nbf"] = attack.Now + 3000),
        Faults.Token("token.issued-ahead", "A token issued in the future is refused.", Times, (token, attack) => Times_(token, attack.Now + 3000, attack.Now + 3600)),
        Faults.Token("token.lifetime", "A token that is good for a year is refused.", "RFC 9700 §2.2.2; OWASP NHI7", (token, attack) => token.Payload["exp"] = attack.Now + (365L * 86400)),
        Faults.Token("token.subject-missing", "A token of nobody is refused.", "RFC 9068 §2.2", (token, _) => token.Payload.Remove("sub")),
        Faults.Token("token.subject-empty", "Nor is nothing a subject.", "RFC 9068 §2.2", (token, _) => token.Payload["sub"] = ""),
        Faults.Token("token.subject-object", "Nor an object.", "RFC 7519 §4.1.2", (token, _) => token.Payload["sub"] = new JsonObject { ["id"] = "admin" }),
        Faults.Token("token.subject-oversize", "Nor a book.", "OpenID Connect Core §2: 255 characters", (token, _) => token.Payload["sub"] = new string('s', 4000)),
        Faults.Token("token.scope-differs", "scope and scp that differ are refused.", "RFC 9068 §2.2.3; parsers choose differently", (token, _) => token.Payload["scp"] = new JsonArray("files:admin")),
        Faults.Token("token.scope-number", "A number is no scope.", "RFC 8693 §4.2", (token, _) => token.Payload["scope"] = 7),
        Faults.Token("token.bound-dpop", "A token bound to a key is no bearer token.", "RFC 9449 §7.2", (token, _) => token.Payload["cnf"] = new JsonObject { ["jkt"] = Stranger.Value.Thumbprint() }),
        Faults.Token("token.bound-certificate", "Nor one bound to a client certificate.", "RFC 8705 §3", (token, _) => token.Payload["cnf"] = new JsonObject { ["x5t#S256"] = Encoded.Digest("certificate") }),
        Faults.Token("token.bound-unknown", "Nor one bound in a way that nobody here knows.", "RFC 7800 §3.1", (token, _) => token.Payload["cnf"] = new JsonObject { ["spiffe"] = "spiffe://x" }),
    ];

    private static byte[] Order => Convert.FromHexString("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551");

    private static void Sign(Forged token, Key key)
    {
        token.Key = key;
        token.Header["kid"] = key.Kid;
        token.Header["alg"] = key.Algorithm;
    }

    private static void Kid(Forged token, string kid)
    {
        Sign(token, Stranger.Value);
        token.Header["kid"] = kid;
    }

    private static void Shared(Forged token, byte[] secret)
    {
        token.Header["alg"] = "HS256";
        token.Signature = input => System.Security.Cryptography.HMACSHA256.HashData(secret, input);
    }

    private static void Times_(Forged token, long issued, long expires)
    {
        token.Payload["iat"] = issued;
        token.Payload["exp"] = expires;
    }

    private static Case Type(string id, string? type, string claim) => Faults.Token(id, claim, Types, (token, _) =>
    {
        token.Header.Remove("typ");
        if (type is not null)
        {
            token.Header["typ"] = type;
        }
    });

    /// <summary>A header that names an address: refused, and the address is never asked.</summary>
    private static Case Address(string id, string member) => new(id, $"{member} is not followed.", HeaderKeys + "; CWE-918", async attack =>
    {
        var token = attack.Token();
        Sign(token, Stranger.Value);
        token.Header[member] = $"{attack.Stage.Canary.Url}/{token.Owner}/jwks";
        var call = Call.Tool("alpha", token.Build());
        var answer = await attack.SendAsync(call);
        return Verdict.First(
            attack.Refused(call, answer, token),
            Verdict.BrokenIf(attack.Stage.Canary.Of(token.Owner).Count > 0, "The address in the token was asked.", call.Line, Attack.Got(answer), $"seen  by the attacker: GET {token.Header[member]}"));
    });

    /// <summary>Signed with a key that the issuer publishes, but not for this.</summary>
    private static Case Unfit(string id, string key, string claim, string source) => Faults.Token(id, claim, source, (token, attack) => Sign(token, attack.Corp.Unfit[key]));

    /// <summary>Changes bits of the last character that decode to nothing.</summary>
    private static string SpareBits(string compact)
    {
        const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        return compact[..^1] + Alphabet[Alphabet.IndexOf(compact[^1], StringComparison.Ordinal) ^ 1];
    }
}
