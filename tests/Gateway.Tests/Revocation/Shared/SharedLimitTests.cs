using System.Diagnostics;
using System.Text.Json.Nodes;
using Gateway.Revoke.Shared;
using Gateway.Tests.Harness;
using Harness;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using TokenExchange.Inbound.Revocation;
using Xunit;

namespace Gateway.Tests.Revocation.Shared;

/// <summary>Many revocations: more than fit, and more than are read in one go.</summary>
public sealed class SharedLimitTests : IAsyncDisposable
{
    // Longer than any token lives, and until everything is read anew.
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(65);
    private readonly TestState state = new();
    private readonly ManualClock clock = new();

    public ValueTask DisposeAsync() => state.DisposeAsync();

    [Fact]
    public async Task One_too_many_makes_all_replicas_refuse_what_was_issued_by_then_and_say_so_and_the_state_shrinks()
    {
        const int Most = 5;
        await using var replicas = await state.StartReplicasAsync(clock: clock, configure: builder => Limit(builder, Most));
        var bob = replicas.World.WeatherToken((_, payload) => payload["sub"] = "bob");
        for (var number = 0; number < Most; number++)
        {
            await LogOut.Async(replicas.World, subject: $"user-{number}");
        }

        await Replicas.PollAsync(replicas.Second);
        Assert.Equal(200, (await replicas.First.CallAsync("/weather", bob)).Status);
        Assert.Equal(200, (await replicas.Second.CallAsync("/weather", bob)).Status);

        await LogOut.Async(replicas.World, subject: "one-more");
        await Replicas.PollAsync(replicas.Second);

        foreach (var replica in new[] { replicas.First, replicas.Second })
        {
            Assert.Equal("revoked", (await replica.CallAsync("/weather", bob)).Reason);
            var told = Assert.Single(replica.AuditedRevocations, told => told["source"]!.GetValue<string>() == "limit");
            Assert.Equal(("corp", "issuer"), (told["authorization_server"]!.GetValue<string>(), told["selector"]!.GetValue<string>()));
        }

        // What it stands for is taken out, and who starts now knows the same.
        await Replicas.PollAsync(replicas.First);
        Assert.Equal(1, await LengthAsync());
        await using var third = await TestGateway.StartAsync(replicas.Options.DeepClone().AsObject(), clock);
        await Replicas.PollAsync(third);
        Assert.Equal("revoked", (await third.CallAsync("/weather", bob)).Reason);
        clock.Advance(TimeSpan.FromSeconds(1));
        await Replicas.PollAsync(third);
        Assert.Equal(200, (await third.CallAsync("/weather", replicas.World.WeatherToken((_, payload) => payload["sub"] = "bob"))).Status);
    }

    [Fact]
    public async Task What_was_over_before_anybody_ran_again_is_taken_out_of_the_state()
    {
        await using var replicas = await state.StartReplicasAsync(ShortLived, clock);
        await LogOut.Async(replicas.World);
        var database = await state.StrangerAsync();
        var written = Assert.Single(await database.SortedSetRangeByRankWithScoresAsync("mcp-gateway:log"));
        clock.Advance(Long);
        await replicas.ReadyAsync();
        Assert.Equal(0, await LengthAsync());

        // As if both had been gone by then.
        await database.SortedSetAddAsync("mcp-gateway:log", written.Element, written.Score);
        await using var third = await TestGateway.StartAsync(replicas.Options.DeepClone().AsObject(), clock);
        await Replicas.PollAsync(third);

        Assert.Equal(0, await LengthAsync());
    }

    [Fact]
    public async Task What_was_taken_back_is_taken_out_of_the_state_and_its_taking_back_when_that_is_over()
    {
        await using var replicas = await state.StartReplicasAsync(ShortLived, clock);
        var log = replicas.First.Services.GetRequiredService<IRevocationLog>();
        var keys = Replicas.Of(replicas.First).Keys;
        var revocation = TokenExchange.Inbound.Revocation.Revocation.Of(keys, RevocationSelector.Subject, replicas.World.As.Issuer, "alice", clock.GetUtcNow(), TimeSpan.FromMinutes(1), RevocationSource.Command);
        await log.WriteAsync([revocation], null, CancellationToken.None);
        await replicas.ReadyAsync();
        Assert.Equal("revoked", (await replicas.Second.CallAsync("/weather", replicas.World.WeatherToken())).Reason);

        await log.WriteAsync([revocation.Undo(keys)], null, CancellationToken.None);
        await replicas.ReadyAsync();

        Assert.Equal(200, (await replicas.Second.CallAsync("/weather", replicas.World.WeatherToken())).Status);
        Assert.Equal(1, await LengthAsync());
        await using (var third = await TestGateway.StartAsync(replicas.Options.DeepClone().AsObject(), clock))
        {
            await Replicas.PollAsync(third);
            Assert.Equal(200, (await third.CallAsync("/weather", replicas.World.WeatherToken())).Status);
        }

        clock.Advance(TimeSpan.FromMinutes(3));
        await replicas.ReadyAsync();
        Assert.Equal(0, await LengthAsync());
    }

    [Fact]
    public async Task What_a_former_key_has_sealed_is_taken_out_of_the_state_when_it_is_over()
    {
        var (old, fresh) = (TestState.NewKey(), TestState.NewKey());
        state.WriteKeys(old);
        await using var replicas = await state.StartReplicasAsync(ShortLived, clock);
        await LogOut.Async(replicas.World);
        state.WriteKeys(fresh, old);
        ((Gateway.Generations.Reload)replicas.First.Services.GetService(typeof(Gateway.Generations.Reload))!).Poll();
        await Replicas.PollAsync(replicas.First);
        Assert.Equal(2, await LengthAsync());

        clock.Advance(Long);
        await Replicas.PollAsync(replicas.First);

        Assert.Equal(0, await LengthAsync());
    }

    [Fact]
    public Task A_replica_that_starts_reads_more_than_a_page() => StartWithAsync(2_500);

    [Fact(Explicit = true)]
    public Task A_replica_that_starts_reads_a_hundred_thousand() => StartWithAsync(100_000);

    private static void ShortLived(JsonObject options) => options["AuthorizationServers"]!["corp"]!["MaxTokenLifetime"] = "00:10:00";

    /// <summary>How many entries there are in the state.</summary>
    private async Task<long> LengthAsync() => await (await state.StrangerAsync()).SortedSetLengthAsync("mcp-gateway:log");

    private async Task StartWithAsync(int count)
    {
        await using var replicas = await state.StartReplicasAsync(clock: clock, configure: builder => Limit(builder, count));
        var keys = Replicas.Of(replicas.First).Keys;
        foreach (var batch in Enumerable.Range(0, count).Chunk(1_000))
        {
            await replicas.First.Services.GetRequiredService<IRevocationLog>().WriteAsync(
                [.. batch.Select(number => TokenExchange.Inbound.Revocation.Revocation.Of(keys, RevocationSelector.Subject, replicas.World.As.Issuer, $"user-{number}", clock.GetUtcNow(), TimeSpan.FromDays(1), RevocationSource.Command))],
                null,
                CancellationToken.None);
        }

        var begun = Stopwatch.GetTimestamp();
        await using var third = await TestGateway.StartAsync(replicas.Options.DeepClone().AsObject(), clock, builder => Limit(builder, count));
        await Replicas.PollAsync(third);
        TestContext.Current.TestOutputHelper!.WriteLine($"{count} revocations were read within {Stopwatch.GetElapsedTime(begun).TotalSeconds:0.0} s of the start");

        Assert.Equal(count, Replicas.Of(third).Count);
        Assert.Equal("revoked", (await third.CallAsync("/weather", replicas.World.WeatherToken((_, payload) => payload["sub"] = $"user-{count - 1}"))).Reason);
        Assert.Equal(200, (await third.CallAsync("/weather", replicas.World.WeatherToken())).Status);
    }

    /// <summary>Lets a replica tell fewer or more of an issuer apart.</summary>
    private void Limit(WebApplicationBuilder builder, int most)
    {
        var known = (Revocations)builder.Services.Last(service => service.ServiceType == typeof(Revocations)).ImplementationInstance!;
        builder.Services.AddSingleton(new Revocations(clock, most) { Freshness = known.Freshness });
    }
}
