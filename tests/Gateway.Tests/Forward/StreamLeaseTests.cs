using Gateway.Revoke;
using Gateway.Tests.Wire;
using Harness;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Xunit;

namespace Gateway.Tests.Forward;

/// <summary>When a stream ends, to the tick.</summary>
public sealed class StreamLeaseTests
{
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(5);

    private static StreamLease Start(HttpContext context, TimeSpan life, TimeProvider clock, bool inOrder = true) =>
        new StreamLease(context, new StreamTerms(clock.GetUtcNow() + life, TimeSpan.FromDays(1000), Listening: true, inOrder), clock, _ => { }).Start();

    [Fact]
    public void A_stream_does_not_end_before_its_time_when_the_timer_comes_early()
    {
        var clock = new HastyClock();
        var context = new Ended();
        using var lease = Start(context, Life, clock);

        clock.Advance(Life - TimeSpan.FromMilliseconds(1));
        Assert.False(lease.IsOver);
        clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.True(lease.IsOver);
        Assert.False(context.IsEnded);
    }

    [Fact]
    public void A_stream_may_last_longer_than_any_timer_can_wait()
    {
        var clock = new ManualClock();
        using var lease = Start(new Ended(), TimeSpan.FromDays(100), TimeProvider.System);
        using var timed = Start(new Ended(), TimeSpan.FromDays(100), clock);

        clock.Advance(TimeSpan.FromDays(100) - TimeSpan.FromSeconds(1));
        Assert.False(timed.IsOver);
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True(timed.IsOver);
        Assert.False(lease.IsOver);
    }

    [Fact]
    public void A_stream_whose_time_has_come_already_ends_at_once()
    {
        using var lease = Start(new Ended(), -Life, new ManualClock());

        Assert.True(lease.IsOver);
    }

    [Fact]
    public void Who_begins_to_wait_for_a_stream_that_is_over_waits_no_more()
    {
        using var lease = Start(new Ended(), -Life, new ManualClock());
        var told = false;

        lease.Waits(() => told = true);

        Assert.True(told);
    }

    [Fact]
    public void What_cannot_end_in_order_is_broken_off()
    {
        var clock = new ManualClock();
        var context = new Ended();
        using var lease = Start(context, Life, clock, inOrder: false);

        clock.Advance(Life);

        Assert.True(context.IsEnded);
    }

    /// <summary>Its context is the next request's then, perhaps another caller's.</summary>
    [Fact]
    public void An_answer_does_not_end_while_it_is_broken_off()
    {
        var lifetime = new SlowLifetime();
        var wasAborted = false;
        var lease = Lease(lifetime, _ => wasAborted = lifetime.IsAborted);
        var revocation = new Thread(lease.Abort);
        revocation.Start();
        Assert.True(lifetime.Aborting.Wait(SocketClient.Patience, TestContext.Current.CancellationToken));
        var end = new Thread(lease.Dispose);
        end.Start();
        Assert.True(SpinWait.SpinUntil(() => !end.IsAlive || end.ThreadState.HasFlag(ThreadState.WaitSleepJoin), SocketClient.Patience));

        lifetime.GoOn.Set();

        Assert.True(revocation.Join(SocketClient.Patience) && end.Join(SocketClient.Patience));
        Assert.True(wasAborted);
    }

    [Fact]
    public void An_answer_that_has_ended_is_broken_off_no_more()
    {
        var lifetime = new SlowLifetime();
        lifetime.GoOn.Set();
        var lease = Lease(lifetime, _ => { });
        lease.Dispose();

        lease.Abort();

        Assert.False(lifetime.IsAborted);
    }

    private static StreamLease Lease(SlowLifetime lifetime, Action<StreamLease> closed) =>
        new(lifetime.Context, new StreamTerms(DateTimeOffset.MaxValue, TimeSpan.FromHours(1), Listening: true, InOrder: true), TimeProvider.System, closed);

    /// <summary>A clock whose timers come 5 ms early, as coarse system timers do.</summary>
    private sealed class HastyClock : TimeProvider
    {
        private readonly ManualClock clock = new();

        public override DateTimeOffset GetUtcNow() => clock.GetUtcNow();

        public void Advance(TimeSpan by) => clock.Advance(by);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            new Hasty(clock.CreateTimer(callback, state, dueTime, period));

        private sealed class Hasty(ITimer timer) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period)
            {
                var early = dueTime - TimeSpan.FromMilliseconds(5);
                return timer.Change(dueTime < TimeSpan.Zero ? dueTime : early > TimeSpan.Zero ? early : TimeSpan.FromMilliseconds(1), period);
            }

            public void Dispose() => timer.Dispose();

            public ValueTask DisposeAsync() => timer.DisposeAsync();
        }
    }

    private sealed class Ended
    {
        private readonly DefaultHttpContext context = new();

        public Ended() => context.Features.Set<IHttpRequestLifetimeFeature>(new Lifetime(this));

        public bool IsEnded { get; private set; }

        public static implicit operator HttpContext(Ended ended) => ended.context;

        private sealed class Lifetime(Ended ended) : IHttpRequestLifetimeFeature
        {
            public CancellationToken RequestAborted { get; set; }

            public void Abort() => ended.IsEnded = true;
        }
    }
}
