using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Xunit;

namespace Gateway.Tests.Forward;

/// <summary>A server that cannot read tokens is told who asks by the gateway alone, in every mode, or is not asked at all.</summary>
public sealed class IdentityHeaderTests
{
    [Theory]
    [InlineData("exchange")]
    [InlineData("none")]
    [InlineData("same-token")]
    public async Task The_server_is_told_the_claims_of_the_validated_token(string mode)
    {
        await using var world = await StartAsync(mode);
        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken((_, payload) =>
        {
            payload["tier"] = 3;
            payload["staff"] = true;
        }));
        Assert.Equal(200, answer.Status);
        var arrived = Assert.Single(world.Weather.Requests).Headers;
        Assert.Equal(("alice", "3", "true"), (arrived["X-Forwarded-User"], arrived["X-Tier"], arrived["X-Staff"]));
    }

    [Fact]
    public async Task What_the_client_says_of_itself_never_arrives_and_cannot_take_it_away()
    {
        await using var world = await StartAsync("none");
        var answer = await world.Gateway.CallAsync("/weather", Token(world), change: request =>
        {
            foreach (var name in new[] { "X-Forwarded-User", "x-forwarded-user", "X_Forwarded_User", "X-Forwarded_User", "X-Tier" })
            {
                request.Headers.TryAddWithoutValidation(name, ["admin", "root"]);
            }

            request.Headers.TryAddWithoutValidation("Connection", "X-Forwarded-User, X-Tier");
        });
        Assert.Equal(200, answer.Status);
        var arrived = Assert.Single(world.Weather.Requests);
        Assert.Equal("alice", arrived.Headers["X-Forwarded-User"]);
        Assert.DoesNotContain("admin", arrived.Everything, StringComparison.Ordinal);
        Assert.DoesNotContain("root", arrived.Everything, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("DELETE")]
    public async Task Every_request_tells_it_not_only_calls(string method)
    {
        await using var world = await StartAsync("none");
        await world.Gateway.SendAsync(new HttpMethod(method), "/weather", Token(world), change: request => request.Headers.TryAddWithoutValidation("X-Forwarded-User", "admin"));
        Assert.Equal("alice", Assert.Single(world.Weather.Requests).Headers["X-Forwarded-User"]);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("\"\"")]
    [InlineData("\" \"")]
    [InlineData("\" a\"")]
    [InlineData("\"a \"")]
    [InlineData("\"a\\r\\nX-Forwarded-User: admin\"")]
    [InlineData("\"a\\nb\"")]
    [InlineData("\"a\\tb\"")]
    [InlineData("\"a\\u0000\"")]
    [InlineData("\"a\\u007f\"")]
    [InlineData("\"Ren\\u00e9\"")]
    [InlineData("\"\\u010d\\u010a\"")]
    [InlineData("[\"a\"]")]
    [InlineData("{\"a\":1}")]
    [InlineData("1.5")]
    [InlineData("1e400")]
    public async Task A_claim_that_is_missing_or_not_safe_in_a_header_ends_the_request(string value)
    {
        await using var world = await StartAsync("none");
        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken((_, payload) =>
        {
            payload["tier"] = 3;
            payload["staff"] = JsonNode.Parse(value);
        }));
        Assert.Equal((403, "claim_refused"), (answer.Status, answer.Reason));
        var missing = await world.Gateway.CallAsync("/weather", world.WeatherToken((_, payload) => payload["tier"] = 3));
        Assert.Equal((403, "claim_refused"), (missing.Status, missing.Reason));
        world.AssertNothingWasSent();
    }

    [Fact]
    public async Task A_server_that_is_to_be_told_nothing_is_told_nothing()
    {
        await using var world = await StartAsync("none");
        await world.Gateway.CallAsync("/notes", world.As.Token(World.NotesResource), change: request => request.Headers.TryAddWithoutValidation("X-Forwarded-User", "admin"));
        Assert.False(Assert.Single(world.Notes.Requests).Headers.ContainsKey("X-Forwarded-User"));
    }

    private static string Token(World world) => world.WeatherToken((_, payload) => (payload["tier"], payload["staff"]) = (3, true));

    private static Task<World> StartAsync(string mode) => World.StartAsync(options =>
    {
        var weather = options["Servers"]!["weather"]!.AsObject();
        if (mode != "exchange")
        {
            weather["Outbound"] = new JsonObject { ["Mode"] = mode };
        }

        weather["IdentityHeaders"] = new JsonArray(
            new JsonObject { ["Header"] = "X-Forwarded-User", ["Claim"] = "sub" },
            new JsonObject { ["Header"] = "X-Tier", ["Claim"] = "tier" },
            new JsonObject { ["Header"] = "X-Staff", ["Claim"] = "staff" });
    });
}
