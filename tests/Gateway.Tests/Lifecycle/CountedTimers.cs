using System.Collections.Concurrent;
using Harness;

namespace Gateway.Tests.Lifecycle;

/// <summary>A clock that knows how many of its timers are running.</summary>
internal sealed class CountedTimers(ManualClock clock) : TimeProvider
{
    private readonly ConcurrentDictionary<Timer, bool> running = [];

    private ManualClock Clock { get; } = clock;

    public int Running => running.Count;

    public override long TimestampFrequency => Clock.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => Clock.GetUtcNow();

    public override long GetTimestamp() => Clock.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        new Timer(this, callback, state, dueTime, period);

    private sealed class Timer : ITimer
    {
        private readonly CountedTimers counted;
        private readonly ITimer inner;
        private TimeSpan period;

        public Timer(CountedTimers counted, TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            this.counted = counted;
            Count(dueTime, period);
            inner = counted.Clock.CreateTimer(Fire, null, dueTime, period);

            void Fire(object? _)
            {
                if (this.period <= TimeSpan.Zero)
                {
                    counted.running.TryRemove(this, out bool _);
                }

                callback(state);
            }
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Count(dueTime, period);
            return inner.Change(dueTime, period);
        }

        public void Dispose()
        {
            counted.running.TryRemove(this, out _);
            inner.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Count(TimeSpan dueTime, TimeSpan period)
        {
            this.period = period;
            if (dueTime >= TimeSpan.Zero)
            {
                counted.running[this] = true;
            }
            else
            {
                counted.running.TryRemove(this, out _);
            }
        }
    }
}
