using System.Text.Json.Nodes;
using Gateway.Commands;
using Gateway.Tests.Configuration;
using Harness.Products;
using TokenExchange.Outbound.Profiles;
using Xunit;

namespace Gateway.Tests.Commands;

/// <summary>What <c>prove</c> says of a configuration: every way through it, and two tokens for whatever must not be.</summary>
public sealed class ProveTests
{
    private const string Partner = "AuthorizationServers:partner={'Issuer':'https://partner.example.com'}; W:AuthorizationServers=['corp']; F:AuthorizationServers=['corp']; ";
    private const string Local = "LocalIssuer={'Issuer':'https://mcp.example.com/hop','KeyDirectory':'/'}; W:Outbound={'Mode':'local','Resource':'https://weather.internal/mcp'}; ";

    public static TheoryData<string> Shipped => [.. ShippedFiles().Select(file => Path.GetRelativePath(CommandTests.Repository(), file))];

    public static TheoryData<string> Profiles => [.. ExchangeProfile.Names];

    [Theory]
    [MemberData(nameof(Shipped))]
    public async Task What_is_shipped_holds(string file)
    {
        var (exit, output) = await ProveAsync(Path.Combine(CommandTests.Repository(), file));

        Assert.True(exit == 0, output);
        Assert.EndsWith("can be taken for another", output.TrimEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_configuration_of_the_manifests_is_among_them() => Assert.True(ShippedFiles().Count() >= 8);

    [Theory]
    [MemberData(nameof(Profiles))]
    public async Task The_configuration_of_every_page_holds(string profile)
    {
        using var files = new ClientFiles();
        foreach (var configuration in ProductPage.Configurations(profile))
        {
            var (exit, output) = await ProveAsync(files.Write("gateway.json", configuration));

            Assert.True(exit == 0, output);
        }
    }

    public static TheoryData<string, string, string> Confused => new()
    {
        // One token for both servers.
        { "W:MultipleAudiences='allow'; F:MultipleAudiences='allow'", "inbound", "aud=https://mcp.example.com/weather https://mcp.example.com/files: accepted" },
        { "A:CompanionAudiences=['mcp-gateway','https://mcp.example.com/weather']; F:AcceptedAudiences=['api://files']; W:MultipleAudiences='allow'", "inbound", "at weather" },
        { "W:AcceptedAudiences=['api://mcp']; F:AcceptedAudiences=['api://mcp']", "inbound", "aud=api://mcp: accepted" },

        // One hop token for both MCP servers.
        { "F:Outbound:Resource='https://weather.internal/mcp'", "outbound", "becomes iss=https://login.example.com/realms/corp aud=https://weather.internal/mcp" },
        { "W:Outbound:Resource='https://mcp.example.com/files'", "boomerang", "at files: iss=https://login.example.com/realms/corp sub=alice aud=https://mcp.example.com/files: accepted" },

        // Two people who are one subject.
        { Partner + Local + "W:AuthorizationServers=['corp','partner']", "subject", "at weather: iss=https://partner.example.com sub=alice" },
        { Partner + Local + "W:Outbound:Subject='issuer-qualified'; F:AuthorizationServers=['partner']; F:Destinations=['http://weather.mcp.svc:8080/mcp']; F:Outbound={'Mode':'local','Resource':'https://weather.internal/mcp'}", "subject", "at files: iss=https://partner.example.com sub=" },

        // What was turned off.
        { "W:Outbound:AuthorizationDetails='any'", "any", "weather" },
        { "F:Outbound:ActorChain='any'", "any", "files" },
    };

    [Theory]
    [MemberData(nameof(Confused))]
    public async Task What_must_not_be_is_shown_with_two_tokens(string changes, string kind, string fragment)
    {
        using var files = new ClientFiles();
        var path = files.Write("gateway.json", Given.Changed(changes));

        var (exit, output) = await ProveAsync(path);
        var (again, json) = await ProveAsync(path, "--format", "json");

        Assert.Equal((1, 1), (exit, again));
        Assert.Contains($"FAIL  {kind}: ", output, StringComparison.Ordinal);
        Assert.Contains(fragment, output, StringComparison.Ordinal);
        var report = JsonNode.Parse(json)!;
        Assert.False((bool)report["holds"]!);
        var failure = report["failures"]!.AsArray().Single(failure => (string?)failure!["kind"] == kind)!;
        Assert.Equal(kind == "any" ? 0 : 2, failure["tokens"]!.AsArray().Count);
    }

    [Theory]
    [InlineData("W:MultipleAudiences='allow'", "multiple-audiences")]
    [InlineData("W:AcceptedAudiences=['api://weather']", "alias")]
    [InlineData("A:CompanionAudiences=['mcp-gateway']", "companion")]
    [InlineData("W:Outbound={'Mode':'none'}", "unbounded")]
    [InlineData("W:Outbound={'Mode':'credential','File':'/dev/null'}", "unbounded")]
    [InlineData("W:Outbound:ResultFormat='opaque'", "unbounded")]
    [InlineData("W:Outbound:ForeignSubjects=true", "foreign-subjects")]
    public async Task What_is_to_be_known_is_a_note_and_no_failure(string changes, string kind)
    {
        using var files = new ClientFiles();

        var (exit, output) = await ProveAsync(files.Write("gateway.json", Given.Changed(changes)));

        Assert.True(exit == 0, output);
        Assert.Contains($"note  {kind}: weather: ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_nobody_can_read_proves_nothing()
    {
        using var files = new ClientFiles();

        Assert.Equal(2, (await ProveAsync("/nowhere/gateway.json")).Exit);
        Assert.Equal(1, (await ProveAsync(files.Write("gateway.json", "{"))).Exit);
    }

    [Fact]
    public async Task A_way_says_all_that_it_can_carry_at_most()
    {
        using var files = new ClientFiles();

        var (_, json) = await ProveAsync(
            files.Write("gateway.json", Given.Changed("W:AllowedClients=['desk']; W:RequiredScopes=['mcp']; W:Outbound:Scopes=['a','b']; W:Outbound:ScopeMap=[{'Inbound':'mcp','Outbound':['b','c']}]; W:Outbound:MaxLifetime='00:10:00'; W:Outbound:MaxOutlive='00:01:00'")),
            "--format", "json");

        var way = JsonNode.Parse(json)!["ways"]!.AsArray().Single(way => (string?)way!["server"] == "weather")!;
        Assert.Equal("""{"authorization_server":"corp","issuer":"https://login.example.com/realms/corp","audience":"https://mcp.example.com/weather","beside":["mcp-gateway"],"clients":["desk"],"required_scopes":["mcp"]}""", way["inbound"]!.ToJsonString());
        Assert.Equal("""{"mode":"exchange","mcp_server":["http://weather.mcp.svc:8080/mcp"],"issuer":"https://login.example.com/realms/corp","audiences":["https://weather.internal/mcp"],"scopes_at_most":["b"],"lifetime_at_most":600,"outlives_at_most":60,"actor":"mcp-gateway"}""", way["outbound"]!.ToJsonString());
    }

    private static IEnumerable<string> ShippedFiles() =>
        Directory.EnumerateFiles(Path.Combine(CommandTests.Repository(), "deploy", "k8s"), "*.json", SearchOption.AllDirectories).Append(Path.Combine(CommandTests.Repository(), "gateway.json"));

    private static async Task<(int Exit, string Output)> ProveAsync(string path, params string[] options)
    {
        using StringWriter output = new(), errors = new();
        var exit = await new CommandLine(output, errors).RunAsync(["prove", "--config", path, .. options]);
        return (exit, output + errors.ToString());
    }
}
