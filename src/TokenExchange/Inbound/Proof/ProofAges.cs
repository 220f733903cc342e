using System.Collections.Immutable;

namespace TokenExchange.Inbound.Proof;

/// <summary>
/// How old proofs may be at one server, over all changes of that in the life of a process. A use is remembered for as long as
/// proofs were taken then. Were they taken for longer from now on, one that was used and is forgotten would be taken again; so
/// a proof that could have been used before a change is good for no longer than it was then.
/// </summary>
/// <remarks>RFC 9449 §11.1.</remarks>
public sealed class ProofAges
{
    private readonly Lock gate = new();
    private readonly TimeProvider clock;
    private volatile State state;

    /// <summary>Nothing has changed yet.</summary>
    /// <param name="maxAge">How far the time of a proof may be off, before and after now; positive.</param>
    /// <param name="clock">The time.</param>
    public ProofAges(TimeSpan maxAge, TimeProvider clock)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(maxAge, TimeSpan.Zero);
        ArgumentNullException.ThrowIfNull(clock);
        (this.clock, state) = (clock, new State(maxAge, []));
    }

    /// <summary>How far the time of a proof may be off from now on; positive.</summary>
    public TimeSpan MaxAge
    {
        get => state.MaxAge;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(value, TimeSpan.Zero);
            lock (gate)
            {
                var last = state.MaxAge;
                if (value == last)
                {
                    return;
                }

                // A proof may have been dated that far ahead. What is older than that now is refused for the last change already.
                var now = clock.GetUtcNow();
                state = new State(value, [.. state.Earlier.Where(earlier => earlier.Issued + last >= now), new Earlier(now + last, last)]);
            }
        }
    }

    /// <summary>How old a proof of that time may be, whatever is asked of proofs now; without end when no change came after it.</summary>
    internal TimeSpan MostOf(DateTimeOffset issued)
    {
        var most = TimeSpan.MaxValue;
        foreach (var earlier in state.Earlier)
        {
            if (issued <= earlier.Issued && earlier.MaxAge < most)
            {
                most = earlier.MaxAge;
            }
        }

        return most;
    }

    /// <summary>For how long a use of a proof of that time is to be remembered: until no policy of the server takes it, be it the one with this bound or the next.</summary>
    internal TimeSpan LongestOf(DateTimeOffset issued, TimeSpan maxAge)
    {
        var (now, most) = (MaxAge, MostOf(issued));
        var longest = maxAge > now ? maxAge : now;
        return most < longest ? most : longest;
    }

    /// <summary>How old proofs might be that were issued until then.</summary>
    private readonly record struct Earlier(DateTimeOffset Issued, TimeSpan MaxAge);

    private sealed record State(TimeSpan MaxAge, ImmutableArray<Earlier> Earlier);
}
