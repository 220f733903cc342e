using Gateway.Revoke;
using Gateway.Revoke.Shared;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using TokenExchange.Inbound.Revocation;
using Xunit;

namespace Gateway.Tests.Revocation.Shared;

/// <summary>The feed ends with the process, and with nothing else.</summary>
public sealed class StateFeedTests
{
    [Fact]
    public async Task A_look_that_was_cancelled_from_within_does_not_end_it()
    {
        await using var state = new TestState();
        await using var replicas = await state.StartReplicasAsync();
        T Of<T>()
            where T : notnull => replicas.First.Services.GetRequiredService<T>();
        var clock = new CancellingClock();
        using var feed = new StateFeed(Of<RedisConnection>(), Of<RedisState>(), Of<SharedLog>(), Of<Revocations>(), Of<Revoker>(), Of<StateHealth>(), clock, NullLogger<StateFeed>.Instance);
        clock.Cancels = true;

        await feed.StartAsync(TestContext.Current.CancellationToken);

        Assert.Same(clock.AskedAgain, await Task.WhenAny(clock.AskedAgain, feed.ExecuteTask!));
        await feed.StopAsync(TestContext.Current.CancellationToken);
        Assert.True(feed.ExecuteTask!.IsCompletedSuccessfully);
    }

    /// <summary>Throws once what a cancelled operation throws, and tells when it is asked again.</summary>
    private sealed class CancellingClock : TimeProvider
    {
        private readonly TaskCompletionSource again = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int asked;

        public bool Cancels { get; set; }

        public Task AskedAgain => again.Task;

        public override long GetTimestamp()
        {
            if (Cancels && Interlocked.Increment(ref asked) == 1)
            {
                throw new OperationCanceledException();
            }

            if (asked > 1)
            {
                again.TrySetResult();
            }

            return base.GetTimestamp();
        }
    }
}
