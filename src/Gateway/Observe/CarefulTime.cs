using Microsoft.Extensions.Logging.Abstractions;

namespace Gateway.Observe;

/// <summary>
/// Time as <paramref name="clock"/> tells it, with timers that end nothing but themselves: what one of their callbacks throws would end the
/// process, and every call, stream and session with it. It is logged instead.
/// </summary>
internal sealed class CarefulTime(TimeProvider clock) : TimeProvider
{
    private volatile ILogger log = NullLogger.Instance;

    public override long TimestampFrequency => clock.TimestampFrequency;

    public override TimeZoneInfo LocalTimeZone => clock.LocalTimeZone;

    /// <summary>Where it is told what callbacks throw; there is no log yet when the first timers are made.</summary>
    public void TellOf(ILoggerFactory loggers) => log = loggers.CreateLogger<CarefulTime>();

    public override DateTimeOffset GetUtcNow() => clock.GetUtcNow();

    public override long GetTimestamp() => clock.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        clock.CreateTimer(static careful => ((Careful)careful!).Call(), new Careful(this, callback, state), dueTime, period);

    private sealed class Careful(CarefulTime time, TimerCallback callback, object? state)
    {
        public void Call()
        {
            try
            {
                callback(state);
            }
            catch (Exception exception)
            {
                time.log.TimerFailed(exception);
            }
        }
    }
}

internal static partial class TimeEvents
{
    [LoggerMessage(1002, LogLevel.Critical, "What was to be done at this time failed in the gateway", EventName = "TimerFailed")]
    public static partial void TimerFailed(this ILogger logger, Exception exception);
}
