using System.Text.Json;
using System.Text.Json.Nodes;
using Gateway.Configuration;
using Gateway.Configuration.Read;
using Gateway.Configuration.Rules;
using Xunit;

namespace Gateway.Tests.Configuration;

/// <summary>Any text at any key: it is right or a problem of that configuration, never the end of the command that reads it.</summary>
public sealed class OddTextTests
{
    /// <summary>Every part that is judged by its text.</summary>
    private const string Everything = """
        {
          "Gateway": {
            "PublicUrl": "https://mcp.example.com",
            "SessionKeyFile": "x", "SenderKeyFile": "x", "TrustedProxies": ["10.0.0.0/8"], "ClientCertProxies": ["10.0.0.0/8"],
            "Audit": { "File": "x" },
            "Management": { "Url": "http://127.0.0.1:9090", "AllowedHosts": ["x"] },
            "LocalIssuer": { "Issuer": "https://mcp.example.com/hop", "KeyDirectory": "x", "Algorithm": "ES256" },
            "SharedState": { "Redis": { "Endpoints": ["redis:6379"], "Prefix": "x", "User": "x", "PasswordFile": "x", "CaFile": "x" } },
            "AuthorizationServers": {
              "corp": {
                "Issuer": "https://login.example.com", "Profile": "keycloak", "MetadataUrl": "https://login.example.com/m", "JwksUrl": "https://login.example.com/k", "TokenEndpoint": "https://login.example.com/t",
                "Algorithms": ["ES256"], "TokenTypes": ["JWT"], "CompanionAudiences": ["x"], "ExtraParameters": { "x": "x" }, "ClockSkew": "00:00:30",
                "Client": { "Id": "x", "Authentication": "private_key_jwt", "SecretFile": "x", "Secret": "x", "KeyFile": "x", "KeyId": "x", "CertificateFile": "x", "AssertionFile": "x", "AssertionAudience": "x", "AssertionType": "x" },
                "Introspection": { "Endpoint": "https://login.example.com/i" },
                "SecurityEvents": { "Audience": "x", "Issuer": "https://risk.example.com", "JwksUrl": "https://risk.example.com/k", "TokenFile": "x" },
                "Registration": { "ClientId": "x", "RedirectUris": ["http://127.0.0.1:*/callback"], "Scopes": { "weather": ["x"] } },
              },
            },
            "Servers": {
              "weather": {
                "Path": "/weather", "Destinations": ["http://unix:/run/mcp.sock:/mcp"], "AuthorizationServers": ["corp"], "AcceptedAudiences": ["x"], "AdvertisedScopes": ["x"], "RequiredScopes": ["x"], "ScopePrefix": "x",
                "AllowedClients": ["x"], "AllowedOrigins": ["https://app.example.com"], "ForwardHeaders": ["X-A"], "StreamIdleTimeout": "00:05:00",
                "RequiredClaims": [{ "Claim": "x", "AnyOf": ["x"] }], "IdentityHeaders": [{ "Header": "X-B", "Claim": "sub" }], "ImpliedScopes": [{ "Scope": "x", "Implies": ["y"] }],
                "Operations": [{ "Method": "resources/read", "Name": "file:///x", "Scopes": ["x"] }],
                "DPoP": { "Algorithms": ["ES256"] },
                "Policy": { "Url": "https://pdp.internal/a", "TokenFile": "x" },
                "Tls": { "CaFile": "x", "CertificateFile": "x", "KeyFile": "x" },
                "Outbound": { "Mode": "exchange", "AuthorizationServer": "corp", "ResultIssuer": "corp", "Resource": "https://weather.internal/mcp", "Audience": "x", "ResultAudiences": ["x"], "Scopes": ["x"], "SubjectClaims": ["x"],
                  "ActorToken": { "File": "x" }, "ScopeMap": [{ "Inbound": "x", "Outbound": ["x"] }], "Client": { "Id": "x", "Authentication": "client_secret_basic", "SecretFile": "x" } },
                "Cluster": { "LoadBalancingPolicy": "RoundRobin", "HealthCheck": { "Active": { "Policy": "x", "Path": "/x", "Query": "?x" }, "Passive": { "Policy": "x" } }, "HttpClient": { "RequestHeaderEncoding": "utf-8", "ResponseHeaderEncoding": "utf-8", "WebProxy": { "Address": "http://proxy:1" } }, "HttpRequest": { "Version": "2" } },
              },
              "files": { "Destinations": ["http://files.internal/mcp"], "Outbound": { "Mode": "credential", "File": "x", "Header": "X-Key", "Prefix": "x" } },
            },
          },
          "Kestrel": {
            "Endpoints": { "a": { "Url": "https://*:8443", "Protocols": "Http1", "Certificate": { "Path": "x", "KeyPath": "x", "Password": "x" }, "Sni": { "x": { "Certificate": { "Path": "x" } } } } },
            "Certificates": { "Default": { "Path": "x", "KeyPath": "x" } },
            "Limits": { "KeepAliveTimeout": "00:01:00" },
          },
          "Logging": { "LogLevel": { "Default": "Warning" } },
          "AllowedHosts": "x",
        }
        """;

    private static readonly string[] Odd =
    [
        "", " ", "\0", "a\0b", "/a\0b", "\n", "\u00a0", "\u202e", "\ufffe", "\U0001F600", "\\", "/", "..", ".", "*", "(", "[", "[]", "%", "%00", "-1", "0", "99999999999999999999", ":", "::", "a:b:c", "@", "a@b",
        "://", "x://", "http:", "http://", "http:///", "http://[", "http://[::1", "http://[::1]:99999", "http://a:99999", "http://a:-1", "http://a:99999999999", "http://a\0b", "http://%00/", "https://xn--a/", "https://xn--\u00fc/", "https://\u202e.example/",
        "https://\u00e4\0/", "urn:", "urn:\u00e4", "mailto:x", "file:", "file:///", "file:///a\0b", "javascript:alert(1)", "http://unix:", "http://unix::", "http://unix:/", "http://unix:/:", "http://unix:/a:", "http://unix:/a:/", "http://unix:/a/../b:/mcp", "http://pipe:/a",
        "0.0.0.0/0", "::/0", "::/129", "fe80::1%1/64", "1.2.3.4/33", "9999999.23:59:59", "99999999.00:00:00", "P99999999999Y", "99999999d",
        "https://" + new string('a', 300) + "/", "https://" + string.Concat(Enumerable.Repeat("\u00e4.", 200)), "http://unix:/" + new string('a', 106) + ":/mcp", new string('a', 2_000), "https://a/" + new string('/', 2_000),
    ];

    [Fact]
    public void No_text_at_any_key_is_more_than_a_problem()
    {
        var root = JsonNode.Parse(Everything, documentOptions: new JsonDocumentOptions { AllowTrailingCommas = true })!;
        var wrong = new List<string>();
        foreach (var leaf in Leaves(root).ToArray())
        {
            var usual = leaf.GetValue<string>();
            var key = leaf.GetPath();
            JsonNode? node = leaf;
            foreach (var odd in Odd)
            {
                var next = JsonValue.Create(odd);
                node!.ReplaceWith(next);
                node = next;
                Judge(root.ToJsonString(), $"{key} = {Shown(odd)}", wrong);
            }

            node!.ReplaceWith(JsonValue.Create(usual));
        }

        Assert.True(wrong.Count == 0, string.Join(Environment.NewLine, wrong));
    }

    [Fact]
    public void No_name_of_a_server_is_more_than_a_problem()
    {
        var wrong = new List<string>();
        foreach (var odd in Odd.Concat(["files:Destinations:-1", "weather:Destinations:-1:x", "corp", "files:Destinations:0"]))
        {
            var root = JsonNode.Parse(Everything, documentOptions: new JsonDocumentOptions { AllowTrailingCommas = true })!;
            var gateway = root["Gateway"]!.AsObject();
            foreach (var section in (string[])["Servers", "AuthorizationServers"])
            {
                gateway[section]!.AsObject()[odd] = gateway[section]!.AsObject().First().Value!.DeepClone();
            }

            Judge(root.ToJsonString(), $"name {Shown(odd)}", wrong);
        }

        Assert.True(wrong.Count == 0, string.Join(Environment.NewLine, wrong));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\\u0000b")]
    public void An_audit_file_that_no_file_can_be_is_a_problem_like_that_of_any_other_file(string path)
    {
        var problem = Assert.Single(Given.Loaded(Given.Changed($"Audit:File='{path}'")).Problems);

        Assert.Equal(("file-missing", "Gateway:Audit:File", false), (problem.Rule, problem.Key, problem.IsWarning));
        Assert.True(problem.Line > 1, problem.ToString());
    }

    [Theory]
    [InlineData("http://127.0.0.1:99999")]
    [InlineData("http://127.0.0.1:99999999999")]
    [InlineData("nonsense")]
    public void An_address_of_the_environment_that_is_none_is_a_problem_that_says_where_it_may_be(string url)
    {
        var problem = Assert.Single(ConfigurationLoader.Load(System.Text.Encoding.UTF8.GetBytes(Given.Good), new ConfigurationInput { Path = "gateway.json", Listening = [url] }).Problems);

        Assert.Equal(("listening-url", false), (problem.Rule, problem.IsWarning));
        Assert.Contains("ASPNETCORE_URLS", problem.Source, StringComparison.Ordinal);
        Assert.Contains(url, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_rule_that_fails_is_a_problem_that_names_it_and_the_others_are_asked_all_the_same()
    {
        var tree = new ConfigurationTree();
        var context = new RuleContext(tree, new ConfigurationFile(), new ConfigurationInput { Path = "gateway.json" });

        ConfigurationRules.Check(context, [Fails, UrlRules.PublicUrlIsAnOrigin]);

        Assert.Equal(["unexpected", "public-url"], tree.Problems.Select(problem => problem.Rule));
        Assert.All(tree.Problems, problem => Assert.False(problem.IsWarning));
        Assert.Contains("OddTextTests.Fails", tree.Problems[0].Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", tree.Problems[0].Message, StringComparison.Ordinal);
    }

    private static void Fails(RuleContext context) => throw new ArgumentException("s3cret");

    private static void Judge(string text, string what, List<string> wrong)
    {
        try
        {
            wrong.AddRange(Given.Loaded(text).Problems.Where(problem => problem.Rule == "unexpected").Select(problem => $"{what}: {problem.Message}"));
        }
        catch (Exception thrown)
        {
            wrong.Add($"{what}: {thrown.GetType().Name} {thrown.StackTrace?.Split('\n')[1].Trim()}");
        }
    }

    private static IEnumerable<JsonValue> Leaves(JsonNode? node) => node switch
    {
        JsonObject map => map.SelectMany(member => Leaves(member.Value)),
        JsonArray list => list.SelectMany(Leaves),
        JsonValue value => [value],
        _ => [],
    };

    private static string Shown(string text) => JsonValue.Create(text.Length > 60 ? text[..60] + "…" : text).ToJsonString();
}
