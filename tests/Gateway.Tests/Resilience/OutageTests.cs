using System.Globalization;
using Gateway.Tests.Harness;
using Gateway.Tests.Wire;
using Harness;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Gateway.Tests.Resilience;

/// <summary>Outages of the authorization server as a client of the gateway sees them, on real sockets and a moved clock.</summary>
public sealed class OutageTests
{
    /// <summary>So many subjects have to fail before the breaker opens.</summary>
    private const int Failures = 3;

    private static readonly TimeSpan Break = TimeSpan.FromSeconds(5);

    [Theory]
    [InlineData("refused")]
    [InlineData("reset")]
    [InlineData("closed")]
    [InlineData("cut off")]
    [InlineData("garbage")]
    [InlineData("500")]
    [InlineData("503 with Retry-After")]
    [InlineData("429 with Retry-After")]
    [InlineData("hang")]
    [InlineData("slow drip")]
    public async Task Through_an_outage_warm_calls_flow_cold_ones_are_told_when_to_return_and_recovery_takes_one_break(string outage)
    {
        await using var world = await OutageWorld.StartAsync();
        var warm = await world.WarmAsync();
        Begin(world, outage);
        for (var i = 0; i < Failures; i++)
        {
            await ColdIsRefusedAsync(world, slow: outage is "hang" or "slow drip");
            Assert.Equal(200, (await world.CallAsync(warm)).Status);
        }

        // The breaker is open: refused at once, and nobody is asked.
        var asked = world.As.Posts.Count;
        await ColdIsRefusedAsync(world, slow: false);
        Assert.Equal(asked, world.As.Posts.Count);

        End(world, outage);
        world.Clock.Advance(Break);
        Assert.Equal(200, (await world.CallAsync(world.Cold())).Status);
        Assert.Equal(200, (await world.CallAsync(world.Cold())).Status);
        Assert.Equal(asked + 2, world.As.Posts.Count);
    }

    [Fact]
    public async Task One_user_whom_the_server_fails_over_keeps_nobody_else_waiting()
    {
        await using var world = await OutageWorld.StartAsync();
        var mallory = world.Cold();
        world.As.WireAnswer = request => request["subject_token"] == mallory ? StubAnswer.Json(500, "{}") : world.Issue(request);
        for (var i = 0; i < 25; i++)
        {
            for (var j = 0; j < 3; j++)
            {
                Assert.Equal(503, (await world.CallAsync(mallory)).Status);
            }

            Assert.Equal(200, (await world.CallAsync(world.Cold())).Status);
            world.Clock.Advance(TimeSpan.FromMilliseconds(200));
        }
    }

    [Fact]
    public async Task One_user_for_whom_the_server_takes_its_time_keeps_nobody_else_waiting()
    {
        await using var world = await OutageWorld.StartAsync();
        var mallory = Enumerable.Range(0, 64).Select(_ => world.Cold(subject: "mallory")).ToHashSet();
        world.As.WireAnswer = request => mallory.Contains(request["subject_token"]!) ? StubAnswer.Hang : world.Issue(request);
        var hanging = await world.CallAndWaitAsync(mallory);
        await world.As.ArrivalAsync(skip: 15);

        var others = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => world.CallAsync(world.Cold()))).WaitAsync(SocketClient.Patience, TestContext.Current.CancellationToken);
        Assert.All(others, answer => Assert.Equal(200, answer.Status));

        world.Clock.Advance(OutageWorld.Timeout / 2);
        world.Clock.Advance(OutageWorld.Timeout / 2);
        Assert.All(await Task.WhenAll(hanging), answer => Assert.Equal((503, "exchange_unavailable"), (answer.Status, answer.Reason)));
        Assert.Equal(16, world.Gateway.Audit.Count(line => (string?)line["detail"] == "timeout"));
        Assert.Equal(48, world.Gateway.Audit.Count(line => (string?)line["detail"] == "busy"));
        Assert.Equal(200, (await world.CallAsync(world.Cold())).Status);
    }

    [Fact]
    public async Task A_longer_pause_that_the_server_asked_for_is_kept()
    {
        await using var world = await OutageWorld.StartAsync();
        world.As.WireAnswer = _ => StubAnswer.Raw(429, "Retry-After: 20\r\n", "");
        for (var i = 0; i < Failures; i++)
        {
            Assert.Equal("20", (await world.CallAsync(world.Cold())).Headers["Retry-After"]);
        }

        world.As.WireAnswer = world.Issue;
        world.Clock.Advance(TimeSpan.FromSeconds(19));
        Assert.Equal(503, (await world.CallAsync(world.Cold())).Status);
        Assert.Equal(Failures, world.As.Posts.Count);
        world.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(200, (await world.CallAsync(world.Cold())).Status);
    }

    [Fact]
    public async Task A_hop_token_serves_through_an_outage_until_its_end_and_not_beyond()
    {
        await using var world = await OutageWorld.StartAsync();
        var warm = await world.WarmAsync();
        Begin(world, "500");
        for (var second = 10; second < 270; second += 10)
        {
            world.Clock.Advance(TimeSpan.FromSeconds(10));
            Assert.Equal(200, (await world.CallAsync(warm)).Status);
            await (world.Cache.Settled() ?? Task.CompletedTask);
        }

        Assert.Equal(26, world.Exchanged("hit"));
        world.Clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal("exchange_unavailable", (await world.CallAsync(warm)).Reason);
        Assert.Equal(27, world.Weather.Requests.Count);
    }

    [Fact]
    public async Task When_a_hundred_callers_return_one_of_them_asks_and_the_others_come_again_at_different_times()
    {
        await using var world = await OutageWorld.StartAsync();
        var (asked, released) = await RecoverSlowlyAsync(world);

        var tokens = Enumerable.Range(0, 100).Select(_ => world.Cold()).ToArray();
        var calls = tokens.Select(token => Task.Run(() => world.CallAsync(token))).ToArray();
        await Eventually.HoldsAsync(() => calls.Count(call => call.IsCompleted) == 99);
        Assert.Equal(asked + 1, world.As.Posts.Count);
        released.SetResult();

        var answers = await Task.WhenAll(calls);
        Assert.Single(answers, answer => answer.Status == 200);
        var waits = answers.Where(answer => answer.Status == 503).Select(RetryAfter).ToList();
        Assert.Equal(99, waits.Count);
        Assert.InRange(waits.Distinct().Count(), 2, 3);

        // They come again: each is asked for once, the one who had its answer not at all.
        Assert.All(await Task.WhenAll(tokens.Select(token => world.CallAsync(token))), answer => Assert.Equal(200, answer.Status));
        Assert.Equal(asked + 100, world.As.Posts.Count);
    }

    [Fact]
    public async Task When_a_hundred_callers_of_one_key_return_it_is_asked_for_once()
    {
        await using var world = await OutageWorld.StartAsync();
        var (asked, released) = await RecoverSlowlyAsync(world);

        var calls = await world.CallAndWaitAsync(Enumerable.Repeat(world.Cold(), 100));
        released.SetResult();

        Assert.All(await Task.WhenAll(calls), answer => Assert.Equal(200, answer.Status));
        Assert.Equal(asked + 1, world.As.Posts.Count);
    }

    [Fact]
    public async Task A_probe_that_hangs_keeps_nobody_else_waiting_and_the_next_comes_a_break_later()
    {
        await using var world = await OutageWorld.StartAsync();
        await OpenBreakerAsync(world);
        var asked = world.As.Posts.Count;
        world.As.WireAnswer = _ => StubAnswer.Hang;
        world.Clock.Advance(Break);
        var probe = world.CallAsync(world.Cold());
        await Eventually.HoldsAsync(() => world.As.Posts.Count == asked + 1, probe);

        await ColdIsRefusedAsync(world, slow: false);
        Assert.False(probe.IsCompleted);
        world.Clock.Advance(OutageWorld.Timeout);
        Assert.Equal(503, (await probe).Status);
        Assert.Equal(asked + 1, world.As.Posts.Count);

        world.As.WireAnswer = world.Issue;
        world.Clock.Advance(Break);
        Assert.Equal(200, (await world.CallAsync(world.Cold())).Status);
    }

    [Theory]
    [InlineData("invalid_client")]
    [InlineData("unauthorized_client")]
    public async Task A_refusal_of_the_gateway_itself_is_no_outage_however_often_it_comes(string code)
    {
        await using var world = await OutageWorld.StartAsync();
        var warm = await world.WarmAsync();
        world.As.WireAnswer = _ => StubAnswer.Error(401, code);
        for (var i = 1; i <= 2 * Failures; i++)
        {
            // The second is not asked for: it would be refused as well.
            foreach (var answer in new[] { await world.CallAsync(world.Cold()), await world.CallAsync(world.Cold()) })
            {
                Assert.Equal((502, "exchange_misconfigured"), (answer.Status, answer.Reason));
            }

            Assert.Equal(1 + i, world.As.Posts.Count);
            Assert.Equal(200, (await world.CallAsync(warm)).Status);
            world.Clock.Advance(TimeSpan.FromSeconds(10));
        }

        world.As.WireAnswer = world.Issue;
        Assert.Equal(200, (await world.CallAsync(world.Cold())).Status);
    }

    [Fact]
    public async Task Keycloaks_unknown_audience_is_neither_an_outage_nor_a_refusal_of_the_gateway()
    {
        await using var world = await OutageWorld.StartAsync(options => options["AuthorizationServers"]!["corp"]!["Profile"] = "keycloak");
        world.As.WireAnswer = request => request["audience"] == world.Notes.Url ? world.Issue(request) : StubAnswer.Error(400, "invalid_client", "Audience not found");
        for (var i = 1; i <= 2 * Failures; i++)
        {
            var refused = await world.CallAsync(world.Cold());
            Assert.Equal((403, "exchange_target_refused"), (refused.Status, refused.Reason));
            Assert.Equal(200, (await world.CallAsync(world.Cold("notes"), "notes")).Status);
            Assert.Equal(2 * i, world.As.Posts.Count);
        }
    }

    [Fact]
    public async Task Endpoints_that_cannot_be_found_out_are_found_out_within_one_break_of_the_metadatas_return()
    {
        // Keys are configured, so that nothing but an exchange needs the metadata.
        await using var issuer = new TestAuthorizationServer();
        await using var mcp = new TestMcpServer();
        var clock = new EagerClock();
        (issuer.MetadataAnswer, issuer.OpenIdAnswer) = (DocumentAnswer.ServerError, DocumentAnswer.ServerError);
        issuer.Handle("/token", context =>
        {
            context.Response.StatusCode = 400;
            return context.Response.WriteAsync("""{"error":"invalid_grant"}""");
        });
        await using var gateway = await TestGateway.StartAsync(
            new()
            {
                ["AuthorizationServers"] = new System.Text.Json.Nodes.JsonObject
                {
                    ["corp"] = new System.Text.Json.Nodes.JsonObject { ["Issuer"] = issuer.Issuer, ["JwksUrl"] = issuer.JwksUrl, ["Client"] = new System.Text.Json.Nodes.JsonObject { ["Id"] = "mcp-gateway", ["Authentication"] = "none" } },
                },
                ["Servers"] = new System.Text.Json.Nodes.JsonObject { ["weather"] = World.Server(mcp) },
            },
            clock);
        var token = TokenForge.AccessToken(TestKeys.Es256, issuer.Issuer, TestGateway.PublicUrl + "/weather", clock.GetUtcNow());
        for (var i = 0; i < 2 * Failures; i++)
        {
            Assert.Equal("exchange_unavailable", (await gateway.CallAsync("/weather", token)).Reason);
            clock.Advance(TimeSpan.FromMilliseconds(100));
        }

        issuer.MetadataAnswer = DocumentAnswer.Sound;
        clock.Advance(Break);

        Assert.NotEqual(503, (await gateway.CallAsync("/weather", token)).Status);
    }

    private static void Begin(OutageWorld world, string outage)
    {
        if (outage == "refused")
        {
            world.As.StopListening();
            return;
        }

        world.As.WireAnswer = _ => outage switch
        {
            "reset" => StubAnswer.Reset,
            "closed" => StubAnswer.Close,
            "cut off" => StubAnswer.Bytes("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"access_"),
            "garbage" => StubAnswer.Bytes("\u0001\u0002 nonsense \u0003\r\n\r\n"),
            "500" => StubAnswer.Json(500, "{}"),
            "503 with Retry-After" => StubAnswer.Raw(503, "Retry-After: 3\r\n", ""),
            "429 with Retry-After" => StubAnswer.Raw(429, "Retry-After: 5\r\n", ""),
            "hang" => StubAnswer.Hang,
            _ => StubAnswer.Drip(world.Clock, """{"access_token":"abcdefghijklmnopqrstuvwxyz"}"""),
        };
    }

    private static void End(OutageWorld world, string outage)
    {
        world.As.WireAnswer = world.Issue;
        if (outage == "refused")
        {
            world.As.ListenAgain();
        }
    }

    /// <summary>Goes through an outage to the end of its break; the server answers again, but not before it is released.</summary>
    private static async Task<(int Asked, TaskCompletionSource Released)> RecoverSlowlyAsync(OutageWorld world)
    {
        await OpenBreakerAsync(world);
        var asked = world.As.Posts.Count;
        var released = new TaskCompletionSource();
        world.As.WireAnswer = request => StubAnswer.After(released.Task, world.Issue(request));
        world.Clock.Advance(Break);
        return (asked, released);
    }

    private static async Task OpenBreakerAsync(OutageWorld world)
    {
        Begin(world, "429 with Retry-After");
        for (var i = 0; i < Failures; i++)
        {
            await ColdIsRefusedAsync(world, slow: false);
        }
    }

    private static async Task ColdIsRefusedAsync(OutageWorld world, bool slow)
    {
        var asked = world.As.Posts.Count;
        var call = world.CallAsync(world.Cold());
        if (slow)
        {
            await Eventually.HoldsAsync(() => world.As.Posts.Count > asked && world.Cache.Waiting == 1, call);
            world.Clock.Advance(OutageWorld.Timeout - TimeSpan.FromMilliseconds(1));
            Assert.Equal(1, world.Cache.Waiting);
            world.Clock.Advance(TimeSpan.FromMilliseconds(1));
        }

        var answer = await call;
        Assert.Equal((503, "exchange_unavailable"), (answer.Status, answer.Reason));
        Assert.InRange(RetryAfter(answer), 1, 30);
    }

    private static int RetryAfter(Answer answer) => int.Parse(answer.Headers["Retry-After"], CultureInfo.InvariantCulture);
}
