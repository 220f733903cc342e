namespace TokenExchange.Issuers;

/// <summary>Who is asked about when an endpoint is asked: what the breaker tells outages apart by.</summary>
internal readonly record struct AskedAbout(string Issuer, string Subject)
{
    /// <summary>Anybody of whom nothing is known: all of them are one.</summary>
    public static AskedAbout Nobody { get; } = new("", "");

    public override string ToString() => $"somebody of {Issuer}";
}

/// <summary>
/// A circuit breaker that no single subject opens or holds open. It opens when three different subjects have failed within
/// 30 s and nobody succeeded in between: an endpoint that fails over one subject's tokens is no endpoint that is down.
/// After the break one probe decides. Who failed the last probe gives way to others who wait. Its time is what has passed: no
/// change of the time of day makes a break longer.
/// </summary>
internal sealed class SubjectBreaker(TimeProvider clock)
{
    public static readonly TimeSpan ShortestBreak = TimeSpan.FromSeconds(5);
    private const int Enough = 3;
    private static readonly TimeSpan Remembered = TimeSpan.FromSeconds(30);

    private readonly Lock gate = new();
    private readonly List<(AskedAbout Subject, long At)> failed = [];
    private TimeSpan? pause;
    private long openedAt;
    private AskedAbout? prober;
    private bool probing;
    private bool othersWait;

    /// <summary>Until when nobody asks; null when the breaker is closed, or a probe may go.</summary>
    public DateTimeOffset? OpenUntil
    {
        get
        {
            lock (gate)
            {
                return pause is null ? null : clock.GetUtcNow() + Left;
            }
        }
    }

    /// <summary>Null: ask, and say what came of it. Else how long the break lasts still.</summary>
    public TimeSpan? BreakFor(AskedAbout subject)
    {
        lock (gate)
        {
            if (pause is null)
            {
                return null;
            }

            var left = Left;
            if (left <= TimeSpan.Zero && !probing && !GivesWay(subject, -left))
            {
                (probing, prober, othersWait) = (true, subject, false);
                return null;
            }

            othersWait |= prober is { } last && last != subject;
            return left > TimeSpan.Zero ? left : ShortestBreak;
        }
    }

    /// <summary>Any answer that is no outage, a refusal included.</summary>
    public void Succeeded()
    {
        lock (gate)
        {
            failed.Clear();
            (pause, prober, probing, othersWait) = (null, null, false, false);
        }
    }

    /// <summary>The endpoint was not asked after all.</summary>
    public void Undecided(AskedAbout subject)
    {
        lock (gate)
        {
            probing &= prober != subject;
        }
    }

    /// <summary>An outage; <paramref name="wait"/> is what the endpoint asked for, if anything.</summary>
    public void Failed(AskedAbout subject, TimeSpan wait)
    {
        lock (gate)
        {
            if (pause is not null)
            {
                if (probing && prober == subject)
                {
                    probing = false;
                    Open(wait);
                }

                return;
            }

            failed.RemoveAll(one => one.Subject == subject || clock.GetElapsedTime(one.At) >= Remembered);
            failed.Add((subject, clock.GetTimestamp()));
            if (failed.Count >= Enough)
            {
                failed.Clear();
                Open(wait);
            }
        }
    }

    private TimeSpan Left => pause.GetValueOrDefault() - clock.GetElapsedTime(openedAt);

    private void Open(TimeSpan wait) => (pause, openedAt) = (wait, clock.GetTimestamp());

    private bool GivesWay(AskedAbout subject, TimeSpan since) => othersWait && prober == subject && since < ShortestBreak;
}
