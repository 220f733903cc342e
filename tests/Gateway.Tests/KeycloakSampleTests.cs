using System.Text.Json.Nodes;
using Xunit;

namespace Gateway.Tests;

/// <summary>Keycloak cannot be run here. What can be held: realm and gateway.json of the sample name the same things, as docs/authorization-servers/keycloak.md wants them.</summary>
public sealed class KeycloakSampleTests
{
    private static readonly string Folder = Path.Combine(DocumentationTests.Root, "samples", "Keycloak");
    private static readonly JsonNode Realm = Read("realm-corp.json");
    private static readonly JsonNode Gateway = Read("gateway.json")["Gateway"]!;
    private static readonly JsonNode Server = Gateway["Servers"]!["files"]!;

    [Fact]
    public void The_realm_is_the_issuer()
    {
        Assert.EndsWith($"/realms/{Realm["realm"]}", (string)Gateway["AuthorizationServers"]!["corp"]!["Issuer"]!, StringComparison.Ordinal);
    }

    [Fact]
    public void Users_tokens_are_for_the_server_at_the_gateway_and_name_who_exchanges()
    {
        var audiences = Audiences(Client("mcp-client"));

        Assert.Equal([$"{Gateway["PublicUrl"]}/files", "mcp-gateway"], audiences);
        Assert.Contains((string)Server["RequiredScopes"]![0]!, Scopes(Client("mcp-client")));
    }

    [Fact]
    public void The_gateways_client_may_exchange_for_the_server_behind_and_for_nothing_else()
    {
        var client = Client((string)Gateway["AuthorizationServers"]!["corp"]!["Client"]!["Id"]!);

        Assert.Equal("true", (string?)client["attributes"]!["standard.token.exchange.enabled"]);
        Assert.False((bool)client["publicClient"]!);
        Assert.Equal([(string)Server["Outbound"]!["Audience"]!], Audiences(client));
        Assert.NotNull(Client((string)Server["Outbound"]!["Audience"]!));
        Assert.Contains((string)Server["RequiredScopes"]![0]!, Scopes(client));
        Assert.All(["standardFlowEnabled", "implicitFlowEnabled", "directAccessGrantsEnabled", "serviceAccountsEnabled"], flow => Assert.False((bool)client[flow]!));
    }

    [Fact]
    public void Every_scope_that_a_client_has_is_there_or_is_Keycloaks_own()
    {
        var known = Realm["clientScopes"]!.AsArray().Select(scope => (string)scope!["name"]!).Append("basic").ToHashSet();

        Assert.All(Realm["clients"]!.AsArray().SelectMany(client => Scopes(client!)), scope => Assert.Contains(scope, known));
    }

    private static JsonNode Read(string name) => JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, name)))!;

    private static JsonNode Client(string id) => Realm["clients"]!.AsArray().Single(client => (string?)client!["clientId"] == id)!;

    private static IEnumerable<string> Scopes(JsonNode client) =>
        client["defaultClientScopes"]!.AsArray().Concat(client["optionalClientScopes"]!.AsArray()).Select(scope => (string)scope!);

    /// <summary>What the mappers of a client's default scopes put into <c>aud</c>.</summary>
    private static List<string> Audiences(JsonNode client) =>
        [.. client["defaultClientScopes"]!.AsArray().Select(name => Realm["clientScopes"]!.AsArray().FirstOrDefault(scope => (string?)scope!["name"] == (string?)name))
            .Where(scope => scope is not null).SelectMany(scope => scope!["protocolMappers"]!.AsArray())
            .Select(mapper => mapper!["config"]!).Select(config => (string?)config["included.custom.audience"] ?? (string)config["included.client.audience"]!)];
}
