using Gateway.Configuration;
using Xunit;

namespace Gateway.Tests.Configuration;

/// <summary>The first slips of somebody new: the message says what to write.</summary>
public sealed class BeginnersTests
{
    [Theory]
    [InlineData("W:RequiredScopes='read write'", "it must be a list: [\"read\", \"write\"].")]
    [InlineData("W:Destinations='http://weather.mcp.svc:8080/mcp'", "it must be a list: [\"http://weather.mcp.svc:8080/mcp\"].")]
    [InlineData("W:RequiredScopes=1", "it must be a list [ … ].")]
    [InlineData("W:Destinations={'d1':{'Address':'http://weather.mcp.svc:8080/mcp'},'d2':{'Address':'https://u:p@b.svc/mcp','Health':'x'}}", "it must be a list of addresses, without names: [\"http://weather.mcp.svc:8080/mcp\", \"https://…@b.svc/mcp\"].")]
    [InlineData("W:Destinations={'d1':'http://weather.mcp.svc:8080/mcp'}", "it must be a list of addresses, without names: [\"http://weather.mcp.svc:8080/mcp\"].")]
    [InlineData("W:Destinations={'d1':{'Url':7}}", "it must be a list [ … ].")]
    public void One_text_in_place_of_a_list_is_shown_as_the_list(string change, string fragment) =>
        Assert.Contains(fragment, Assert.Single(Given.Loaded(Given.Changed(change)).Problems).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("""{ "Gateway": { "PublicUrl": "x",, } }""", "There is a comma too many.")]
    [InlineData("""{ "Gateway": { "PublicUrl": "x" "Servers": {} } }""", "A comma is missing before it.")]
    [InlineData("""{ 'Gateway': {} }""", "Write double quotes.")]
    [InlineData("""{ "Gateway": { "PublicUrl": 'x' } }""", "Write double quotes.")]
    [InlineData("{ \u201cGateway\u201d: {} }", "type it anew.")]
    [InlineData("{ \"Gateway\":\u00a0{} }", "type it anew.")]
    [InlineData("""{ "Gateway": { "PublicUrl": "x" }""", "A closing } or ] is missing.")]
    public void What_is_no_JSON_says_what_to_write(string text, string fragment) =>
        Assert.EndsWith(fragment, Assert.Single(Given.Loaded(text).Problems).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("https://*:8443", "Kestrel:Endpoints:a")]
    [InlineData("HTTPS://127.0.0.1:8443", "Kestrel:Endpoints:a")]
    public void An_https_endpoint_without_a_certificate_is_an_error(string url, string key)
    {
        var problem = Assert.Single(Given.Loaded(Given.Changed($"$:Kestrel={{'Endpoints':{{'a':{{'Url':'{url}'}},'b':{{'Url':'http://*:8080'}}}}}}")).Problems);

        Assert.Equal(("certificate", key, false), (problem.Rule, problem.Key, problem.IsWarning));
        Assert.Contains("is https and has no certificate; write Kestrel:Certificates:Default", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_https_address_of_the_command_line_needs_one_as_well() =>
        Assert.Equal(("certificate", "urls"), Assert.Single(Of("PublicUrl='https://mcp.example.com'", "--urls", "https://*:8443").Select(problem => (problem.Rule, problem.Key))));

    [Theory]
    [InlineData("--urls", "http://127.0.0.1:9000", "--urls has no effect beside Kestrel:Endpoints")]
    [InlineData("--http_ports", "9000", "--http_ports has no effect beside Kestrel:Endpoints")]
    public void An_option_that_endpoints_override_is_said(string option, string value, string told)
    {
        var problem = Assert.Single(Of("$:Kestrel={'Endpoints':{'a':{'Url':'http://*:8080'}}}", option, value));

        Assert.Equal(("listening-url", true), (problem.Rule, problem.IsWarning));
        Assert.Contains(told, problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("PublicUrl='http://127.0.0.1:5000'", "http://127.0.0.1:8080", true)]
    [InlineData("PublicUrl='http://localhost:5000'", "http://127.0.0.1:8080;http://[::1]:8081", true)]
    [InlineData("PublicUrl='http://localhost:8081'", "http://127.0.0.1:8080;http://[::1]:8081", false)]
    [InlineData("PublicUrl='http://localhost:5000'", "http://*:8080", false)]
    [InlineData("PublicUrl='http://localhost:5000'", "http://127.0.0.1:0", false)]
    [InlineData("PublicUrl='https://mcp.example.com'", "http://127.0.0.1:8080", false)]
    public void A_PublicUrl_where_nobody_listens_is_said_where_nothing_else_can_be(string change, string urls, bool said) =>
        Assert.Equal(said ? ["public-url"] : [], Of(change, "--urls", urls).Select(problem => problem.Rule));

    private static System.Collections.Immutable.ImmutableArray<ConfigurationProblem> Of(string change, params string[] arguments)
    {
        var path = Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString("N"));
        File.WriteAllText(path, Given.Changed(change));
        var loaded = ConfigurationLoader.Load(ConfigurationInput.Of(path, arguments));
        File.Delete(path);
        return loaded.Problems;
    }

    /// <summary>Everything that is built from PublicUrl, or held against it.</summary>
    private const string All = """
        {
          "Gateway": {
            "PublicUrl": "{0}",
            "LocalIssuer": { "Issuer": "https://mcp.example.com/hop", "KeyDirectory": "/nowhere" },
            "SharedState": { "Redis": { "Endpoints": ["redis:6379"] } }, "SessionKeyFile": "/nowhere",
            "Management": { "Url": "http://127.0.0.1:9090" },
            "AuthorizationServers": {
              "corp": {
                "Issuer": "https://login.example.com", "Client": { "Id": "mcp-gateway", "Authentication": "client_secret_basic", "SecretFile": "/nowhere" },
                "SecurityEvents": { "Audience": "https://mcp.example.com/security-events/corp" },
                "Registration": { "ClientId": "x", "RedirectUris": ["http://127.0.0.1:*/callback"], "Scopes": { "weather": ["x"], "files": ["x"] } }
              }
            },
            "Servers": {
              "weather": { "Destinations": ["https://weather.internal/mcp"], "AcceptedAudiences": ["https://mcp.example.com"], "AllowedOrigins": ["https://mcp.example.com"], "Outbound": { "Mode": "exchange", "AuthorizationServer": "corp" } },
              "files": { "Destinations": ["https://files.internal/mcp"], "Path": "/files/x", "Outbound": { "Mode": "local" } }
            }
          }
        }
        """;

    [Theory]
    [InlineData("mcp.example.com")]
    [InlineData("http://mcp.example.com")]
    [InlineData("https://mcp.example.com/mcp")]
    [InlineData("https://mcp.example.com/hop")]
    [InlineData("https://mcp.example.com?x")]
    [InlineData("https://u:p@mcp.example.com")]
    [InlineData("https://mcp.example.com:99999")]
    [InlineData("https://")]
    [InlineData("")]
    public void A_wrong_PublicUrl_is_one_problem(string url) =>
        Assert.Equal(["public-url"], Given.Loaded(All.Replace("{0}", url, StringComparison.Ordinal)).Problems.Where(problem => problem.Rule != "file-missing").Select(problem => problem.Rule));

    [Fact]
    public void No_PublicUrl_at_all_is_one_problem() =>
        Assert.Equal(["public-url"], Given.Loaded(All.Replace("\"PublicUrl\": \"{0}\",", "", StringComparison.Ordinal)).Problems.Where(problem => problem.Rule != "file-missing").Select(problem => problem.Rule));

    [Fact]
    public void A_key_of_Gateway_beside_it_is_sent_inside() => Assert.Contains(
        Given.Loaded("""{ "PublicUrl": "https://mcp.example.com" }""").Problems,
        problem => problem is { Rule: "unknown-key", Key: "PublicUrl" } && problem.Message.EndsWith("it belongs into the object 'Gateway'.", StringComparison.Ordinal));
}
