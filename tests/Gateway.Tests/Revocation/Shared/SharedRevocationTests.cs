using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Harness;
using Xunit;

namespace Gateway.Tests.Revocation.Shared;

/// <summary>What is revoked at one replica is revoked at all, whatever becomes of the shared state in between; a real server of the protocol, time that is moved.</summary>
public sealed class SharedRevocationTests : IAsyncDisposable
{
    private readonly TestState state = new();
    private readonly ManualClock clock = new();

    public ValueTask DisposeAsync() => state.DisposeAsync();

    [Fact]
    public async Task A_logout_at_one_replica_revokes_at_the_other_drops_what_was_exchanged_and_breaks_the_stream_off()
    {
        await using var replicas = await state.StartReplicasAsync(clock: clock);
        var world = replicas.World;
        var (alice, bob) = (world.WeatherToken(), world.WeatherToken((_, payload) => payload["sub"] = "bob"));
        Assert.Equal(200, (await replicas.Second.CallAsync("/weather", alice)).Status);
        Assert.Equal(200, (await replicas.Second.CallAsync("/weather", bob)).Status);
        world.Weather.Answer = Streams.TwoEvents(new TaskCompletionSource().Task);
        using var request = new HttpRequestMessage(HttpMethod.Get, replicas.Second.Url + "/weather");
        request.Headers.Authorization = new("Bearer", alice);
        using var response = await replicas.Second.Client.SendAsync(request, TestContext.Current.CancellationToken);
        await using var stream = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        Assert.NotEqual(0, await stream.ReadAsync(new byte[64], TestContext.Current.CancellationToken));

        await LogOut.Async(world);
        await Replicas.PollAsync(replicas.Second);

        await Assert.ThrowsAnyAsync<IOException>(async () => await stream.ReadExactlyAsync(new byte[64], TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
        Assert.Equal("revoked", (await replicas.Second.CallAsync("/weather", alice)).Reason);
        world.Weather.Answer = null!;
        var told = replicas.Second.AuditedRevocations.Single();
        Assert.Equal(("backchannel_logout", "corp", "subject"), (told["source"]!.GetValue<string>(), told["authorization_server"]!.GetValue<string>(), told["selector"]!.GetValue<string>()));
        Assert.Equal((1, 1), (told["streams_ended"]!.GetValue<int>(), told["entries_dropped"]!.GetValue<int>()));
        Assert.DoesNotContain("alice", told.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_subject_goes_on_at_both()
    {
        await using var replicas = await state.StartReplicasAsync(clock: clock);
        var bob = replicas.World.WeatherToken((_, payload) => payload["sub"] = "bob");

        await LogOut.Async(replicas.World);
        await Replicas.PollAsync(replicas.Second);

        Assert.Equal(200, (await replicas.First.CallAsync("/weather", bob)).Status);
        Assert.Equal(200, (await replicas.Second.CallAsync("/weather", bob)).Status);
    }

    [Fact]
    public async Task A_replica_that_starts_later_knows_what_was_revoked_before()
    {
        await using var replicas = await state.StartReplicasAsync(clock: clock);
        var alice = replicas.World.WeatherToken();
        await LogOut.Async(replicas.World);

        await using var third = await TestGateway.StartAsync(replicas.Options.DeepClone().AsObject(), clock);
        await Replicas.PollAsync(third);

        Assert.Equal("revoked", (await third.CallAsync("/weather", alice)).Reason);
        Assert.Empty(third.AuditedRevocations);
    }

    [Fact]
    public async Task A_replica_that_has_never_read_serves_nobody_and_is_not_ready()
    {
        state.Stop();
        var world = await World.StartAsync(options => Shared(options), clock);
        await using var _ = world;

        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken());

        Assert.Equal((503, "state_unavailable"), (answer.Status, answer.Reason));
        Assert.Equal("revocations", (string?)world.Gateway.Audit[^1]["detail"]);
        Assert.NotNull(answer.Headers.GetValueOrDefault("Retry-After"));
        Assert.Null(answer.Challenge);
        Assert.Equal((503, "starting"), await ReadinessAsync(world.Gateway));
        Assert.Equal(200, (await world.Gateway.SendAsync(HttpMethod.Get, "/healthz/live")).Status);
        world.AssertNothingWasSent();
        state.Start();
        await Replicas.PollAsync(world.Gateway);
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", world.WeatherToken())).Status);
        Assert.Equal(200, (await world.Gateway.SendAsync(HttpMethod.Get, "/healthz/ready")).Status);
    }

    [Theory]
    [InlineData("refuse", 503, "not ready")]
    [InlineData("serve", 200, "ok")]
    public async Task A_replica_cut_off_for_too_long_does_what_was_configured_and_recovers(string onStale, int status, string readiness)
    {
        await using var replicas = await state.StartReplicasAsync(options => options["SharedState"]!["OnStale"] = onStale, clock);
        var token = replicas.World.WeatherToken();
        Assert.Equal(200, (await replicas.First.CallAsync("/weather", token)).Status);
        state.Stop();
        Assert.False(await Replicas.FeedOf(replicas.First).PollAsync());
        clock.Advance(TimeSpan.FromSeconds(29));
        Assert.Equal(200, (await replicas.First.CallAsync("/weather", token)).Status);

        clock.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal(status, (await replicas.First.CallAsync("/weather", token)).Status);
        Assert.Equal((status, readiness), await ReadinessAsync(replicas.First));
        state.Start();
        await Replicas.PollAsync(replicas.First);
        Assert.Equal(200, (await replicas.First.CallAsync("/weather", token)).Status);
        Assert.Equal(200, (await replicas.First.SendAsync(HttpMethod.Get, "/healthz/ready")).Status);
    }

    [Fact]
    public async Task A_logout_that_cannot_be_written_is_in_force_here_answered_503_and_written_later()
    {
        await using var replicas = await state.StartReplicasAsync(clock: clock);
        var alice = replicas.World.WeatherToken();
        Assert.Equal(200, (await replicas.First.CallAsync("/weather", alice)).Status);
        state.Stop();
        Assert.False(await Replicas.FeedOf(replicas.First).PollAsync());

        Assert.Equal(503, (await LogOut.AnswerAsync(replicas.World)).Status);

        Assert.Equal("revoked", (await replicas.First.CallAsync("/weather", alice)).Reason);
        state.Start();
        await Replicas.PollAsync(replicas.First);
        await Replicas.PollAsync(replicas.Second);
        Assert.Equal("revoked", (await replicas.Second.CallAsync("/weather", alice)).Reason);
    }

    [Fact]
    public async Task A_logout_token_is_good_once_at_all_replicas_together()
    {
        await using var replicas = await state.StartReplicasAsync(clock: clock);
        var token = LogOut.Token(replicas.World);

        Assert.Equal(200, (await LogOut.SendAsync(replicas.First, token)).Status);
        Assert.Equal(400, (await LogOut.SendAsync(replicas.Second, token)).Status);
    }

    [Fact]
    public async Task A_state_that_was_emptied_gets_back_what_replicas_know()
    {
        await using var replicas = await state.StartReplicasAsync(clock: clock);
        var alice = replicas.World.WeatherToken();
        await LogOut.Async(replicas.World);
        state.Stop();
        state.Start();
        await Replicas.PollAsync(replicas.First);

        await using var third = await TestGateway.StartAsync(replicas.Options.DeepClone().AsObject(), clock);
        await Replicas.PollAsync(third);

        Assert.Equal("revoked", (await third.CallAsync("/weather", alice)).Reason);
    }

    [Fact]
    public async Task What_a_failover_has_lost_and_others_have_numbered_anew_is_read_and_put_back()
    {
        await using var replicas = await state.StartReplicasAsync(clock: clock);
        var tokens = new[] { "alice", "bob", "carol" }.ToDictionary(name => name, name => replicas.World.WeatherToken((_, payload) => payload["sub"] = name));
        var database = await state.StrangerAsync();
        await LogOut.Async(replicas.World);
        var before = (await database.SortedSetRangeByScoreWithScoresAsync("mcp-gateway:log"), await database.StringGetAsync("mcp-gateway:seq"));
        await LogOut.Async(replicas.World, subject: "bob");
        await Replicas.PollAsync(replicas.Second);

        // The primary is gone, and its replica had not heard of the last; then a third gateway writes under the same number.
        await database.KeyDeleteAsync(["mcp-gateway:log", "mcp-gateway:seq"]);
        await database.SortedSetAddAsync("mcp-gateway:log", before.Item1);
        await database.StringSetAsync("mcp-gateway:seq", before.Item2);
        await using var third = await TestGateway.StartAsync(replicas.Options.DeepClone().AsObject(), clock);
        await Replicas.PollAsync(third);
        Assert.Equal(200, (await LogOut.SendAsync(third, LogOut.Token(replicas.World, subject: "carol"))).Status);
        await Replicas.PollAsync(replicas.Second);
        await Replicas.PollAsync(third);

        foreach (var (_, token) in tokens)
        {
            Assert.Equal("revoked", (await replicas.Second.CallAsync("/weather", token)).Reason);
            Assert.Equal("revoked", (await third.CallAsync("/weather", token)).Reason);
        }
    }

    [Fact]
    public async Task What_is_numbered_before_and_written_later_is_seen()
    {
        await using var replicas = await state.StartReplicasAsync(clock: clock);
        var database = await state.StrangerAsync();
        await LogOut.Async(replicas.World);
        var entry = (await database.SortedSetRangeByRankAsync("mcp-gateway:log")).Single();
        await database.SortedSetRemoveAsync("mcp-gateway:log", entry);
        await database.StringSetAsync("mcp-gateway:seq", 5);
        await using var third = await TestGateway.StartAsync(replicas.Options.DeepClone().AsObject(), clock);
        await Replicas.PollAsync(third);

        await database.SortedSetAddAsync("mcp-gateway:log", entry, 2);
        await Replicas.PollAsync(third);

        Assert.Equal("revoked", (await third.CallAsync("/weather", replicas.World.WeatherToken())).Reason);
    }

    [Fact]
    public async Task Entries_of_a_stranger_revoke_nobody_stop_nothing_and_are_counted()
    {
        await using var replicas = await state.StartReplicasAsync(clock: clock);
        await LogOut.Async(replicas.World, subject: "mallory");
        var database = await state.StrangerAsync();
        var sound = (byte[])(await database.SortedSetRangeByRankAsync("mcp-gateway:log")).Single()!;
        foreach (var place in new[] { 1, 2, 3, 5, 13, 17, 21, 40, 55, 63, 69, sound.Length - 1 })
        {
            var forged = sound.ToArray();
            forged[place] ^= 1;
            await database.SortedSetAddAsync("mcp-gateway:log", forged, 1000 + place);
        }

        await database.SortedSetAddAsync("mcp-gateway:log", "nonsense", double.PositiveInfinity);
        await database.SortedSetAddAsync("mcp-gateway:log", "", 1e300);
        await database.SortedSetAddAsync("mcp-gateway:log", sound, 1e18);
        await Replicas.PollAsync(replicas.Second);
        await Replicas.PollAsync(replicas.Second);

        Assert.Equal(200, (await replicas.Second.CallAsync("/weather", replicas.World.WeatherToken())).Status);
        Assert.Equal(1, Replicas.Of(replicas.Second).Count);
        Assert.InRange(Ignored(replicas.Second), 14, 40);
        await LogOut.Async(replicas.World);
        await Replicas.PollAsync(replicas.Second);
        Assert.Equal("revoked", (await replicas.Second.CallAsync("/weather", replicas.World.WeatherToken())).Reason);
    }

    [Fact]
    public async Task Neither_keys_nor_values_hold_a_subject_a_session_a_token_or_an_issuer()
    {
        await using var replicas = await state.StartReplicasAsync(clock: clock);
        await LogOut.Async(replicas.World);
        await LogOut.Async(replicas.World, session: "session-of-alice");
        var database = await state.StrangerAsync();

        var keys = database.Multiplexer.GetServers().Single().Keys(pattern: "*").Select(key => (string)key!).ToArray();
        var all = string.Join('\n', keys) + string.Join('\n', (await database.SortedSetRangeByRankAsync("mcp-gateway:log")).Select(entry => System.Text.Encoding.Latin1.GetString((byte[])entry!)));

        Assert.Equal(4, keys.Length);
        Assert.All(keys, key => Assert.StartsWith("mcp-gateway:", key, StringComparison.Ordinal));
        foreach (var name in new[] { "alice", "session-of", "corp", replicas.World.As.Issuer, "logout" })
        {
            Assert.DoesNotContain(name, all, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public async Task A_key_that_has_left_the_file_leaves_its_revocations_to_the_whole_issuer_and_new_ones_to_the_new_key()
    {
        var (old, fresh) = (TestState.NewKey(), TestState.NewKey());
        state.WriteKeys(old);
        await using var replicas = await state.StartReplicasAsync(clock: clock);
        var (alice, bob) = (replicas.World.WeatherToken(), replicas.World.WeatherToken((_, payload) => payload["sub"] = "bob"));
        await LogOut.Async(replicas.World);
        state.WriteKeys(fresh, old);
        Reload(replicas.First);
        Reload(replicas.Second);
        await replicas.ReadyAsync();
        Assert.Equal("revoked", (await replicas.Second.CallAsync("/weather", alice)).Reason);
        Assert.Equal(200, (await replicas.Second.CallAsync("/weather", bob)).Status);

        state.WriteKeys(fresh);
        Reload(replicas.Second);
        await using var third = await TestGateway.StartAsync(replicas.Options.DeepClone().AsObject(), clock);
        await Replicas.PollAsync(third);

        foreach (var replica in new[] { replicas.Second, third })
        {
            Assert.Equal("revoked", (await replica.CallAsync("/weather", alice)).Reason);
            Assert.Equal("revoked", (await replica.CallAsync("/weather", bob)).Reason);
        }

        clock.Advance(TimeSpan.FromSeconds(1));
        await Replicas.PollAsync(third);
        var later = replicas.World.WeatherToken((_, payload) => payload["sub"] = "bob");
        Assert.Equal(200, (await third.CallAsync("/weather", later)).Status);
    }

    private static void Reload(TestGateway gateway) =>
        ((Gateway.Generations.Reload)gateway.Services.GetService(typeof(Gateway.Generations.Reload))!).Poll();

    private static long Ignored(TestGateway gateway) => ((Gateway.Revoke.Shared.StateHealth)gateway.Services.GetService(typeof(Gateway.Revoke.Shared.StateHealth))!).Ignored;

    private void Shared(JsonObject options)
    {
        options["SharedState"] = state.Options();
        options["SessionKeyFile"] = state.KeyFile;
    }

    private static async Task<(int Status, string Said)> ReadinessAsync(TestGateway gateway)
    {
        var answer = await gateway.SendAsync(HttpMethod.Get, "/healthz/ready");
        return (answer.Status, answer.Body);
    }
}
