using Deputy.Attacks;
using Deputy.Staging;
using Deputy.Wire;

namespace Deputy.Families;

/// <summary>A front for clients that cannot register sends nobody anywhere without the user's consent to this client, server and scopes.</summary>
internal static class FrontCases
{
    private const string Consent = "MCP Security Best Practices, Confused Deputy: proxies with a static client id";
    private const string Redirects = "RFC 9700 §4.1, §4.11; OAuth 2.1 §2.3.1";
    private const string Challenge = "43-characters-of-base64url-are-a-challenge--";

    public static IReadOnlyList<Case> All { get; } =
    [
        Authorize("front.redirect-foreign", "A redirect URI of a stranger is refused, and nobody sent there.", Redirects, query => query["redirect_uri"] = "https://evil.elsewhere.test/callback"),
        Authorize("front.redirect-longer", "Also one that begins with a listed one.", Redirects, query => query["redirect_uri"] = "https://client.deputy.test/callback/../evil"),
        Authorize("front.redirect-host-suffix", "Also a host that ends otherwise.", Redirects, query => query["redirect_uri"] = "https://client.deputy.test.elsewhere.test/callback"),
        Authorize("front.redirect-user-info", "Also with user info.", Redirects, query => query["redirect_uri"] = "https://client.deputy.test@evil.elsewhere.test/callback"),
        Authorize("front.redirect-loopback-user", "Also on loopback with user info.", Redirects, query => query["redirect_uri"] = "http://127.0.0.1:80@evil.elsewhere.test/callback"),
        Authorize("front.redirect-loopback-path", "Also on loopback by another path.", Redirects, query => query["redirect_uri"] = "http://127.0.0.1:8123/other"),
        Authorize("front.redirect-fragment", "Also with a fragment.", Redirects, query => query["redirect_uri"] = "https://client.deputy.test/callback#x"),
        Authorize("front.redirect-missing", "And none.", Redirects, query => query.Remove("redirect_uri")),
        Authorize("front.client", "Another client is refused.", Consent, query => query["client_id"] = "another-client"),
        Authorize("front.response-type", "A token in the redirect is refused.", "OAuth 2.1 §10.1", query => query["response_type"] = "token"),
        Authorize("front.pkce-plain", "PKCE is not weakened.", "RFC 9700 §2.1.1", query => query["code_challenge_method"] = "plain"),
        Authorize("front.pkce-missing", "Nor left out.", "RFC 9700 §2.1.1", query => query.Remove("code_challenge")),
        Authorize("front.state-missing", "Nor is state.", "RFC 9700 §4.7", query => query.Remove("state")),
        Authorize("front.resource-missing", "A token for nothing is refused.", "MCP Authorization: resource parameter; RFC 8707", query => query.Remove("resource")),
        Authorize("front.resource-foreign", "A token for somebody else's server, too.", "RFC 8707", query => query["resource"] = "https://mcp.elsewhere.test/"),
        Authorize("front.resource-other-issuer", "And for a server that does not use this front.", "RFC 8707", query => query["resource"] = Stage.Resource("alpha")),
        Authorize("front.twice", "A parameter twice is refused.", "RFC 6749 §3.1", _ => { }, "&redirect_uri=https%3A%2F%2Fevil.elsewhere.test"),
        Authorize("front.twice-scope", "Any of them.", "RFC 6749 §3.1", _ => { }, "&state=b"),
        new("front.consent", "Nobody is sent on before the user has said yes here.", Consent, async attack =>
        {
            var call = Get(Query());
            var answer = await attack.SendAsync(call);
            return Verdict.BrokenIf(answer.Header("Location") is not null || answer.Status is >= 300 and < 400, "He is.", call.Line, $"got   {answer.Status} Location: {answer.Header("Location")}", "seen  no page");
        }) { Needs = ["front"], Server = "fronted", Control = ControlAsync },
        new("front.consent-framed", "No page may frame the consent.", Consent + ": clickjacking", async attack =>
        {
            var call = Get(Query());
            var answer = await attack.SendAsync(call);
            return Verdict.BrokenIf(answer.Header("Content-Security-Policy")?.Contains("frame-ancestors 'none'", StringComparison.Ordinal) != true, "One may.", call.Line, Attack.Got(answer), $"seen  Content-Security-Policy: {answer.Header("Content-Security-Policy")}");
        }) { Needs = ["front"], Server = "fronted", Control = ControlAsync },
        new("front.consent-forged", "Nor can another page say yes for him.", Consent + ": CSRF", async attack =>
        {
            var call = new Call("fronted") { Target = "/oauth/fronted/authorize?" + Join(Query()), ContentType = "application/x-www-form-urlencoded", Body = Join(Query()) + "&approve=yes&consent=yes" };
            var answer = await attack.SendAsync(call);
            return Verdict.BrokenIf(answer.Header("Location") is not null, "It can.", call.Line, $"got   {answer.Status} Location: {answer.Header("Location")}", "seen  no page");
        }) { Needs = ["front"], Server = "fronted", Control = ControlAsync },
        new("front.register-foreign", "A redirect URI of a stranger is not registered.", "RFC 7591 §5", async attack =>
        {
            var call = new Call("fronted") { Target = "/oauth/fronted/register", Body = """{"redirect_uris":["https://evil.elsewhere.test/callback"]}""" };
            var answer = await attack.SendAsync(call);
            return Verdict.BrokenIf(answer.IsSuccess, "It is.", call.Line, Attack.Got(answer), "seen  nothing");
        }) { Needs = ["front"], Server = "fronted", Control = ControlAsync },
        new("front.secret", "No client gets a secret there.", "OAuth 2.1 §2.1", async attack =>
        {
            var call = new Call("fronted") { Target = "/oauth/fronted/register", Body = """{"redirect_uris":["https://client.deputy.test/callback"]}""" };
            var answer = await attack.SendAsync(call);
            return Verdict.BrokenIf(answer.Json?["client_secret"] is not null || answer.Raw.Contains(Peers.AuthorizationServer.ClientSecret, StringComparison.Ordinal), "One does.", call.Line, Attack.Got(answer), "seen  a secret");
        }) { Needs = ["front"], Server = "fronted", Control = ControlAsync },
    ];

    private static Dictionary<string, string> Query() => new()
    {
        ["response_type"] = "code",
        ["client_id"] = "public-client",
        ["redirect_uri"] = "https://client.deputy.test/callback",
        ["state"] = "s-" + Peers.Marker.Fresh(),
        ["code_challenge"] = Challenge[..43],
        ["code_challenge_method"] = "S256",
        ["resource"] = Stage.Resource("fronted"),
        ["scope"] = "files:read",
    };

    private static string Join(Dictionary<string, string> query) => string.Join('&', query.Select(pair => $"{pair.Key}={Uri.EscapeDataString(pair.Value)}"));

    private static Call Get(Dictionary<string, string> query, string more = "") => new("fronted") { Method = "GET", Target = "/oauth/fronted/authorize?" + Join(query) + more };

    /// <summary>The honest request shows a page that names the client's host.</summary>
    private static async Task<string?> ControlAsync(Attack attack)
    {
        Answer answer = await attack.SendAsync(Get(Query()));
        return answer.Status == 200 && answer.Body.Contains("client.deputy.test", StringComparison.Ordinal) ? null : $"the honest request got {answer.Line}";
    }

    private static Case Authorize(string id, string claim, string source, Action<Dictionary<string, string>> change, string more = "") => new(id, claim, source, async attack =>
    {
        var query = Query();
        change(query);
        var call = Get(query, more);
        var answer = await attack.SendAsync(call);
        return Verdict.First(
            Verdict.BrokenIf(answer.Header("Location") is not null, "Somebody is sent somewhere.", call.Line, $"got   {answer.Status} Location: {answer.Header("Location")}", "seen  no page"),
            Verdict.BrokenIf(answer.IsSuccess, "The consent is asked for.", call.Line, Attack.Got(answer), "seen  a page"),
            answer.Status is 0 or >= 500 ? Verdict.Error("A fault of the target.", call.Line, Attack.Got(answer)) : Verdict.Held);
    })
    { Needs = ["front"], Server = "fronted", Control = ControlAsync };
}
