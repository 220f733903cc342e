using System.Text.Json.Nodes;
using Gateway.Generations;
using Gateway.Tests.Harness;
using Harness;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Gateway.Tests.Resilience;

/// <summary>Hop tokens outlive a reload exactly when nothing that they depend on has changed.</summary>
public sealed class ReloadCacheTests
{
    private const string Weather = "Servers/weather/";
    private const string Notes = "Servers/notes/";
    private const string Corp = "AuthorizationServers/corp/";

    [Theory]
    [InlineData(Corp + "Client/Secret", "\"rotated\"")]
    [InlineData(Corp + "Timeout", "\"00:00:04\"")]
    [InlineData(Corp + "KeyRefresh", "\"00:04:00\"")]
    [InlineData(Corp + "Algorithms", "[\"ES256\"]")]
    [InlineData(Weather + "MaxRequestBody", "100000")]
    [InlineData(Weather + "RequiredScopes", "[\"mcp:read\"]")]
    [InlineData(Weather + "AllowedClients", "[\"agent\"]")]
    [InlineData(Weather + "Operations", "[{\"Method\":\"tools/call\",\"Scopes\":[\"mcp:read\"]}]")]
    [InlineData(Weather + "AcceptedAudiences", "[\"api://weather\"]")]
    [InlineData(Notes + "Path", "\"/other\"")]
    [InlineData(Notes + "AcceptedAudiences", "[\"api://notes\"]")]
    [InlineData(Notes + "Outbound/Resource", "\"https://notes.internal/mcp\"")]
    [InlineData(Notes + "Outbound/Scopes", "[\"mcp:read\"]")]
    [InlineData("Servers/notes", null)]
    [InlineData("Servers/third", "{\"Destinations\":[\"http://127.0.0.1:9/mcp\"],\"Outbound\":{\"Mode\":\"none\"}}")]
    [InlineData("AuthorizationServers/partner", "{\"Issuer\":\"http://127.0.0.1:9\",\"Inbound\":false}")]
    public async Task A_change_that_is_none_of_its_business_leaves_a_hop_token_held(string path, string? value) =>
        Assert.Equal((200, 1), await ReloadedAsync(path, value));

    [Theory]
    [InlineData(Corp + "AllowMissingIssuedTokenType", "true")]
    [InlineData(Corp + "ClockSkew", "\"00:00:20\"")]
    [InlineData(Corp + "ExtraParameters", "{\"tenant\":\"x\"}")]
    [InlineData(Corp + "Client/Authentication", "\"client_secret_post\"")]
    [InlineData(Corp + "TokenEndpoint", "\"{issuer}/token\"")]
    [InlineData(Corp + "JwksUrl", "\"{issuer}/jwks\"")]
    [InlineData(Weather + "Outbound/Resource", "\"https://weather.internal/mcp\"")]
    [InlineData(Weather + "Outbound/Audience", "\"weather\"")]
    [InlineData(Weather + "Outbound/Scopes", "[\"mcp:read\"]")]
    [InlineData(Weather + "Outbound/ScopeMap", "[{\"Inbound\":\"mcp:read\",\"Outbound\":[\"read\"]}]")]
    [InlineData(Weather + "Outbound/ExtraResultScopes", "[\"openid\"]")]
    [InlineData(Weather + "Outbound/SubjectClaims", "[\"sub\",\"iss\"]")]
    [InlineData(Weather + "Outbound/MaxLifetime", "\"00:30:00\"")]
    [InlineData(Weather + "Outbound/NarrowToOperation", "true")]
    [InlineData(Weather + "Outbound/Client", "{\"Id\":\"mcp-gateway\",\"Authentication\":\"client_secret_post\",\"Secret\":\"other\"}")]
    public async Task A_change_of_what_it_was_asked_for_by_makes_another_exchange(string path, string value) =>
        Assert.Equal((200, 2), await ReloadedAsync(path, value));

    [Fact]
    public async Task Settings_that_come_back_find_what_was_held_under_them()
    {
        await using var world = await StartAsync();
        var token = world.WeatherToken();
        foreach (var exchanges in new[] { 1, 2, 2, 2 })
        {
            Assert.Equal(200, (await world.Gateway.CallAsync("/weather", token)).Status);
            Assert.Equal(exchanges, world.As.Exchanges.Count);
            var generation = world.Gateway.Services.GetRequiredService<LiveGenerations>().Current.Number;
            Change(world, Weather + "Outbound/MaxLifetime", generation % 2 == 1 ? "\"00:30:00\"" : "\"01:00:00\"");
        }
    }

    /// <summary>The status of a call after the change, and how many exchanges were made for it and one before.</summary>
    private static async Task<(int Status, int Exchanges)> ReloadedAsync(string path, string? value)
    {
        await using var world = await StartAsync();
        var token = world.WeatherToken();
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", token)).Status);
        Change(world, path, value);
        Assert.Equal(2, world.Gateway.Services.GetRequiredService<LiveGenerations>().Current.Number);
        return ((await world.Gateway.CallAsync("/weather", token)).Status, world.As.Exchanges.Count);
    }

    private static Task<World> StartAsync() =>
        World.StartAsync(options => options["Servers"]!["weather"]!["Outbound"]!["MaxLifetime"] = "01:00:00", new ManualClock());

    private static void Change(World world, string path, string? value)
    {
        var options = World.Options(world.As, world.Weather, world.Notes);
        options["Servers"]!["weather"]!["Outbound"]!["MaxLifetime"] = "01:00:00";
        var names = path.Split('/');
        var parent = names[..^1].Aggregate((JsonNode)options, (node, name) => node[name]!).AsObject();
        parent.Remove(names[^1]);
        if (value is not null)
        {
            parent[names[^1]] = JsonNode.Parse(value.Replace("{issuer}", world.As.Issuer, StringComparison.Ordinal));
        }

        world.Gateway.Write(options);
        world.Gateway.Services.GetRequiredService<Reload>().Poll();
    }
}
