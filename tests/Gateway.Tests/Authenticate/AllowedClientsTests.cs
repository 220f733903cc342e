using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Xunit;

namespace Gateway.Tests.Authenticate;

/// <summary>Where a server lists its clients, a token that names none of them does not come in.</summary>
public sealed class AllowedClientsTests
{
    [Fact]
    public async Task A_token_without_a_client_is_refused_where_clients_are_listed()
    {
        await using var world = await World.StartAsync(options => options["Servers"]!["weather"]!["AllowedClients"] = new JsonArray("agent"));

        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken((_, payload) => payload.Remove("client_id")));

        Assert.Equal((403, "client_not_allowed"), (answer.Status, answer.Reason));
        world.AssertNothingWasSent();
    }

    [Fact]
    public async Task A_token_without_a_client_is_admitted_where_none_are_listed()
    {
        await using var world = await World.StartAsync();

        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", world.WeatherToken((_, payload) => payload.Remove("client_id")))).Status);
    }
}
