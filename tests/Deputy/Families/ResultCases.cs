using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Deputy.Attacks;
using Deputy.Peers;
using Deputy.Staging;
using Deputy.Tokens;
using Deputy.Wire;

namespace Deputy.Families;

/// <summary>What an authorization server returns is verified before it is used: an answer of 200 proves nothing.</summary>
internal static class ResultCases
{
    private const string Audience = "RFC 8693 §2.2.1; RFC 8707 §2: products ignore the target";
    private const string Verified = "RFC 9068 §4; the deputy must know what it sends";
    private const string Shape = "RFC 8693 §2.2.1; RFC 6749 §5.1";

    private static readonly Lazy<Key> Stranger = new(() => Key.Create("ES256", "result-stranger"));

    public static IReadOnlyList<Case> All { get; } =
    [
        // The token.
        Token("result.audience-of-another", "A token for another server is not sent here.", Audience, (_, token) => token.Payload["aud"] = Stage.Inner("beta")),
        Token("result.audience-extra", "Nor one for this server and another.", Audience, (_, token) => token.Payload["aud"] = new JsonArray(Stage.Inner("alpha"), Stage.Inner("beta"))),
        Token("result.audience-requester", "Nor one for the gateway as client.", Audience + " (Spring, Keycloak)", (_, token) => token.Payload["aud"] = AuthorizationServer.ClientId),
        Token("result.audience-boomerang", "Nor one that the gateway itself would take.", Audience, (_, token) => token.Payload["aud"] = Stage.Resource("alpha")),
        Token("result.audience-slash", "Nor one whose audience is nearly right.", Audience, (_, token) => token.Payload["aud"] = Stage.Inner("alpha") + "/"),
        Token("result.audience-missing", "Nor one for nobody.", Audience, (_, token) => token.Payload.Remove("aud")),
        Token("result.audience-empty", "Nor one for an empty list.", Audience, (_, token) => token.Payload["aud"] = new JsonArray()),
        Token("result.audience-in-case", "Nor one whose audience differs in case.", Audience, (_, token) => token.Payload["aud"] = "https://ALPHA.internal/mcp"),
        Token("result.subject-of-another", "A token of somebody else is not sent for this caller.", "RFC 8693 §1.1", (_, token) => token.Payload["sub"] = "admin"),
        Token("result.subject-missing", "Nor one of nobody.", Verified, (_, token) => token.Payload.Remove("sub")),
        Token("result.subject-in-case", "Subjects differ in case.", "RFC 7519 §4.1.2", (_, token) => token.Payload["sub"] = token.Payload["sub"]!.ToString().ToUpperInvariant()),
        Token("result.scope-wider", "A wider scope is refused.", "RFC 8693 §2.2.1; RFC 9700 §2.3", (_, token) => token.Payload["scope"] = "files:read files:admin"),
        Token("result.scope-wider-scp", "Also as scp.", "RFC 8693 §2.2.1", (_, token) =>
        {
            token.Payload.Remove("scope");
            token.Payload["scp"] = new JsonArray("files:read", "files:admin");
        }),
        Token("result.issuer-other", "Another issuer is refused.", Verified, (_, token) => token.Payload["iss"] = "https://login.elsewhere.test"),
        Token("result.issuer-missing", "And none.", Verified, (_, token) => token.Payload.Remove("iss")),
        Token("result.key-stranger", "A key that the issuer does not publish signs no result.", Verified, (_, token) => token.Key = Stranger.Value),
        Token("result.kid-stranger", "Nor under its own id.", Verified, (_, token) => (token.Key, token.Header["kid"]) = (Stranger.Value, Stranger.Value.Kid)),
        Token("result.key-for-encryption", "Nor a key published for encryption.", "RFC 7517 §4.2", (exchange, token) => (token.Key, token.Header["kid"]) = (exchange.Server.Unfit["encryption"], exchange.Server.Unfit["encryption"].Kid)),
        Token("result.alg-none", "An unsigned result is refused.", Verified, (_, token) => (token.Header["alg"], token.Signature) = ("none", _ => [])),
        Token("result.hs256", "One signed with the public key as secret is refused.", Verified, (exchange, token) => (token.Header["alg"], token.Signature) = ("HS256", input => HMACSHA256.HashData(Encoding.ASCII.GetBytes(exchange.Server.Key.PublicPem()), input))),
        Token("result.jwk", "A key in its header is not used.", "RFC 8725 §3.10", (_, token) => (token.Key, token.Header["jwk"]) = (Stranger.Value, Stranger.Value.Jwk())),
        Token("result.expired", "An expired result is refused.", Verified, (exchange, token) => token.Payload["exp"] = exchange.Server.Clock.GetUtcNow().ToUnixTimeSeconds() - 600),
        Token("result.exp-missing", "And one without end.", Verified, (_, token) => token.Payload.Remove("exp")),
        Token("result.lifetime", "And one that is good for a day, though the inbound token is.", "RFC 9700 §2.2.2", (exchange, token) => token.Payload["exp"] = exchange.Subject["exp"]!.GetValue<long>() - 1000, token => token.Payload["exp"] = token.Payload["iat"]!.GetValue<long>() + 80_000),
        Token("result.not-before", "And one of tomorrow.", Verified, (exchange, token) => token.Payload["nbf"] = exchange.Server.Clock.GetUtcNow().ToUnixTimeSeconds() + 80000),
        Token("result.duplicate-aud", "And one with two audiences under one name.", "RFC 7519 §4", (_, token) => token.PayloadText = text => "{\"aud\":\"https://beta.internal/mcp\"," + text[1..]),
        Token("result.id-token", "And an ID token.", "RFC 8725 §3.11", (_, token) => (token.Header["typ"], token.Payload["nonce"]) = ("logout+jwt", "n")),
        Token("result.actor-of-another", "And one that says somebody else acts.", "RFC 8693 §4.1", (_, token) => token.Payload["act"] = new JsonObject { ["sub"] = "other-client" }),

        // The answer around it.
        Answer("result.echo", "The subject's own token in return is refused.", "RFC 8693 §2.2.1; passthrough by the back door", (exchange, answer) => answer["access_token"] = exchange.SubjectToken),
        Answer("result.opaque", "An opaque token where a JWT was promised is refused.", Verified, (_, answer) => answer["access_token"] = "2YotnFZFEjr1zCsicMWpAA"),
        Answer("result.empty", "An empty token is refused.", Shape, (_, answer) => answer["access_token"] = ""),
        Answer("result.line-end", "A token that would end the header is refused.", "RFC 9110 §5.5; CWE-113", (_, answer) => answer["access_token"] = answer["access_token"] + "\r\nX-Injected: 1"),
        Answer("result.megabyte", "A token of a megabyte is refused.", "RFC 8725 §2.8", (_, answer) => answer["access_token"] = answer["access_token"] + "." + new string('a', 1_000_000)),
        Answer("result.token-type-na", "A token that is no access token is refused.", "RFC 8693 §2.2.1: N_A", (_, answer) => answer["token_type"] = "N_A"),
        Answer("result.token-type-dpop", "A DPoP token that nobody asked for is refused.", "RFC 9449 §5", (_, answer) => answer["token_type"] = "DPoP"),
        Answer("result.token-type-missing", "So is one of no type.", Shape, (_, answer) => answer.Remove("token_type")),
        Answer("result.issued-type-refresh", "A refresh token is refused.", "RFC 8693 §2.2.1", (_, answer) => answer["issued_token_type"] = "urn:ietf:params:oauth:token-type:refresh_token"),
        Answer("result.issued-type-id-token", "An ID token is refused.", "RFC 8693 §2.2.1", (_, answer) => answer["issued_token_type"] = "urn:ietf:params:oauth:token-type:id_token"),
        Answer("result.issued-type-missing", "A token of no issued type is refused.", "RFC 8693 §2.2.1: REQUIRED", (_, answer) => answer.Remove("issued_token_type")),
        Answer("result.answer-scope-wider", "A wider scope around the token is refused.", "RFC 8693 §2.2.1", (_, answer) => answer["scope"] = "files:read files:admin"),
        .. new (string Id, JsonNode Value)[] { ("zero", 0), ("negative", -1), ("huge", 1_000_000_000_000), ("text", "soon"), ("object", new JsonObject()) }.Select(expires =>
            Answer($"result.expires-in-{expires.Id}", $"expires_in of {expires.Value.ToJsonString()} is refused.", "RFC 6749 §5.1", (_, answer) => answer["expires_in"] = expires.Value.DeepClone())),

        // The answer as a whole.
        Raw("result.error-with-200", "An error with status 200 is an error.", Shape, (exchange, reply) => reply.SendAsync(200, """{"error":"invalid_target"}""")),
        Raw("result.html", "A page is no token.", Shape, (exchange, reply) => reply.SendAsync(200, "<html>welcome</html>", "text/html")),
        Raw("result.array", "A list is no answer.", Shape, (exchange, reply) => reply.SendAsync(200, $"[{exchange.Answer(exchange.Token()).ToJsonString()}]")),
        Raw("result.duplicate-token", "Two tokens under one name are refused.", "RFC 8259 §4; RFC 6749 §3.2", (exchange, reply) =>
            reply.SendAsync(200, exchange.Answer(exchange.Token()).ToJsonString().Insert(1, $"\"access_token\":\"{exchange.SubjectToken}\","))),
        Raw("result.trailing-text", "Text after the answer is refused.", "RFC 8259", (exchange, reply) => reply.SendAsync(200, exchange.Answer(exchange.Token()).ToJsonString() + "{}")),
        Raw("result.oversize", "An answer without bounds is refused.", "CWE-770", (exchange, reply) =>
        {
            var answer = exchange.Answer(exchange.Token());
            answer["blob"] = new string('a', 200_000);
            return Exchange.SendAsync(reply, answer);
        }),
        Raw("result.status-201", "Only 200 is success.", "RFC 6749 §5.1", (exchange, reply) => reply.SendAsync(201, exchange.Answer(exchange.Token()).ToJsonString())),
        Redirected,
    ];

    private static Case Redirected => new("result.redirect", "The token endpoint's redirect is not followed: the secret would go along.", "RFC 9700 §4.12; RFC 9110 §15.4.8", async attack =>
    {
        var token = attack.Token();
        attack.Corp.Behave(token.Owner, (_, reply) => reply.EmptyAsync(307, $"Location: {attack.Stage.Canary.Url}/{token.Owner}\r\n"));
        var call = Call.Tool("alpha", token.Build());
        var answer = await attack.SendAsync(call);
        return Verdict.First(
            attack.Refused(call, answer),
            attack.Stage.Canary.Of(token.Owner) is [var seen, ..] ? Verdict.Broken("It was followed.", call.Line, Attack.Got(answer), $"seen  by the attacker: {seen.Line} {Attack.Short(seen.Text)}") : Verdict.Held);
    })
    { Needs = ["exchange"] };

    public static Case Token(string id, string claim, string source, Action<Exchange, Forged> spoil, Action<Forged>? inbound = null) =>
        Raw(id, claim, source, (exchange, reply) =>
        {
            var token = exchange.Token();
            spoil(exchange, token);
            return Exchange.SendAsync(reply, exchange.Answer(token));
        }, inbound);

    public static Case Answer(string id, string claim, string source, Action<Exchange, JsonObject> spoil, Action<Forged>? inbound = null) =>
        Raw(id, claim, source, (exchange, reply) =>
        {
            var answer = exchange.Answer(exchange.Token());
            spoil(exchange, answer);
            return Exchange.SendAsync(reply, answer);
        }, inbound);

    /// <summary>The control is the same call with the same inbound token, honestly exchanged.</summary>
    public static Case Raw(string id, string claim, string source, Func<Exchange, Reply, Task> evil, Action<Forged>? inbound = null) => new(id, claim, source, async attack =>
    {
        var token = attack.Token();
        inbound?.Invoke(token);
        attack.Corp.Behave(token.Owner, evil);
        var call = Call.Tool("alpha", token.Build());
        var answer = await attack.SendAsync(call);
        return attack.Stage.Asked(token.Owner).Count == 0 ? Verdict.Error("The authorization server was never asked.", call.Line, Attack.Got(answer)) : attack.Refused(call, answer);
    })
    {
        Needs = ["exchange"],
        Control = attack =>
        {
            var token = attack.Token();
            inbound?.Invoke(token);
            return attack.HonestAsync(Call.Tool("alpha", token.Build()));
        },
    };
}
