using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Xunit;

namespace Gateway.Tests.Authorize;

/// <summary>A server that denies what its rules do not name.</summary>
public sealed class OtherOperationsTests
{
    [Theory]
    [InlineData("""{"jsonrpc":"2.0","method":"tools/call","params":{"name":"delete_all"}}""")]
    [InlineData("""{"jsonrpc":"2.0","method":"made/up"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"notifications/initialized"}""")]
    public async Task An_operation_is_not_admitted_by_leaving_out_its_id(string body)
    {
        await using var world = await World.StartAsync(DenyOthers);

        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken(), body);

        Assert.Equal((403, "operation_denied"), (answer.Status, answer.Reason));
        world.AssertNothingWasSent();
    }

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","method":"notifications/initialized"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"initialize"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"server/discover"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"ping"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"result":{}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo"}}""")]
    public async Task The_life_of_a_connection_and_the_named_operations_are_left(string body)
    {
        await using var world = await World.StartAsync(DenyOthers);

        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken(), body);

        Assert.Equal(200, answer.Status);
    }

    private static void DenyOthers(JsonObject options)
    {
        var weather = options["Servers"]!["weather"]!;
        weather["OtherOperations"] = "deny";
        weather["Operations"] = new JsonArray(new JsonObject { ["Method"] = "tools/call", ["Name"] = "echo" });
    }
}
