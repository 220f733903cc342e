using Gateway.Configuration.Options;
using Gateway.Revoke.Shared;
using Harness;
using Microsoft.Extensions.Logging.Abstractions;
using TokenExchange.Inbound.Proof;
using TokenExchange.Inbound.Revocation;
using TokenExchange.Jose;
using Xunit;

namespace Gateway.Tests.Revocation.Shared;

/// <summary>Ids that are good once, taken by several replicas at the same time, under keys that change.</summary>
public sealed class SharedIdTests : IAsyncDisposable
{
    private static readonly byte[] Old = [1, .. new byte[31]], Middle = [2, .. new byte[31]], New = [3, .. new byte[31]];
    private readonly TestState state = new();
    private readonly ManualClock clock = new();

    public ValueTask DisposeAsync() => state.DisposeAsync();

    [Fact]
    public async Task Of_many_takers_at_three_replicas_exactly_one_has_it()
    {
        IUsedIds[] replicas = [Replica(Old, Middle), Replica(Middle, Old), Replica(New, Middle)];
        foreach (var replica in replicas)
        {
            // The connection is made by whoever comes first.
            while (await replica.TryTakeAsync(Id("connect"), CancellationToken.None) == IdUse.Unavailable)
            {
                TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            }
        }

        var takes = Enumerable.Range(0, 3000).Select(i => (Id: i / 6, Task: Task.Run(() => replicas[i % 3].TryTakeAsync(Id($"{i / 6}"), CancellationToken.None).AsTask()))).ToArray();
        await Task.WhenAll(takes.Select(take => take.Task));

        Assert.DoesNotContain(takes, take => take.Task.Result == IdUse.Unavailable);
        Assert.All(takes.GroupBy(take => take.Id), same => Assert.Single(same, take => take.Task.Result == IdUse.Taken));
        Assert.All(takes, take => Assert.Contains(take.Task.Result, new[] { IdUse.Taken, IdUse.Seen }));
    }

    [Fact]
    public async Task Ids_of_two_purposes_never_meet()
    {
        var replica = Replica(Old);

        Assert.Equal(IdUse.Taken, await replica.TryTakeAsync(Id("1", "dpop"), CancellationToken.None));
        Assert.Equal(IdUse.Taken, await Replica(Old).TryTakeAsync(Id("1", "approval"), CancellationToken.None));
        Assert.Equal(IdUse.Seen, await Replica(Old).TryTakeAsync(Id("1", "dpop"), CancellationToken.None));
    }

    [Fact]
    public async Task What_cannot_be_asked_is_unavailable_and_can_be_taken_afterwards()
    {
        var replica = Replica(Old);
        Assert.Equal(IdUse.Taken, await replica.TryTakeAsync(Id("1"), CancellationToken.None));
        state.Stop();
        Assert.Equal(IdUse.Unavailable, await replica.TryTakeAsync(Id("2"), CancellationToken.None));
        state.Start();

        IdUse use;
        while ((use = await replica.TryTakeAsync(Id("2"), CancellationToken.None)) == IdUse.Unavailable)
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
        }

        Assert.Equal(IdUse.Taken, use);
        Assert.Equal(IdUse.Seen, await replica.TryTakeAsync(Id("2"), CancellationToken.None));
    }

    [Theory]
    [InlineData(":5\r\n")]
    [InlineData("+PONG\r\n")]
    [InlineData("$3\r\nabc\r\n")]
    [InlineData(":99999999999999999999\r\n")]
    [InlineData("*0\r\n")]
    [InlineData("+OK\r\n$-1\r\n")]
    [InlineData("-MOVED 3999 127.0.0.1:1\r\n")]
    public async Task An_answer_that_is_none_leaves_it_unavailable_and_a_revocation_to_be_written_later(string answer)
    {
        await using var server = new OddState(answer);
        await using var connection = new RedisConnection(new RedisOptions { Endpoints = [$"127.0.0.1:{server.Port}"], Tls = false });
        var odd = new RedisState(connection, 0);
        var log = new SharedLog(odd, clock, NullLogger<SharedLog>.Instance);
        var keys = RevocationKeys.ForThisProcess();
        var revocation = TokenExchange.Inbound.Revocation.Revocation.Of(keys, RevocationSelector.Subject, "https://as.example.com", "alice", clock.GetUtcNow(), TimeSpan.FromHours(1), RevocationSource.BackchannelLogout);

        Assert.Equal(IdUse.Unavailable, await Replica(odd, Old).TryTakeAsync(Id("1"), CancellationToken.None));
        Assert.Equal(WriteOutcome.Unavailable, await log.WriteAsync([revocation], Id("2"), CancellationToken.None));
        Assert.Equal(1, log.Pending);
    }

    private SharedIds Replica(params byte[][] keys) => Replica(state.Connect(), keys);

    private SharedIds Replica(RedisState of, params byte[][] keys) =>
        new(new ReplayMemory(100_000, clock), of, new SharedNames([.. keys]), clock);

    private UsedId Id(string id, string purpose = "test") => new(purpose, TokenDigest.Of("owner"), TokenDigest.Of(id), clock.GetUtcNow() + TimeSpan.FromMinutes(5));
}
