using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Harness;
using Xunit;

namespace Gateway.Tests.Exchange;

/// <summary>Whatever the authorization server answers, what reaches an MCP server is never good for more than what came in.</summary>
public sealed class AuthorityTests
{
    private const string Details = """[{"type":"forecast","city":"Oslo","days":3}]""";

    [Theory]
    [InlineData(Details, null, "result_authorization_details")]
    [InlineData(Details, """[{"type":"forecast","city":"Oslo"}]""", "result_authorization_details")]
    [InlineData(null, Details, "result_authorization_details")]
    public async Task Details_that_were_lost_changed_or_added_reach_nobody(string? inbound, string? outbound, string detail)
    {
        await using var world = await World.StartAsync();
        world.As.ChangeToken = (_, payload) => Set(payload, "authorization_details", outbound);

        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken((_, payload) => Set(payload, "authorization_details", inbound)));

        AssertRejected(world, answer, detail);
    }

    [Fact]
    public async Task Details_that_are_the_same_reach_the_server()
    {
        await using var world = await World.StartAsync();
        world.As.ChangeToken = (_, payload) => Set(payload, "authorization_details", """[{"days":3.0,"city":"Oslo","type":"forecast"}]""");
        world.As.ChangeAnswer = answer => Set(answer, "authorization_details", Details);

        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", world.WeatherToken((_, payload) => Set(payload, "authorization_details", Details)))).Status);
        Assert.Single(world.Weather.Requests);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("\"all\"")]
    [InlineData("""["all"]""")]
    [InlineData("""[{"actions":["all"]}]""")]
    [InlineData("""[{"type":""}]""")]
    [InlineData("""[{"type":1}]""")]
    public async Task Details_that_are_none_are_refused_in_the_inbound_token(string inbound)
    {
        await using var world = await World.StartAsync();

        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken((_, payload) => Set(payload, "authorization_details", inbound)));

        Assert.Equal((401, "claim_type_invalid"), (answer.Status, answer.Reason));
        world.AssertNothingWasSent();
    }

    [Theory]
    [InlineData("""{"sub":"agent"}""", """{"sub":"mcp-gateway"}""")]
    [InlineData("""{"sub":"agent"}""", null)]
    [InlineData("""{"sub":"agent"}""", """{"sub":"mcp-gateway","act":{"sub":"another"}}""")]
    public async Task A_chain_of_actors_that_was_lost_or_replaced_reaches_nobody(string inbound, string? outbound)
    {
        await using var world = await World.StartAsync();
        world.As.ChangeToken = (_, payload) => Set(payload, "act", outbound);

        AssertRejected(world, await world.Gateway.CallAsync("/weather", world.WeatherToken((_, payload) => Set(payload, "act", inbound))), "result_actor");
    }

    [Fact]
    public async Task A_token_that_outlives_its_subject_reaches_nobody()
    {
        await using var world = await World.StartAsync(options => options["Servers"]!["weather"]!["Outbound"]!["MaxOutlive"] = "00:05:00");
        world.As.ChangeToken = (_, payload) => payload["exp"] = TimeProvider.System.GetUtcNow().AddMinutes(20).ToUnixTimeSeconds();

        AssertRejected(world, await world.Gateway.CallAsync("/weather", world.WeatherToken((_, payload) => payload["exp"] = TimeProvider.System.GetUtcNow().AddMinutes(5).ToUnixTimeSeconds())), "result_lifetime");
    }

    [Fact]
    public async Task A_token_bound_to_a_key_that_nobody_asked_for_reaches_nobody()
    {
        await using var world = await World.StartAsync();
        world.As.ChangeToken = (_, payload) => Set(payload, "cnf", """{"jkt":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}""");

        AssertRejected(world, await world.Gateway.CallAsync("/weather", world.WeatherToken()), "result_cnf");
    }

    [Theory]
    [InlineData("""{"sub":"somebody"}""")]
    [InlineData("""{"sub":"mcp-gateway","client_id":"somebody"}""")]
    [InlineData("""{"sub":"mcp-gateway","iss":"https://elsewhere.example"}""")]
    [InlineData("""{"client_id":"https://mcp.example.com/weather"}""")]
    [InlineData("""{"sub":"https://mcp.example.com/notes"}""")]
    [InlineData("""{"sub":["mcp-gateway"]}""")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("\"mcp-gateway\"")]
    public async Task A_token_that_names_somebody_else_as_its_actor_is_not_exchanged(string mayAct)
    {
        await using var world = await World.StartAsync();

        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken((_, payload) => Set(payload, "may_act", mayAct)));

        Assert.Equal((403, "claim_refused"), (answer.Status, answer.Reason));
        world.AssertNothingWasSent();
    }

    [Theory]
    [InlineData("""{"sub":"mcp-gateway"}""")]
    [InlineData("""{"client_id":"mcp-gateway"}""")]
    [InlineData("""{"sub":"https://mcp.example.com/weather"}""")]
    public async Task A_token_that_names_the_gateway_or_this_server_as_its_actor_is_exchanged(string mayAct)
    {
        await using var world = await World.StartAsync();

        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", world.WeatherToken((_, payload) => Set(payload, "may_act", mayAct)))).Status);
    }

    [Fact]
    public async Task The_actor_token_goes_along_and_a_new_one_makes_a_new_exchange()
    {
        var file = Path.GetTempFileName();
        var clock = new ManualClock();
        await File.WriteAllTextAsync(file, TokenForge.AccessToken(TestKeys.Es256, "https://robots.example", "x", TimeProvider.System.GetUtcNow(), (_, payload) => payload["sub"] = "robot-1"), TestContext.Current.CancellationToken);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        await using var world = await World.StartAsync(options => options["Servers"]!["weather"]!["Outbound"]!["ActorToken"] = new JsonObject { ["File"] = file }, clock);
        world.As.ChangeToken = (_, payload) => Set(payload, "act", """{"sub":"robot-1"}""");
        var token = world.WeatherToken();

        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", token)).Status);
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", token)).Status);
        var exchange = Assert.Single(world.As.Exchanges);
        Assert.Equal("urn:ietf:params:oauth:token-type:jwt", exchange["actor_token_type"]);
        Assert.Equal(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken), exchange["actor_token"]);

        await File.WriteAllTextAsync(file, TokenForge.AccessToken(TestKeys.Es256, "https://robots.example", "x", TimeProvider.System.GetUtcNow(), (_, payload) => payload["sub"] = "robot-2"), TestContext.Current.CancellationToken);
        clock.Advance(TimeSpan.FromSeconds(2));
        AssertRejected(world, await world.Gateway.CallAsync("/weather", token), "result_actor", forwarded: 2);
        Assert.Equal(2, world.As.Exchanges.Count);

        // Ten seconds from the first look that finds none: it may be in the midst of a rewrite.
        File.Delete(file);
        clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("exchange_result_rejected", (await world.Gateway.CallAsync("/weather", token)).Reason);
        var asked = world.As.Exchanges.Count;
        clock.Advance(TimeSpan.FromSeconds(12));
        Assert.Equal((502, "exchange_misconfigured"), ((await world.Gateway.CallAsync("/weather", token)) is var gone ? (gone.Status, gone.Reason) : default));
        Assert.Equal(asked, world.As.Exchanges.Count);
    }

    [Theory]
    [InlineData("authentik", 502)]
    [InlineData("spring", 502)]
    [InlineData("rfc8693", 200)]
    public async Task A_product_that_names_the_actor_whose_token_was_sent_must_do_so(string profile, int status)
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, TokenForge.AccessToken(TestKeys.Es256, "https://robots.example", "x", TimeProvider.System.GetUtcNow(), (_, payload) => payload["sub"] = "robot-1"), TestContext.Current.CancellationToken);
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }

            await using var world = await World.StartAsync(options =>
            {
                options["AuthorizationServers"]!["corp"]!["Profile"] = profile;
                options["Servers"]!["weather"]!["Outbound"]!["Audience"] = "weather-client-id";
                options["Servers"]!["weather"]!["Outbound"]!["ActorToken"] = new JsonObject { ["File"] = file };
            });
            world.As.ChangeToken = (_, payload) => payload.Remove("act");

            var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken());

            Assert.Equal(status, answer.Status);
            Assert.Equal(status == 200 ? null : "result_actor", world.Gateway.Audit[^1]["detail"]?.GetValue<string>());
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static void Set(JsonObject owner, string name, string? json)
    {
        owner.Remove(name);
        if (json is not null)
        {
            owner[name] = JsonNode.Parse(json);
        }
    }

    private static void AssertRejected(World world, Answer answer, string detail, int forwarded = 0)
    {
        Assert.Equal((502, "exchange_result_rejected"), (answer.Status, answer.Reason));
        Assert.Equal(detail, (string?)world.Gateway.Audit[^1]["detail"]);
        Assert.Equal(forwarded, world.Weather.Requests.Count);
        Assert.Empty(world.Notes.Requests);
    }
}
