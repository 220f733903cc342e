using Deputy.Attacks;
using Deputy.Peers;

namespace Deputy.Families;

/// <summary>What the client holds stays with the gateway, what the gateway holds does not reach the client, and neither reaches the wrong server.</summary>
internal static class PassthroughCases
{
    private const string Mcp = "MCP Authorization, Access Token Privilege Restriction: MUST NOT pass through";
    private const string Identity = "CWE-290: a server behind may believe it";

    public static IReadOnlyList<Case> All { get; } =
    [
        new("passthrough.token", "The inbound token does not reach the MCP server.", Mcp, async attack =>
        {
            var token = attack.Token().Build();
            var call = Call.Tool("alpha", token);
            var answer = await attack.SendAsync(call);
            return attack.Seen(call) is not { } seen ? Verdict.Error("The call did not arrive.", call.Line, Attack.Got(answer))
                : Verdict.BrokenIf(seen.Whole.Contains(token, StringComparison.Ordinal), "It does, whole.", call.Line, Attack.Got(answer), Attack.Seen("alpha", seen));
        }) { Unless = ["sidecar"] },
        Stays("cookie", "Cookies", Identity, "Cookie", "session=CANARY"),
        Stays("proxy-authorization", "Credentials for proxies", "RFC 9110 §11.7.2", "Proxy-Authorization", "Basic CANARY"),
        Stays("dpop", "A DPoP proof", "RFC 9449 §11.1", "DPoP", "CANARY"),
        Stays("api-key", "A static key of the client's choice", Identity, "X-Api-Key", "CANARY"),
        Stays("txn-token", "A transaction token", "draft-ietf-oauth-transaction-tokens §10.1", "Txn-Token", "CANARY"),
        Stays("forwarded-user", "A user's name of the client's choice", Identity, "X-Forwarded-User", "CANARY"),
        Stays("remote-user", "Nor under that name", Identity, "Remote-User", "CANARY"),
        Stays("auth-request-email", "Nor as oauth2-proxy says it", Identity, "X-Auth-Request-Email", "CANARY"),
        Stays("user-id", "Nor under a name of one's own", Identity, "X-User-Id", "CANARY"),
        Stays("amzn-oidc", "An identity as a load balancer says it", Identity, "X-Amzn-Oidc-Data", "CANARY"),
        Stays("forwarded-for", "An address of the client's choice", "RFC 7239 §8.1", "X-Forwarded-For", "CANARY"),
        Stays("forwarded-host", "A host of the client's choice", "CWE-644", "X-Forwarded-Host", "CANARY.test"),
        Stays("forwarded", "Nor as RFC 7239 says it", "RFC 7239 §8.1", "Forwarded", "for=CANARY"),
        Stays("client-cert", "A client certificate of a stranger", "RFC 9440 §4", "Client-Cert", ":CANARY:"),
        Stays("original-url", "A path of the client's choice", "CWE-436", "X-Original-URL", "/CANARY"),
        Stays("nominated", "A header that Connection nominates", "RFC 9110 §7.6.1", "X-Nominated", "CANARY", call => call.With("Connection", "X-Nominated")),
        Stays("second-token", "The token in another header", Mcp, "X-Forwarded-Access-Token", "CANARY"),
        Stays("underscore", "A header that CGI would read as another", "CWE-436", "X_Forwarded_User", "CANARY"),
        new("passthrough.trailer", "Trailers do not become headers, and do not go on.", "RFC 9110 §6.5.1", async attack =>
        {
            var call = CredentialCases.Chunked(Call.Tool("alpha", attack.Token().Build()), "X-Forwarded-User: canary-in-trailer");
            var answer = await attack.SendAsync(call);
            return Verdict.BrokenIf(attack.Seen(call) is { } seen && seen.Whole.Contains("canary-in-trailer", StringComparison.Ordinal), "They do.", call.Line, Attack.Got(answer), $"seen  {attack.Seen(call)?.Trailers}");
        }),
        new("passthrough.body", "The body arrives byte for byte: what was judged is what is done.", "CWE-436", async attack =>
        {
            var call = Call.Text("alpha", attack.Token().Build(), "{ \"jsonrpc\" : \"2.0\",\"id\":\"ID\",\t\"method\":\"tools/call\",\"params\":{\"name\":\"echo\",\"arguments\":{\"note\":\"ID\",\"a\":1.0,\"b\":\"\\u0061ä\"}} }");
            var answer = await attack.SendAsync(call);
            return attack.Seen(call) is not { } seen ? Verdict.Error("The call did not arrive.", call.Line, Attack.Got(answer))
                : Verdict.BrokenIf(seen.Text != call.Body, "It does not.", call.Line, Attack.Got(answer), "seen  " + Attack.Short(seen.Text));
        }),
        new("passthrough.connection-authorization", "Nominating Authorization neither loses nor leaks it.", "RFC 9110 §7.6.1; CVE-2022-31813", async attack =>
        {
            var token = attack.Token();
            var call = Call.Tool("alpha", token.Build()).With("Connection", "keep-alive, Authorization");
            var answer = await attack.SendAsync(call);
            return attack.Seen(call) is { } seen && attack.Stage.Target.Capabilities.Overlaps(["exchange", "local"])
                ? Verdict.BrokenIf(seen.Token is null || seen.Token == call.Token, "The MCP server got a request without its own token.", call.Line, Attack.Got(answer), Attack.Seen("alpha", seen))
                : Verdict.Held;
        }) { Unless = ["sidecar"] },
        new("passthrough.secret", "The gateway's own secret reaches the authorization server alone.", "RFC 6749 §2.3.1", async attack =>
        {
            var call = Call.Tool("alpha", attack.Token().Build());
            var answer = await attack.SendAsync(call);
            var basic = Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes($"{AuthorizationServer.ClientId}:{AuthorizationServer.ClientSecret}"));
            bool Has(string text) => text.Contains(AuthorizationServer.ClientSecret, StringComparison.Ordinal) || text.Contains(basic, StringComparison.Ordinal);
            return Verdict.BrokenIf(Has(answer.Raw) || (attack.Seen(call) is { } seen && Has(seen.Whole)), "It does not.", call.Line, Attack.Got(answer), "seen  the secret");
        }) { Needs = ["exchange"] },
        new("passthrough.subject-token-in-form", "The inbound token goes to the authorization server in a form, never in an address.", "RFC 9700 §4.3.2", async attack =>
        {
            var token = attack.Token();
            var call = Call.Tool("alpha", token.Build());
            var answer = await attack.SendAsync(call);
            return attack.Corp.Of(token.Owner) is not [var asked, ..] ? Verdict.Error("The authorization server was never asked.", call.Line, Attack.Got(answer))
                : Verdict.BrokenIf(asked.Head.Contains(call.Token!, StringComparison.Ordinal) || asked.Form("subject_token") != call.Token, "It does not.", call.Line, Attack.Got(answer), "seen  by the authorization server: " + asked.Line);
        }) { Needs = ["exchange"] },
        ErrorText("error-text", "The authorization server's error text does not reach the client.", """{"error":"invalid_grant","error_description":"CANARY"}"""),
        ErrorText("error-code", "Nor its error code, if it is none of the protocol's.", """{"error":"CANARY"}"""),
        ErrorText("error-uri", "Nor its links.", """{"error":"invalid_request","error_uri":"https://elsewhere.test/CANARY"}"""),
        ErrorText("error-page", "Nor its pages.", "<html>CANARY</html>"),
        new("passthrough.rejected-result", "A result that is rejected does not reach the client either.", "CWE-209", async attack =>
        {
            var token = attack.Token();
            var issued = "";
            attack.Corp.Behave(token.Owner, (exchange, reply) =>
            {
                var result = exchange.Token();
                result.Payload["aud"] = "https://beta.internal/mcp";
                var answer = exchange.Answer(result);
                issued = answer["access_token"]!.ToString();
                return Exchange.SendAsync(reply, answer);
            });
            var call = Call.Tool("alpha", token.Build());
            var got = await attack.SendAsync(call);
            return issued.Length == 0 ? Verdict.Error("The authorization server was never asked.", call.Line, Attack.Got(got))
                : Verdict.First(attack.Refused(call, got), Verdict.BrokenIf(got.Raw.Contains(issued, StringComparison.Ordinal), "It does.", call.Line, Attack.Got(got), "seen  nothing by any MCP server"));
        }) { Needs = ["exchange"] },
        new("passthrough.static-credential", "The static credential of one server reaches that server alone, and the client's own never does.", "OWASP NHI2", async attack =>
        {
            var call = Call.Tool("static", attack.Token("static").Build()).With("X-Api-Key", "canary-of-the-client");
            var answer = await attack.SendAsync(call);
            return attack.Seen(call) is not { } seen ? Verdict.Held
                : Verdict.BrokenIf(seen.Whole.Contains("canary-of-the-client", StringComparison.Ordinal) || seen.Values("X-Api-Key") is not ["static-key-of-the-mcp-server"] || answer.Raw.Contains("static-key-of", StringComparison.Ordinal) || seen.Token is not null, "It does not hold.", call.Line, Attack.Got(answer), $"seen  X-Api-Key: {string.Join(" | ", seen.Values("X-Api-Key"))}");
        }) { Needs = ["credential"], Server = "static" },
        Silent("logs.inbound-token", "No token that was refused or accepted is in what the gateway writes.", async attack =>
        {
            var good = attack.Token().Build();
            var bad = attack.Token("beta").Build();
            await attack.SendAsync(Call.Tool("alpha", good));
            await attack.SendAsync(Call.Tool("alpha", bad));
            await attack.SendAsync(Call.Tool("alpha", bad).With("User-Agent", bad));
            return [good, bad];
        }),
        Silent("logs.malformed-answer", "Nor a hop token that a hostile MCP server repeats in a broken answer.", async attack =>
        {
            var call = Call.Tool("alpha", attack.Token().Build());
            attack.Mcp().Behave(call.Marker, async (request, reply) =>
            {
                reply.Closes = true;
                await reply.WriteAsync($"HTTP/1.1 2OO {request.Header("Authorization")}\r\n{request.Header("Authorization")}\r\n\r\n");
            });
            await attack.SendAsync(call);
            return [attack.Seen(call)?.Token ?? "nothing-was-seen"];
        }),
        Silent("logs.query", "Nor a token in a query.", async attack =>
        {
            var token = attack.Token().Build();
            await attack.SendAsync(Call.Tool("alpha", null).Change(call => call.Target += "?access_token=" + token));
            await attack.SendAsync(new Call("nothing") { Method = "GET", Target = "/nowhere?token=" + token });
            return [token];
        }),
    ];

    private static Case Stays(string id, string what, string source, string header, string value, Action<Call>? change = null) =>
        new($"passthrough.{id}", $"{what} (header {header}) does not go on.", source, async attack =>
        {
            var call = Call.Tool("alpha", attack.Token().Build());
            var canary = "canary-" + call.Marker[2..];
            call.With(header, value.Replace("CANARY", canary, StringComparison.Ordinal));
            change?.Invoke(call);
            var answer = await attack.SendAsync(call);
            return Verdict.BrokenIf(attack.Seen(call) is { } seen && seen.Whole.Contains(canary, StringComparison.Ordinal), "It does.", call.Line, Attack.Got(answer), $"seen  {header}: {attack.Seen(call)?.Header(header)}");
        });

    private static Case ErrorText(string id, string claim, string body) => new($"passthrough.{id}", claim, "CWE-209; RFC 6749 §5.2", async attack =>
    {
        var token = attack.Token();
        var canary = "canary-" + token.Owner[2..];
        attack.Corp.Behave(token.Owner, (_, reply) => reply.SendAsync(400, body.Replace("CANARY", canary, StringComparison.Ordinal)));
        var call = Call.Tool("alpha", token.Build());
        var answer = await attack.SendAsync(call);
        return Verdict.First(attack.Refused(call, answer), Verdict.BrokenIf(answer.Raw.Contains(canary, StringComparison.Ordinal), "It does.", call.Line, "got   " + Attack.Short(answer.Raw), "seen  nothing by any MCP server"));
    })
    { Needs = ["exchange"] };

    /// <summary>Judged by the output of the process: part of the outside, since operators collect it.</summary>
    private static Case Silent(string id, string claim, Func<Attack, Task<string[]>> provoke) => new(id, claim, "OWASP NHI2; CWE-532", async attack =>
    {
        var secrets = await provoke(attack);
        await attack.HonestAsync("alpha");
        var output = attack.Stage.Output;

        // The end of the payload and the signature are a token's own; how it begins it shares with others.
        var leaked = secrets.SelectMany(secret => secret.Split('.').Skip(1)).Where(part => part.Length > 40).Select(part => part[^40..]).FirstOrDefault(part => output.Contains(part, StringComparison.Ordinal));
        var line = leaked is null ? "" : output.Split('\n').First(text => text.Contains(leaked, StringComparison.Ordinal));
        return Verdict.BrokenIf(leaked is not null, "It is.", "sent  a token with …" + leaked, "got   an answer", "seen  in its output: " + Attack.Short(line));
    });
}
