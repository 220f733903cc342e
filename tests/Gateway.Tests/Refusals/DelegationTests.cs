using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Gateway.Tests.Policy;
using TokenExchange.Outbound.Local;
using Xunit;

namespace Gateway.Tests.Refusals;

/// <summary>A token whose own claims forbid what it would be used for is refused with its claims, before anybody is asked or a byte is read.</summary>
public sealed class DelegationTests : IDisposable
{
    /// <summary>The most actors in a token, of those that join here one.</summary>
    private const int Most = 8;
    private const string Stranger = """{"sub":"another-gateway"}""";
    private const string Details = """[{"type":"payment"}]""";
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("gateway-delegation-");

    public void Dispose() => directory.Delete(recursive: true);

    [Theory]
    [InlineData("exchange", "may_act", Stranger, "claim_refused")]
    [InlineData("local", "may_act", Stranger, "claim_refused")]
    [InlineData("local", "authorization_details", Details, "claim_refused")]
    [InlineData("exchange", "act", """{"sub":"a","act":{"sub":"https://mcp.example.com/weather"}}""", "actor_chain_refused")]
    public async Task Neither_the_decision_point_nor_the_user_is_asked_about_what_cannot_be(string mode, string claim, string value, string reason)
    {
        await using var world = await PolicyWorld.StartAsync(change: options =>
        {
            Mode(options, mode);
            options["Servers"]!["weather"]!["RequiredScopes"] = new JsonArray("base");
            options["Servers"]!["weather"]!["Operations"] = JsonNode.Parse("""[{ "Method": "tools/call", "Approval": true }]""");
        });

        // A second time, when the token is remembered; without the scopes and the approval that it would need; with no message at all.
        foreach (var body in new[] { Messages.Call("echo"), Messages.Call("echo"), "[]" })
        {
            var answer = await world.CallAsync(body, change: (_, payload) => (payload[claim], payload["scope"], payload["jti"]) = (JsonNode.Parse(value), body == "[]" ? "other" : "base", "one"));

            Assert.Equal((403, reason), (answer.Status, answer.Reason));
            Assert.Empty(answer.Challenges);
            Assert.Equal(claim, (string?)world.Gateway.Audit[^1]["detail"]);
        }

        Assert.Empty(world.Questions);
        world.World.AssertNothingWasSent();
    }

    [Theory]
    [InlineData("exchange")]
    [InlineData("local")]
    [InlineData("same-token")]
    [InlineData("credential")]
    [InlineData("none")]
    public async Task A_loop_or_a_chain_without_end_goes_nowhere_in_any_mode(string mode)
    {
        await using var world = await World.StartAsync(options => Mode(options, mode));

        foreach (var chain in new[] { Chain(1, World.WeatherResource), Chain(3, World.WeatherResource), Chain(25) })
        {
            var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken((_, payload) => payload["act"] = chain));
            Assert.Equal((403, "actor_chain_refused"), (answer.Status, answer.Reason));
        }

        world.AssertNothingWasSent();
    }

    [Theory]
    [InlineData("exchange", Most - 1)]
    [InlineData("local", Most - 1)]
    [InlineData("same-token", Most)]
    [InlineData("none", Most)]
    public async Task A_chain_may_be_as_long_as_the_one_that_goes_on(string mode, int most)
    {
        await using var world = await World.StartAsync(options => Mode(options, mode));
        world.As.ChangeToken = (_, payload) => payload["act"] = new JsonObject { ["sub"] = "mcp-gateway", ["act"] = Chain(most) };

        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", world.WeatherToken((_, payload) => payload["act"] = Chain(most)))).Status);
        Assert.Equal("actor_chain_refused", (await world.Gateway.CallAsync("/weather", world.WeatherToken((_, payload) => payload["act"] = Chain(most + 1)))).Reason);
        Assert.Single(world.Weather.Requests);
    }

    [Theory]
    [InlineData("same-token")]
    [InlineData("none")]
    public async Task Where_nobody_acts_for_the_subject_nobody_needs_to_be_allowed_to(string mode)
    {
        await using var world = await World.StartAsync(options => Mode(options, mode));

        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", world.WeatherToken((_, payload) => (payload["may_act"], payload["authorization_details"]) = (JsonNode.Parse(Stranger), JsonNode.Parse(Details))))).Status);
    }

    [Fact]
    public async Task What_the_issuer_says_when_it_is_asked_counts_as_what_the_token_says()
    {
        await using var world = await PolicyWorld.StartAsync(change: options => options["AuthorizationServers"]!["corp"]!["Introspection"] = new JsonObject { ["Mode"] = "always", ["MaxAge"] = "00:00:00" });
        var answer = """{"active":true}""";
        world.World.As.Handle("/introspect", context =>
        {
            context.Response.ContentType = "application/json";
            return context.Response.Body.WriteAsync(System.Text.Encoding.UTF8.GetBytes(answer)).AsTask();
        });
        var token = world.World.WeatherToken();

        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", token)).Status);
        answer = $$"""{"active":true,"may_act":{{Stranger}}}""";
        Assert.Equal("claim_refused", (await world.Gateway.CallAsync("/weather", token)).Reason);
        Assert.Single(world.Questions);
    }

    private static JsonObject Chain(int length, string last = "agent-0")
    {
        var chain = new JsonObject { ["sub"] = last };
        for (var i = 1; i < length; i++)
        {
            chain = new JsonObject { ["sub"] = "agent-" + i, ["act"] = chain };
        }

        return chain;
    }

    private void Mode(JsonObject options, string mode)
    {
        var server = options["Servers"]!["weather"]!;
        if (mode != "exchange")
        {
            server["Outbound"] = new JsonObject { ["Mode"] = mode };
        }

        if (mode == "local")
        {
            SigningKeyFile.Create(directory.FullName, "ES256", TimeProvider.System);
            options["LocalIssuer"] = new JsonObject { ["Issuer"] = TestGateway.PublicUrl + "/hop", ["KeyDirectory"] = directory.FullName };
        }

        if (mode == "credential")
        {
            var file = Path.Combine(directory.FullName, "key");
            File.WriteAllText(file, "static-key-canary-1b77");
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }

            server["Outbound"]!["File"] = file;
        }
    }
}
