namespace Harness;

/// <summary>A manual clock on which short pauses, such as the one before a second try, are over as soon as they begin.</summary>
internal sealed class EagerClock : TimeProvider
{
    private readonly ManualClock clock = new();

    public override long TimestampFrequency => clock.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => clock.GetUtcNow();

    public override long GetTimestamp() => clock.GetTimestamp();

    public void Advance(TimeSpan by) => clock.Advance(by);

    public void Set(TimeSpan by) => clock.Set(by);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime <= TimeSpan.Zero || dueTime >= TimeSpan.FromSeconds(1))
        {
            return clock.CreateTimer(callback, state, dueTime, period);
        }

        ThreadPool.QueueUserWorkItem(_ => callback(state));
        return clock.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, period);
    }
}
