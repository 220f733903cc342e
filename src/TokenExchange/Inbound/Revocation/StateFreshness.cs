namespace TokenExchange.Inbound.Revocation;

/// <summary>Whether what others have revoked is known here: all of it was read once, and they were heard of lately.</summary>
/// <param name="most">How long ago they may have been heard of.</param>
/// <param name="serves">Whether tokens are accepted all the same once that has passed.</param>
/// <param name="clock">The time.</param>
public sealed class StateFreshness(TimeSpan most, bool serves, TimeProvider clock)
{
    private long heardAt = clock.GetTimestamp();
    private volatile bool complete;

    /// <summary>Whether everything was read once.</summary>
    public bool IsComplete => complete;

    /// <summary>How long ago others were heard of.</summary>
    public TimeSpan Age => clock.GetElapsedTime(Volatile.Read(ref heardAt));

    /// <summary>Whether no token may be accepted now.</summary>
    public bool IsStale => !complete || (!serves && Age > most);

    /// <summary>Whether they were heard of for longer ago than they should.</summary>
    public bool IsOld => !complete || Age > most;

    /// <summary>Everything that was said up to <paramref name="asked"/>, a timestamp of the clock, is known now.</summary>
    public void Heard(long asked)
    {
        Volatile.Write(ref heardAt, asked);
        complete = true;
    }
}
