namespace TokenExchange.Issuers;

/// <summary>Who is asked about when an endpoint is asked: what the breaker tells outages apart by.</summary>
internal readonly record struct AskedAbout(string Issuer, string Subject)
{
    /// <summary>Anybody of whom nothing is known: all of them are one.</summary>
    public static AskedAbout Nobody { get; } = new("", "");
}

/// <summary>
/// A circuit breaker that no single subject opens or holds open. It opens when three different subjects have failed within
/// 30 s and nobody succeeded in between: an endpoint that fails over one subject's tokens is no endpoint that is down.
/// After the break one probe decides. Who failed the last probe gives way to others who wait.
/// </summary>
internal sealed class SubjectBreaker(TimeProvider clock)
{
    public static readonly TimeSpan ShortestBreak = TimeSpan.FromSeconds(5);
    private const int Enough = 3;
    private static readonly TimeSpan Remembered = TimeSpan.FromSeconds(30);

    private readonly Lock gate = new();
    private readonly List<(AskedAbout Subject, DateTimeOffset At)> failed = [];
    private DateTimeOffset? openUntil;
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
                return openUntil;
            }
        }
    }

    /// <summary>Null: ask, and say what came of it. Else how long the break lasts still.</summary>
    public TimeSpan? Closed(AskedAbout subject)
    {
        lock (gate)
        {
            if (openUntil is not { } until)
            {
                return null;
            }

            var left = until - clock.GetUtcNow();
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
            (openUntil, prober, probing, othersWait) = (null, null, false, false);
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
            var now = clock.GetUtcNow();
            if (openUntil is not null)
            {
                if (probing && prober == subject)
                {
                    probing = false;
                    openUntil = now + wait;
                }

                return;
            }

            failed.RemoveAll(one => one.Subject == subject || now - one.At >= Remembered);
            failed.Add((subject, now));
            if (failed.Count >= Enough)
            {
                failed.Clear();
                openUntil = now + wait;
            }
        }
    }

    private bool GivesWay(AskedAbout subject, TimeSpan since) => othersWait && prober == subject && since < ShortestBreak;
}
