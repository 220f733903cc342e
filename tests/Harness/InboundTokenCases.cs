using System.Buffers.Text;
using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace Harness;

/// <summary>What makes tokens for a case: an issuer on a real socket, at a time that stands still.</summary>
public interface ITokenSource
{
    TestAuthorizationServer Issuer { get; }

    /// <summary>A sound token for <see cref="InboundTokenCases.Resource"/>, after the case changed it.</summary>
    string Token(Action<JsonObject, JsonObject>? change = null, TestKey? key = null);
}

/// <summary>Tokens and what becomes of each: the same at the validator and over the real surface.</summary>
public static class InboundTokenCases
{
    public const string Resource = "https://mcp.example/weather";
    public const string Alias = "api://weather";
    public const string Companion = "mcp-gateway";

    private const string HeaderText = """{"alg":"ES256","typ":"at+jwt","kid":"es256"}""";

    private static readonly byte[] P256Order = Convert.FromHexString("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551");

    public static readonly DateTimeOffset Now = new ManualClock().GetUtcNow();

    /// <summary>One line per case: what it is, the reason expected, and the changed token.</summary>
    public static readonly Case[] Cases =
    [
        // Soundness: what must pass, so that the refusals below mean something.
        new("sound", "accepted", f => f.Token()),
        new("alias as audience", "accepted", f => Payload(f, p => p["aud"] = Alias)),
        new("audience in an array", "accepted", f => Payload(f, p => p["aud"] = new JsonArray(Resource))),
        new("companion beside the audience", "accepted", f => Payload(f, p => p["aud"] = new JsonArray(Companion, Resource))),
        new("long media type", "accepted", f => Header(f, h => h["typ"] = "application/at+jwt")),
        new("media type in capitals", "accepted", f => Header(f, h => h["typ"] = "Application/AT+JWT")),
        new("unknown header member", "accepted", f => Header(f, h => h["x5t"] = "abc")),
        new("within skew after expiry", "accepted", f => Payload(f, p => p["exp"] = Seconds(-29))),
        new("within skew before nbf", "accepted", f => Payload(f, p => p["nbf"] = Seconds(30))),
        new("within skew before iat", "accepted", f => Payload(f, p => p["iat"] = Seconds(30))),
        new("without iat", "accepted", f => Payload(f, p => p.Remove("iat"))),
        new("without jti and client", "accepted", f => Payload(f, p => { p.Remove("jti"); p.Remove("client_id"); })),
        new("scp as array equal to scope", "accepted", f => Payload(f, p => p["scp"] = new JsonArray("mcp:write", "mcp:read"))),
        new("nested actors", "accepted", f => Payload(f, p => p["act"] = JsonNode.Parse("""{"sub":"a","act":{"sub":"b"}}"""))),
        new("subject of 255 characters", "accepted", f => Payload(f, p => p["sub"] = new string('x', 255))),
        new("subject of 255 characters of two units each", "accepted", f => Payload(f, p => p["sub"] = string.Concat(Enumerable.Repeat("\U0001F600", 255)))),
        new("b64 without crit", "accepted", f => Header(f, h => h["b64"] = true)),
        new("b64 without crit, false", "accepted", f => Header(f, h => h["b64"] = false)),
        new("a header that nobody knows", "accepted", f => Header(f, h => h["x"] = new JsonObject { ["crit"] = new JsonArray("x") })),

        // Size and form.
        new("empty", "malformed", _ => ""),
        new("over 16 KiB", "too_large", f => Payload(f, p => p["pad"] = new string('x', 16 * 1024))),
        new("one part", "malformed", _ => "opaque-token"),
        new("two parts", "malformed", f => f.Token()[..f.Token().LastIndexOf('.')]),
        new("four parts", "malformed", f => f.Token() + ".e30"),
        new("five parts", "jwe_not_allowed", f => f.Token() + ".e30.e30"),
        new("five empty parts", "jwe_not_allowed", _ => "...."),
        new("16 000 parts", "malformed", _ => new string('.', 16_000)),
        new("200 000 parts", "too_large", _ => new string('.', 200_000)),
        new("three empty parts", "malformed", _ => ".."),
        new("no header", "malformed", f => f.Token()[f.Token().IndexOf('.')..]),
        new("JSON serialisation", "malformed", f => """{"payload":"e30","signatures":[]}"""),
        new("text that is no JSON", "malformed", f => TokenForge.Sign("header", "payload", TestKeys.Es256)),
        new("payload an array", "malformed", f => TokenForge.Sign(HeaderText, "[]", TestKeys.Es256)),
        new("payload a string", "malformed", f => TokenForge.Sign(HeaderText, "\"x\"", TestKeys.Es256)),
        new("payload null", "malformed", f => TokenForge.Sign(HeaderText, "null", TestKeys.Es256)),
        new("header an array", "malformed", f => TokenForge.Sign("[]", PayloadText(f), TestKeys.Es256)),
        new("byte order mark", "malformed", f => TokenForge.Sign(HeaderText, "\uFEFF" + PayloadText(f), TestKeys.Es256)),
        new("comment", "malformed", f => TokenForge.Sign(HeaderText, "/**/" + PayloadText(f), TestKeys.Es256)),
        new("single quotes", "malformed", f => TokenForge.Sign(HeaderText, PayloadText(f).Replace('"', '\''), TestKeys.Es256)),
        new("trailing comma", "malformed", f => TokenForge.Sign(HeaderText, PayloadText(f)[..^1] + ",}", TestKeys.Es256)),
        new("trailing byte", "malformed", f => TokenForge.Sign(HeaderText, PayloadText(f) + "x", TestKeys.Es256)),
        new("trailing NUL", "malformed", f => TokenForge.Sign(HeaderText, PayloadText(f) + "\0", TestKeys.Es256)),
        new("second object", "malformed", f => TokenForge.Sign(HeaderText, PayloadText(f) + "{}", TestKeys.Es256)),
        new("invalid UTF-8", "malformed", f => TokenForge.Sign(Encoding.UTF8.GetBytes(HeaderText), [.. Encoding.UTF8.GetBytes(PayloadText(f)[..^2]), 0xC3, (byte)'"', (byte)'}'], TestKeys.Es256)),
        new("lone surrogate in a value", "malformed", f => TokenForge.Sign(HeaderText, PayloadText(f)[..^1] + ",\"x\":\"\\ud800\"}", TestKeys.Es256)),
        new("lone surrogate in a name", "malformed", f => TokenForge.Sign(HeaderText, PayloadText(f)[..^1] + ",\"\\udc00\":1}", TestKeys.Es256)),
        new("nested 33 deep", "malformed", f => TokenForge.Sign(HeaderText, PayloadText(f)[..^1] + ",\"x\":" + new string('[', 32) + new string(']', 32) + "}", TestKeys.Es256)),
        new("nested 32 deep", "accepted", f => TokenForge.Sign(HeaderText, PayloadText(f)[..^1] + ",\"x\":" + new string('[', 31) + new string(']', 31) + "}", TestKeys.Es256)),

        // Encoding.
        new("padding", "noncanonical_encoding", f => f.Token() + "="),
        new("white space at the end", "noncanonical_encoding", f => f.Token() + " "),
        new("line break inside", "noncanonical_encoding", f => f.Token().Insert(5, "\n")),
        new("plus sign", "noncanonical_encoding", f => "+" + f.Token()[1..]),
        new("slash", "noncanonical_encoding", f => f.Token()[..^1] + "/"),
        new("full-width letter", "noncanonical_encoding", f => "\uFF45" + f.Token()[1..]),
        new("length that no bytes have", "noncanonical_encoding", f => f.Token() + "AAA"),
        new("spare bits in the signature", "noncanonical_encoding", f => WithSpareBits(f.Token())),
        new("spare bits in the header", "noncanonical_encoding", f => HeaderWithSpareBits(f.Token())),

        // Duplicates.
        new("duplicate claim", "duplicate_member", f => TokenForge.Sign(HeaderText, PayloadText(f)[..^1] + ",\"sub\":\"bob\"}", TestKeys.Es256)),
        new("duplicate claim, escaped", "duplicate_member", f => TokenForge.Sign(HeaderText, PayloadText(f)[..^1] + ",\"\\u0073ub\":\"bob\"}", TestKeys.Es256)),
        new("duplicate deep inside", "duplicate_member", f => TokenForge.Sign(HeaderText, PayloadText(f)[..^1] + ",\"x\":[{\"y\":{\"a\":1,\"a\":1}}]}", TestKeys.Es256)),
        new("duplicate header member", "duplicate_member", f => TokenForge.Sign(HeaderText[..^1] + ",\"alg\":\"none\"}", PayloadText(f), TestKeys.Es256)),
        new("duplicate before a forbidden header", "duplicate_member", f => TokenForge.Sign(HeaderText[..^1] + ",\"jwk\":{},\"jwk\":{}}", PayloadText(f), TestKeys.Es256)),

        // Header.
        new("jwk", "header_forbidden", f => Header(f, h => h["jwk"] = TestKeys.Stranger.Jwk(), TestKeys.Stranger)),
        new("jku", "header_forbidden", f => Header(f, h => h["jku"] = f.Issuer.JwksUrl)),
        new("x5u", "header_forbidden", f => Header(f, h => h["x5u"] = f.Issuer.JwksUrl)),
        new("x5c", "header_forbidden", f => Header(f, h => h["x5c"] = new JsonArray("MII"))),
        new("jwk, escaped", "header_forbidden", f => TokenForge.Sign(HeaderText[..^1] + ",\"\\u006awk\":{}}", PayloadText(f), TestKeys.Es256)),
        new("jwk null", "header_forbidden", f => Header(f, h => h["jwk"] = null)),
        new("forbidden header before crit", "header_forbidden", f => Header(f, h => { h["jku"] = "x"; h["crit"] = new JsonArray("x"); })),
        new("crit", "crit_unsupported", f => Header(f, h => { h["crit"] = new JsonArray("exp"); h["exp"] = 1; })),
        new("empty crit", "crit_unsupported", f => Header(f, h => h["crit"] = new JsonArray())),
        new("b64 in crit", "crit_unsupported", f => Header(f, h => { h["crit"] = new JsonArray("b64"); h["b64"] = false; })),
        new("crit before alg", "crit_unsupported", f => Header(f, h => { h["crit"] = new JsonArray("b64"); h["alg"] = "none"; })),
        .. new[] { "none", "None", "NONE", "nOnE", "", "HS256", "HS384", "HS512", "es256", "ES256 ", "ES256K", "EdDSA", "RS1", "RSA-OAEP", "dir" }
            .Select(alg => new Case($"alg '{alg}'", "alg_not_allowed", f => Header(f, h => h["alg"] = alg))),
        new("alg none without a signature", "alg_not_allowed", f => WithoutSignature(f, "none")),
        new("alg that the issuer does not use", "alg_not_allowed", f => Header(f, h => h["alg"] = "ES384")),
        new("no alg", "alg_not_allowed", f => Header(f, h => h.Remove("alg"))),
        new("alg a number", "alg_not_allowed", f => Header(f, h => h["alg"] = 256)),
        new("alg before typ", "alg_not_allowed", f => Header(f, h => { h["alg"] = "none"; h["typ"] = "JWT"; })),
        .. new[] { "JWT", "logout+jwt", "dpop+jwt", "client-authentication+jwt", "oauth-id-jag+jwt", "id_token+jwt", "at", "at+jwt ", "", "application/x/at+jwt", "at+\u212Awt", "text/at+jwt" }
            .Select(typ => new Case($"typ '{typ}'", "typ_not_allowed", f => Header(f, h => h["typ"] = typ))),
        new("no typ", "typ_not_allowed", f => Header(f, h => h.Remove("typ"))),
        new("typ null", "typ_not_allowed", f => Header(f, h => h["typ"] = null)),
        new("typ before issuer", "typ_not_allowed", f => f.Token((h, p) => { h["typ"] = "JWT"; p["iss"] = "https://evil.example"; })),

        // Issuer.
        new("another issuer", "issuer_unknown", f => Payload(f, p => p["iss"] = "https://evil.example")),
        new("a slash more", "issuer_unknown", f => Payload(f, p => p["iss"] = f.Issuer.Issuer + "/")),
        new("a prefix", "issuer_unknown", f => Payload(f, p => p["iss"] = f.Issuer.Issuer[..^1])),
        new("another case", "issuer_unknown", f => Payload(f, p => p["iss"] = f.Issuer.Issuer.ToUpperInvariant())),
        new("empty issuer", "issuer_unknown", f => Payload(f, p => p["iss"] = "")),
        new("issuer in an array", "claim_type_invalid", f => Payload(f, p => p["iss"] = new JsonArray(f.Issuer.Issuer))),
        new("issuer a number", "claim_type_invalid", f => Payload(f, p => p["iss"] = 1)),
        new("no issuer", "claim_type_invalid", f => Payload(f, p => p.Remove("iss"))),
        new("issuer before key", "issuer_unknown", f => f.Token((h, p) => { h["kid"] = "unknown"; p["iss"] = "https://evil.example"; })),

        // Key and signature.
        .. new[] { "unknown", "ES256", "es256 ", "../../dev/null", "https://evil.example/key", "' OR 1=1 --", "\0" }
            .Select(kid => new Case($"kid '{kid}'", "kid_unknown", f => Header(f, h => h["kid"] = kid))),
        new("no kid", "kid_unknown", f => Header(f, h => h.Remove("kid"))),
        new("empty kid", "kid_unknown", f => Header(f, h => h["kid"] = "")),
        new("kid a number", "kid_unknown", f => Header(f, h => h["kid"] = 1)),
        new("kid of one key, signature of another", "signature_invalid", f => f.Token(key: TestKeys.Stranger.As(kid: "es256"))),
        new("kid of a key for another algorithm", "key_not_for_signing", f => f.Token(key: TestKeys.Rs256.As(kid: "es256"))),
        new("RS256 with the key of PS256", "key_not_for_signing", f => f.Token(key: TestKeys.Ps256.As(algorithm: "RS256"))),
        new("no signature", "signature_invalid", f => f.Token()[..(f.Token().LastIndexOf('.') + 1)]),
        new("payload of another token", "signature_invalid", f => Splice(f.Token(), Payload(f, p => p["sub"] = "mallory"))),
        new("header of another token", "signature_invalid", f => Header(f, h => h["x"] = 1).Split('.')[0] + f.Token()[f.Token().IndexOf('.')..]),
        new("r and s of zero", "signature_invalid", f => WithSignature(f.Token(), new byte[64])),
        new("r and s of the order", "signature_invalid", f => WithSignature(f.Token(), [.. P256Order, .. P256Order])),
        new("signature in DER", "signature_invalid", f => WithDerSignature(f.Token())),
        new("signature a byte short", "signature_invalid", f => WithSignature(f.Token(), SignatureOf(f.Token())[..^1])),
        new("signature a byte long", "signature_invalid", f => WithSignature(f.Token(), [.. SignatureOf(f.Token()), 0])),
        new("signature before claim types", "signature_invalid", f => f.Token((_, p) => p["exp"] = "x", TestKeys.Stranger.As(kid: "es256"))),

        // Claim types.
        .. new[] { "exp", "iat", "nbf" }.SelectMany(claim => new[] { "\"1767268900\"", "1767268900.0", "1767268900.5", "1.7672689e9", "-1", "-0", "1e400", "99999999999999999999", "253402300800", "null", "true", "[]", "{}" }
            .Select(value => new Case($"{claim} {value}", "claim_type_invalid", f => Payload(f, p => p[claim] = JsonNode.Parse(value))))),
        .. new[] { "null", "{}", "\"read\"", """[{"type":"read"},"pay"]""", """[{"action":"pay"}]""", """[{"type":1}]""" }.Select(details =>
            new Case("authorization_details " + details, "claim_type_invalid", f => Payload(f, p => p["authorization_details"] = JsonNode.Parse(details)))),
        new("no exp", "claim_type_invalid", f => Payload(f, p => p.Remove("exp"))),
        .. new[] { "jti", "client_id", "azp", "appid", "cid" }.SelectMany(claim => new[] { "1", "null", "[\"a\"]", "{}" }
            .Select(value => new Case($"{claim} {value}", "claim_type_invalid", f => Payload(f, p => p[claim] = JsonNode.Parse(value))))),
        new("empty client", "claim_type_invalid", f => Payload(f, p => p["client_id"] = "")),
        new("scope an array", "claim_type_invalid", f => Payload(f, p => p["scope"] = new JsonArray("mcp:read"))),
        new("scope null", "claim_type_invalid", f => Payload(f, p => p["scope"] = null)),
        new("scp a number", "claim_type_invalid", f => Payload(f, p => p["scp"] = 1)),
        new("scp with a number", "claim_type_invalid", f => Payload(f, p => { p.Remove("scope"); p["scp"] = new JsonArray("a", 1); })),
        new("scp with two scopes in one element", "claim_type_invalid", f => Payload(f, p => { p.Remove("scope"); p["scp"] = new JsonArray("mcp:read mcp:write"); })),
        new("scp with two scopes in one element, equal to scope when joined", "claim_type_invalid", f => Payload(f, p => p["scp"] = new JsonArray("mcp:read mcp:write"))),
        new("scp with an empty element", "claim_type_invalid", f => Payload(f, p => { p.Remove("scope"); p["scp"] = new JsonArray("mcp:read", ""); })),
        new("scp with a tab", "claim_type_invalid", f => Payload(f, p => { p.Remove("scope"); p["scp"] = new JsonArray("mcp:read\tmcp:write"); })),
        new("scp with a quote", "claim_type_invalid", f => Payload(f, p => { p.Remove("scope"); p["scp"] = new JsonArray("mcp:\"read\""); })),
        new("scp a string with a no-break space", "claim_type_invalid", f => Payload(f, p => { p.Remove("scope"); p["scp"] = "mcp:read\u00a0mcp:write"; })),
        new("scope with a line break", "claim_type_invalid", f => Payload(f, p => p["scope"] = "mcp:read\nmcp:write")),
        new("scope with a backslash", "claim_type_invalid", f => Payload(f, p => p["scope"] = "mcp\\read")),
        new("scope beyond ASCII", "claim_type_invalid", f => Payload(f, p => p["scope"] = "mcp:lés")),
        new("scope and scp differ", "claim_type_invalid", f => Payload(f, p => p["scp"] = "mcp:admin")),
        new("aud a number", "claim_type_invalid", f => Payload(f, p => p["aud"] = 1)),
        new("aud null", "claim_type_invalid", f => Payload(f, p => p["aud"] = null)),
        new("aud an object", "claim_type_invalid", f => Payload(f, p => p["aud"] = new JsonObject { ["a"] = Resource })),
        new("aud with a number", "claim_type_invalid", f => Payload(f, p => p["aud"] = new JsonArray(Resource, 1))),
        new("aud with an array", "claim_type_invalid", f => Payload(f, p => p["aud"] = new JsonArray(Resource, new JsonArray()))),
        new("act a string", "claim_type_invalid", f => Payload(f, p => p["act"] = "agent")),
        new("act with an empty sub", "claim_type_invalid", f => Payload(f, p => p["act"] = new JsonObject { ["sub"] = "" })),
        new("act without sub", "claim_type_invalid", f => Payload(f, p => p["act"] = new JsonObject())),
        new("act null", "claim_type_invalid", f => Payload(f, p => p["act"] = null)),
        new("nested act an array", "claim_type_invalid", f => Payload(f, p => p["act"] = JsonNode.Parse("""{"sub":"a","act":[]}"""))),
        new("nested act with a number as sub", "claim_type_invalid", f => Payload(f, p => p["act"] = JsonNode.Parse("""{"sub":"a","act":{"sub":1}}"""))),
        new("claim types before times", "claim_type_invalid", f => Payload(f, p => { p["exp"] = 1; p["aud"] = 1; })),

        // Times.
        new("expired", "expired", f => Payload(f, p => p["exp"] = Seconds(-30))),
        new("expired long ago", "expired", f => Payload(f, p => p["exp"] = 0)),
        new("nbf ahead", "not_yet_valid", f => Payload(f, p => p["nbf"] = Seconds(31))),
        new("iat ahead", "not_yet_valid", f => Payload(f, p => p["iat"] = Seconds(31))),
        new("lives for more than a day", "lifetime_excessive", f => Payload(f, p => p["exp"] = Seconds(86_401))),
        new("lives for exactly a day", "accepted", f => Payload(f, p => p["exp"] = Seconds(86_400))),
        new("lives for more than a day from now", "lifetime_excessive", f => Payload(f, p => { p.Remove("iat"); p["exp"] = Seconds(86_401); })),
        new("lives for ever", "lifetime_excessive", f => Payload(f, p => p["exp"] = 253402300799)),
        new("issued long ago for long", "lifetime_excessive", f => Payload(f, p => p["iat"] = Seconds(-90_000))),
        new("times before subject", "expired", f => Payload(f, p => { p["exp"] = 1; p.Remove("sub"); })),

        // Subject.
        .. new[] { "null", "1", "{}", "[\"alice\"]", "\"\"", "\" \"", "\"\\u00a0\\t\"" }
            .Select(value => new Case($"sub {value}", "subject_invalid", f => Payload(f, p => p["sub"] = JsonNode.Parse(value)))),
        new("no sub", "subject_invalid", f => Payload(f, p => p.Remove("sub"))),
        new("sub of 256 characters", "subject_invalid", f => Payload(f, p => p["sub"] = new string('x', 256))),
        new("sub of 256 characters of two units each", "subject_invalid", f => Payload(f, p => p["sub"] = string.Concat(Enumerable.Repeat("\U0001F600", 256)))),
        new("sub of 256 characters, some of two units", "subject_invalid", f => Payload(f, p => p["sub"] = "\U0001F600" + new string('x', 255))),
        new("subject before audience", "subject_invalid", f => Payload(f, p => { p.Remove("sub"); p.Remove("aud"); })),

        // Audience.
        new("no aud", "audience_invalid", f => Payload(f, p => p.Remove("aud"))),
        new("empty aud", "audience_invalid", f => Payload(f, p => p["aud"] = "")),
        new("empty array of aud", "audience_invalid", f => Payload(f, p => p["aud"] = new JsonArray())),
        new("only a companion", "audience_invalid", f => Payload(f, p => p["aud"] = Companion)),
        .. new[]
        {
            "https://mcp.example/weather/", "https://mcp.example:443/weather", "https://MCP.example/weather", "HTTPS://mcp.example/weather", "https://mcp.example/Weather",
            "https://mcp.example/weather/v2", "https://mcp.example", "https://mcp.example/", "https://mcp.example/weathe", "https://mcp.example/weather2", "https://mcp.example/%77eather",
            "https://mcp.example//weather", "https://mcp.example/./weather", "https://mcp.example/weather?", "https://mcp.example/weather#", " https://mcp.example/weather", "https://mcp.example/weather\0",
            "https://xn--mcp-example/weather", "https://mcp.ex\u0430mple/weather", "https://mcp.example/hop", "http://mcp.example/weather", "weather", "*", "API://weather",
        }.Select(aud => new Case($"aud '{aud}'", "audience_invalid", f => Payload(f, p => p["aud"] = aud))),
        new("another server's audience as well", "audience_not_single", f => Payload(f, p => p["aud"] = new JsonArray(Resource, "https://mcp.example/mail"))),
        new("the server in another case as well", "audience_not_single", f => Payload(f, p => p["aud"] = new JsonArray(Resource, Resource.ToUpperInvariant()))),
        new("an empty audience as well", "audience_not_single", f => Payload(f, p => p["aud"] = new JsonArray(Resource, ""))),
        new("a companion in another case", "audience_not_single", f => Payload(f, p => p["aud"] = new JsonArray(Resource, "MCP-GATEWAY"))),
        new("audience before sender constraint", "audience_invalid", f => Payload(f, p => { p["aud"] = "x"; p["cnf"] = new JsonObject(); })),
        new("bound to a key", "sender_constrained", f => Payload(f, p => p["cnf"] = new JsonObject { ["jkt"] = "x" })),
        new("cnf null", "sender_constrained", f => Payload(f, p => p["cnf"] = null)),
    ];

    public static string Header(ITokenSource fixture, Action<JsonObject> change, TestKey? key = null) => fixture.Token((header, _) => change(header), key);

    public static string Payload(ITokenSource fixture, Action<JsonObject> change) => fixture.Token((_, payload) => change(payload));

    private static string PayloadText(ITokenSource fixture) => TokenForge.Payload(fixture.Issuer.Issuer, Resource, Now).ToJsonString();

    public static string WithoutSignature(ITokenSource fixture, string algorithm)
    {
        var token = Header(fixture, h => h["alg"] = algorithm);
        return token[..(token.LastIndexOf('.') + 1)];
    }

    private static string Splice(string token, string other) => $"{token.Split('.')[0]}.{other.Split('.')[1]}.{token.Split('.')[2]}";

    private static byte[] SignatureOf(string token) => Base64Url.DecodeFromChars(token.AsSpan(token.LastIndexOf('.') + 1));

    private static string WithSignature(string token, byte[] signature) => token[..(token.LastIndexOf('.') + 1)] + Base64Url.EncodeToString(signature);

    private static string WithDerSignature(string token) => WithSignature(
        token,
        TestKeys.Es256.Ec!.SignData(Encoding.ASCII.GetBytes(token[..token.LastIndexOf('.')]), System.Security.Cryptography.HashAlgorithmName.SHA256, System.Security.Cryptography.DSASignatureFormat.Rfc3279DerSequence));

    // 64 bytes leave four spare bits in the last character: the next character decodes to the same bytes.
    private static string WithSpareBits(string token) => token[..^1] + (char)(token[^1] + 1);

    private static string HeaderWithSpareBits(string token)
    {
        var end = token.IndexOf('.');
        Assert.NotEqual(0, end % 4);
        return token[..(end - 1)] + (char)(token[end - 1] + 1) + token[end..];
    }

    private static long Seconds(int fromNow) => Now.ToUnixTimeSeconds() + fromNow;

    public sealed record Case(string Name, string Reason, Func<ITokenSource, string> Token);
}
