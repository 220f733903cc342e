namespace TokenExchange.Issuers;

/// <summary>
/// When something was, by the time of day and by what passes. Its age is the greater one that they tell: a clock that is set back makes
/// nothing younger, nor does a machine that was suspended, in which no time passes.
/// </summary>
internal readonly record struct Moment(DateTimeOffset Time, long Timestamp)
{
    public static Moment Now(TimeProvider clock) => new(clock.GetUtcNow(), clock.GetTimestamp());

    public TimeSpan Age(TimeProvider clock)
    {
        var (told, passed) = (clock.GetUtcNow() - Time, clock.GetElapsedTime(Timestamp));
        return told > passed ? told : passed;
    }
}
