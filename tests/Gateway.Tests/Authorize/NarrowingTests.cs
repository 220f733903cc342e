using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Gateway.Tests.Authorize;

/// <summary>What an operation needs, what its hop token carries, and what a client is told to ask for.</summary>
public sealed class NarrowingTests
{
    private static readonly string[] Rule = ["mcp:write"];

    private static Task<World> StartAsync(bool narrow = true) => World.StartAsync(options =>
    {
        options["Servers"]!["weather"]!["Operations"] = new JsonArray(
            new JsonObject { ["Method"] = "tools/call", ["Name"] = "delete_*", ["Scopes"] = new JsonArray([.. Rule.Select(scope => JsonValue.Create(scope))]) });
        options["Servers"]!["weather"]!["Outbound"]!["NarrowToOperation"] = narrow;
    });

    [Fact]
    public async Task The_hop_token_of_an_operation_carries_the_scopes_of_its_rule_alone()
    {
        await using var world = await StartAsync();

        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken(), Messages.Call("delete_x"));

        Assert.Equal(200, answer.Status);
        Assert.Equal("mcp:write", Assert.Single(world.As.Exchanges)["scope"]);
    }

    [Fact]
    public async Task A_token_of_one_class_of_operations_is_not_used_for_another()
    {
        await using var world = await StartAsync();
        var token = world.WeatherToken();
        await world.Gateway.CallAsync("/weather", token, Messages.Call("delete_x"));
        await world.Gateway.CallAsync("/weather", token, Messages.Call("delete_y"));

        var answer = await world.Gateway.CallAsync("/weather", token, Messages.Of("tools/list"));

        Assert.Equal(200, answer.Status);
        Assert.Equal(2, world.As.Exchanges.Count);
        Assert.False(world.As.Exchanges[1].ContainsKey("scope"));
        Assert.Equal(world.Weather.Requests[0].Token, world.Weather.Requests[1].Token);
        Assert.NotEqual(world.Weather.Requests[0].Token, world.Weather.Requests[2].Token);
    }

    [Fact]
    public async Task A_result_that_carries_scopes_when_none_were_asked_for_is_not_sent_anywhere()
    {
        await using var world = await StartAsync();
        world.As.ChangeToken = (_, payload) => payload["scope"] = "mcp:write";

        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken(), Messages.Of("tools/list"));

        Assert.Equal(502, answer.Status);
        Assert.Equal("result_scope", world.Gateway.Audit[^1]["detail"]!.GetValue<string>());
        world.AssertNothingWasForwarded();
    }

    [Fact]
    public async Task The_challenge_of_the_server_is_answered_in_the_gateways_terms()
    {
        await using var world = await World.StartAsync(options => options["Servers"]!["weather"]!["Outbound"]!["ScopeMap"] = new JsonArray(
            new JsonObject { ["Inbound"] = "mcp:admin", ["Outbound"] = new JsonArray("inner.admin") }));
        world.Weather.Answer = context =>
        {
            context.Response.StatusCode = 403;
            context.Response.Headers.WWWAuthenticate = "Bearer error=\"insufficient_scope\", resource_metadata=\"https://internal/\", scope=\"inner.admin\"";
            return context.Response.WriteAsync("inner details");
        };

        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken());

        Assert.Equal(403, answer.Status);
        Assert.Equal("upstream_insufficient_scope", answer.Reason);
        Assert.Contains("scope=\"mcp:admin\"", answer.Challenge, StringComparison.Ordinal);
        Assert.Contains($"resource_metadata=\"{TestGateway.PublicUrl}/", answer.Challenge, StringComparison.Ordinal);
        Assert.DoesNotContain("inner", answer.Challenge + answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_403_without_a_bearer_challenge_passes_with_its_body_and_without_the_challenge()
    {
        await using var world = await World.StartAsync();
        world.Weather.Answer = context =>
        {
            context.Response.StatusCode = 403;
            context.Response.Headers.WWWAuthenticate = "Basic realm=\"inner\"";
            return context.Response.WriteAsync("its own words");
        };

        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken());

        Assert.Equal((403, "its own words", null), (answer.Status, answer.Body, answer.Challenge));
    }
}
