using System.Text.Json.Nodes;
using Deputy.Attacks;
using Deputy.Tokens;
using Deputy.Wire;

namespace Deputy.Families;

/// <summary>A logout ends what it names at once; what is no logout of the issuer ends nothing, and nobody else's.</summary>
internal static class RevocationCases
{
    private const string Logout = "OpenID Connect Back-Channel Logout 1.0 §2.6";
    private const string Events = "RFC 8417; RFC 8935; OpenID CAEP 1.0 §3";

    public static IReadOnlyList<Case> All { get; } =
    [
        Effective("revocation.logout", "After a logout of its subject a token is refused, warm as it is.", Logout, "logout", Logout_),
        Effective("revocation.session-logout", "After a logout of its session, too.", Logout, "logout", (attack, token) =>
        {
            var logout = Logout_(attack, token);
            logout.Payload.Remove("sub");
            logout.Payload["sid"] = token.Payload["sid"]!.ToString();
            return logout;
        }),
        new("revocation.stream", "And its listening streams end.", Logout, async attack =>
        {
            var token = attack.Token();
            token.Payload["sid"] = "s-" + token.Owner;
            var call = Call.Get("alpha", token.Build());
            using var client = await attack.ConnectAsync();
            await client.SendAsync(call.Build());
            for (var deadline = attack.Now + 10; attack.Seen(call) is null && attack.Now < deadline;)
            {
                await Task.Delay(50);
            }

            // The MCP server has it; its first event is on the way.
            await Task.Delay(500);
            var told = await attack.SendAsync(Announce(attack, token));
            var answer = await client.AnswerAsync(TimeSpan.FromSeconds(5));
            return !answer.IsSuccess || !told.IsSuccess ? Verdict.Error($"The stream did not open, or the logout was refused: {told.Line}", call.Line, Attack.Got(answer))
                : Verdict.BrokenIf(answer.Ending == Ending.TimedOut, "They go on.", call.Line, "got   " + told.Line, "seen  a stream that is open five seconds after the logout");
        }) { Needs = ["logout"] },
        Ineffective("revocation.forged", "A logout that the issuer did not sign ends nothing.", Logout, "logout", logout => logout.Signature = _ => new byte[64]),
        Ineffective("revocation.unsigned", "Nor one that nobody signed.", Logout, "logout", logout => (logout.Header["alg"], logout.Signature) = ("none", _ => [])),
        Ineffective("revocation.other-audience", "Nor one for another client.", Logout, "logout", logout => logout.Payload["aud"] = "another-client"),
        Ineffective("revocation.other-issuer", "Nor one of another issuer.", Logout, "logout", logout => logout.Payload["iss"] = "https://login.elsewhere.test"),
        Ineffective("revocation.nonce", "Nor one with a nonce: an ID token in disguise.", Logout, "logout", logout => logout.Payload["nonce"] = "n"),
        Ineffective("revocation.no-event", "Nor one without the event.", Logout, "logout", logout => logout.Payload.Remove("events")),
        Ineffective("revocation.other-event", "Nor one with another event.", Logout, "logout", logout => logout.Payload["events"] = new JsonObject { ["https://elsewhere.test/event"] = new JsonObject() }),
        Ineffective("revocation.old", "Nor one that has expired.", "OpenID Connect Back-Channel Logout 1.0 §2.6 (4): exp", "logout", logout => (logout.Payload["iat"], logout.Payload["exp"]) = (logout.Payload["iat"]!.GetValue<long>() - 900, logout.Payload["iat"]!.GetValue<long>() - 600), age: 1200),
        Ineffective("revocation.no-subject", "Nor one of nobody.", Logout, "logout", logout => logout.Payload.Remove("sub")),
        Ineffective("revocation.access-token", "Nor an access token.", "RFC 8725 §3.11", "logout", logout => logout.Header["typ"] = "at+jwt"),
        Ineffective("revocation.other-user", "Nor does it end anybody else's.", Logout, "logout", logout => logout.Payload["sub"] = "u-somebody-else"),
        Effective("revocation.event", "After a security event a token is refused.", Events, "security-events", Event),
        Ineffective("revocation.event-forged", "One that the issuer did not sign ends nothing.", Events, "security-events", set => set.Signature = _ => new byte[64]),
        Ineffective("revocation.event-audience", "Nor one for another receiver.", Events, "security-events", set => set.Payload["aud"] = "https://elsewhere.test"),
        Ineffective("revocation.event-type", "Nor one that does not say to be one.", "RFC 8417 §2.3", "security-events", set => set.Header["typ"] = "JWT"),
        Ineffective("revocation.event-foreign-subject", "Nor one about a subject of another issuer.", Events, "security-events", set => set.Payload["sub_id"]!["iss"] = "https://login.elsewhere.test"),
        new("revocation.event-ahead", "One that says to be of tomorrow ends no token that is issued after it.", Events + "; RFC 8417 §2.2", async attack =>
        {
            var token = attack.Token();
            var set = Event(attack, token);
            set.Payload["events"]!["https://schemas.openid.net/secevent/caep/event-type/session-revoked"]!["event_timestamp"] = attack.Now + 80_000;
            var post = Post("security-events", set);
            var told = await attack.SendAsync(post);
            await CacheCases.Until(attack, attack.Now + 3);
            return await attack.HonestAsync(Call.Tool("alpha", attack.Token(subject: token.Payload["sub"]!.ToString()).Build())) is { } problem
                ? Verdict.Broken("It does.", post.Line + " " + set.Payload.ToJsonString(), Attack.Got(told), "got   afterwards, with a token that was issued later: " + problem) : Verdict.Held;
        }) { Needs = ["security-events"] },
        Ineffective("revocation.event-unknown", "Nor an event of another kind.", Events, "security-events", set => set.Payload["events"] = new JsonObject { ["https://elsewhere.test/event"] = new JsonObject() }),
    ];

    /// <summary>The issuer's word that this token's subject has logged out.</summary>
    public static Call Announce(Attack attack, Forged token) => Post("logout", Logout_(attack, token));

    private static Forged Logout_(Attack attack, Forged token) => Sign(attack, "logout+jwt", new JsonObject
    {
        ["iss"] = attack.Corp.Issuer,
        ["aud"] = Peers.AuthorizationServer.ClientId,
        ["sub"] = token.Payload["sub"]!.ToString(),
        ["iat"] = attack.Now,
        ["exp"] = attack.Now + 120,
        ["jti"] = "l-" + Guid.NewGuid(),
        ["events"] = new JsonObject { ["http://schemas.openid.net/event/backchannel-logout"] = new JsonObject() },
    });

    private static Forged Event(Attack attack, Forged token) => Sign(attack, "secevent+jwt", new JsonObject
    {
        ["iss"] = attack.Corp.Issuer,
        ["aud"] = $"https://{Call.PublicHost}/security-events/corp",
        ["iat"] = attack.Now,
        ["jti"] = "e-" + Guid.NewGuid(),
        ["sub_id"] = new JsonObject { ["format"] = "iss_sub", ["iss"] = attack.Corp.Issuer, ["sub"] = token.Payload["sub"]!.ToString() },
        ["events"] = new JsonObject { ["https://schemas.openid.net/secevent/caep/event-type/session-revoked"] = new JsonObject { ["event_timestamp"] = attack.Now } },
    });

    private static Forged Sign(Attack attack, string type, JsonObject payload) =>
        new(attack.Corp.Key, new JsonObject { ["typ"] = type, ["alg"] = "ES256", ["kid"] = attack.Corp.Key.Kid }, payload);

    private static Call Post(string kind, Forged signed)
    {
        var call = new Call("alpha") { Target = kind == "logout" ? "/backchannel-logout/corp" : "/security-events/corp" };
        call.ContentType = kind == "logout" ? "application/x-www-form-urlencoded" : "application/secevent+jwt";
        call.Body = (kind == "logout" ? "logout_token=" : "") + signed.Build();
        return call;
    }

    private static Case Effective(string id, string claim, string source, string kind, Func<Attack, Forged, Forged> make) => new(id, claim, source, async attack =>
    {
        var token = attack.Token();
        token.Payload["sid"] = "s-" + token.Owner;
        var text = token.Build();
        var before = await attack.SendAsync(Call.Tool("alpha", text));
        var told = await attack.SendAsync(Post(kind, make(attack, token)));
        return !before.IsSuccess || !told.IsSuccess ? Verdict.Error($"The setup failed: {before.Line}; {told.Line}") : await attack.MustRefuseAsync(Call.Tool("alpha", text));
    })
    { Needs = [kind] };

    // The token that must stay good was issued so many seconds ago.
    private static Case Ineffective(string id, string claim, string source, string kind, Action<Forged> spoil, int age = 1) => new(id, claim, source, async attack =>
    {
        var token = attack.Token();
        token.Payload["iat"] = attack.Now - age;
        token.Payload["sid"] = "s-" + token.Owner;
        var signed = kind == "logout" ? Logout_(attack, token) : Event(attack, token);
        spoil(signed);
        var post = Post(kind, signed);
        var told = await attack.SendAsync(post);
        return await attack.HonestAsync(Call.Tool("alpha", token.Build())) is { } problem
            ? Verdict.Broken("It does.", post.Line + " " + signed.Payload.ToJsonString(), Attack.Got(told), "got   afterwards, with a good token: " + problem) : Verdict.Held;
    })
    { Needs = [kind] };
}
