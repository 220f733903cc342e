using System.Text.Json.Nodes;
using Deputy.Attacks;
using Deputy.Staging;
using Deputy.Wire;

namespace Deputy.Families;

/// <summary>What the gateway says of itself comes from its configuration, never from a caller; and browsers of strangers are sent away.</summary>
internal static class DiscoveryCases
{
    private const string Metadata = "MCP Authorization, Protected Resource Metadata; RFC 9728 §5.1";
    private const string Rebinding = "MCP Transports, Security Warning: MUST validate Origin";
    private const string Document = "/.well-known/oauth-protected-resource/alpha";

    public static IReadOnlyList<Case> All { get; } =
    [
        Challenge("discovery.challenge", "A client without a token is told where to get one, and no error.", _ => { }, answer => answer.Challenges.Contains("error=", StringComparison.Ordinal)),
        Challenge("discovery.challenge-host", "The challenge does not come from the Host header.", call => call.Host = "evil.elsewhere.test", null, mayRefuse: true),
        Challenge("discovery.challenge-forwarded-host", "Nor from X-Forwarded-Host.", call => call.With("X-Forwarded-Host", "evil.elsewhere.test").With("X-Forwarded-Proto", "http"), null),
        Challenge("discovery.challenge-forwarded", "Nor from Forwarded.", call => call.With("Forwarded", "host=evil.elsewhere.test;proto=http"), null),
        Challenge("discovery.challenge-invalid", "A bad token gets invalid_token.", call => call.Token = "x.y.z", answer => !answer.Challenges.Contains("error=\"invalid_token\"", StringComparison.Ordinal)),
        Resource("discovery.resource", "The document names exactly this server.", _ => { }),
        Resource("discovery.resource-host", "Whatever the Host header says.", call => call.Host = "evil.elsewhere.test", mayRefuse: true),
        Resource("discovery.resource-forwarded", "Whatever X-Forwarded-Host and -Prefix say.", call => call.With("X-Forwarded-Host", "evil.elsewhere.test").With("X-Forwarded-Prefix", "/beta")),
        new("discovery.no-shared-document", "There is no document of the origin that would make all servers one.", "RFC 9728 §3; MCP: one resource, one document", async attack =>
        {
            var call = new Call("alpha") { Method = "GET", Target = "/.well-known/oauth-protected-resource" };
            var answer = await attack.SendAsync(call);
            return Verdict.BrokenIf(answer.IsSuccess && answer.Json?["resource"] is not null, "There is one.", call.Line, Attack.Got(answer), "seen  nothing by any MCP server");
        }) { Needs = ["metadata"] },
        new("discovery.no-echo", "A refusal repeats nothing of what it refuses.", "CWE-79; CWE-117", async attack =>
        {
            var token = attack.Token();
            token.Payload["aud"] = "<script>echo-canary</script>";
            token.Payload["iss"] = "https://echo-canary.test/\r\nX-Injected: echo-canary";
            var call = Call.Tool("alpha", token.Build()).With("X-Request-Id", "echo-canary\"<b>");
            var answer = await attack.SendAsync(call);
            return Verdict.First(attack.Refused(call, answer, token), Verdict.BrokenIf(answer.Raw.Contains("echo-canary", StringComparison.Ordinal), "The refusal repeats it.", call.Line, "got   " + Attack.Short(answer.Raw), "seen  nothing by any MCP server"));
        }),
        new("discovery.insufficient-scope", "A step-up challenge names all scopes of the operation.", "MCP Authorization, Scope Challenge Handling; RFC 6750 §3.1", async attack =>
        {
            var token = attack.Token("rules");
            var call = Call.Tool("rules", token.Build(), "write_file");
            var answer = await attack.SendAsync(call);
            var challenge = answer.Challenges;
            return Verdict.First(
                attack.Refused(call, answer, token),
                Verdict.BrokenIf(answer.Status != 403 || !challenge.Contains("insufficient_scope", StringComparison.Ordinal) || !challenge.Contains("files:write", StringComparison.Ordinal) || !challenge.Contains("files:read", StringComparison.Ordinal), "It does not.", call.Line, Attack.Got(answer), "seen  nothing by any MCP server"));
        }) { Needs = ["rules"], Server = "rules" },
        .. new (string Id, string Origin)[]
        {
            ("foreign", "https://evil.elsewhere.test"), ("null", "null"), ("suffix", "https://mcp.deputy.test.elsewhere.test"), ("prefix", "https://evilmcp.deputy.test"), ("scheme", "http://mcp.deputy.test"),
            ("port", "https://mcp.deputy.test:8443"), ("user-info", "https://mcp.deputy.test@elsewhere.test"), ("localhost", "http://localhost:6274"), ("empty", ""), ("subdomain", "https://a.mcp.deputy.test"),
        }.Select(origin => Faults.Request($"origin.{origin.Id}", $"A page of '{origin.Origin}' gets nothing, whatever token it has.", Rebinding, (_, token) => Call.Tool("alpha", token).With("Origin", origin.Origin)) with { Needs = ["origin"] }),
        new("origin.two", "Two Origin lines are refused.", Rebinding, async attack =>
        {
            var token = attack.Token();
            return await attack.MustRefuseAsync(Call.Tool("alpha", token.Build()).With("Origin", "https://mcp.deputy.test").With("Origin", "https://evil.elsewhere.test"), token, closingIsNo: true);
        }) { Needs = ["origin"] },
        new("origin.preflight", "A preflight of a stranger is not allowed.", "Fetch §3.3; " + Rebinding, async attack =>
        {
            var call = new Call("alpha") { Method = "OPTIONS" }.With("Origin", "https://evil.elsewhere.test").With("Access-Control-Request-Method", "POST").With("Access-Control-Request-Headers", "authorization");
            var answer = await attack.SendAsync(call);
            return Verdict.BrokenIf(answer.Values("Access-Control-Allow-Origin").Count > 0, "It is.", call.Line, Attack.Got(answer) + " Access-Control-Allow-Origin: " + answer.Header("Access-Control-Allow-Origin"), "seen  nothing by any MCP server");
        }) { Needs = ["browser"] },
    ];

    private static Case Challenge(string id, string claim, Action<Call> change, Func<Answer, bool>? wrong, bool mayRefuse = false) => new(id, claim, Metadata, async attack =>
    {
        var call = Call.Tool("alpha", null);
        change(call);
        var answer = await attack.SendAsync(call);
        var where = $"resource_metadata=\"https://{Call.PublicHost}{Document}\"";
        var elsewhere = answer.Raw.Contains("evil.elsewhere.test", StringComparison.Ordinal);
        var misses = !answer.Challenges.Contains(where, StringComparison.Ordinal) && !(mayRefuse && answer.Status is (400 or 404 or 421));
        return Verdict.First(
            attack.Refused(call, answer),
            Verdict.BrokenIf(elsewhere || misses || answer.Status == 200 || wrong?.Invoke(answer) == true, "The challenge is not the one of RFC 9728.", call.Line, Attack.Got(answer), "seen  nothing by any MCP server"));
    })
    { Needs = ["metadata"] };

    private static Case Resource(string id, string claim, Action<Call> change, bool mayRefuse = false) => new(id, claim, "RFC 9728 §3.3", async attack =>
    {
        var call = new Call("alpha") { Method = "GET", Target = Document };
        change(call);
        var answer = await attack.SendAsync(call);
        var right = answer.Json is JsonObject json && json["resource"]?.ToString() == Stage.Resource("alpha") && !answer.Body.Contains("evil.elsewhere", StringComparison.Ordinal);
        return Verdict.BrokenIf(!right && !(mayRefuse && answer.Status is (400 or 404 or 421)), "It does not.", call.Line, Attack.Got(answer), "seen  nothing by any MCP server");
    })
    { Needs = ["metadata"] };
}
