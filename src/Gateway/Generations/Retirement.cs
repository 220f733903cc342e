namespace Gateway.Generations;

/// <summary>
/// Things found again by equal settings. What the current generation does not use is disposed after a grace, and not
/// before the requests of older generations that use it have ended; settings that come back until then find it alive.
/// Used under a lock of its own.
/// </summary>
/// <param name="grace">How long what is not used stays at least.</param>
/// <param name="clock">The time.</param>
/// <param name="uses">Whether a generation uses the thing of these settings.</param>
internal sealed class Retirement<TSettings, T>(TimeSpan grace, TimeProvider clock, Func<Generation, TSettings, T, bool> uses) : IDisposable
    where TSettings : notnull
    where T : class
{
    private readonly Lock gate = new();
    private readonly Dictionary<TSettings, Entry> entries = [];

    /// <summary>How many are alive, retiring ones included.</summary>
    public int Count
    {
        get
        {
            lock (gate)
            {
                return entries.Count;
            }
        }
    }

    /// <summary>The thing for these settings, made when there is none.</summary>
    public T Get(TSettings settings, Func<TSettings, T> create)
    {
        lock (gate)
        {
            if (!entries.TryGetValue(settings, out var entry))
            {
                entry = entries[settings] = new Entry(create(settings));
            }

            entry.Stay();
            return entry.Value;
        }
    }

    /// <summary>Starts the grace of everything that the current generation does not use, unless it has begun; of everything when there is none.</summary>
    public void Keep(GenerationsInUse? inUse)
    {
        lock (gate)
        {
            foreach (var (settings, entry) in entries)
            {
                if (inUse is not null && uses(inUse.Current, settings, entry.Value))
                {
                    entry.Stay();
                }
                else if (entry.Leaving is null)
                {
                    ITimer? timer = null;
                    timer = clock.CreateTimer(_ => End(settings, entry, timer, inUse), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                    entry.Leaving = timer;
                    timer.Change(grace, Timeout.InfiniteTimeSpan);
                }
            }
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            foreach (var entry in entries.Values)
            {
                entry.Dispose();
            }

            entries.Clear();
        }
    }

    private void End(TSettings settings, Entry entry, ITimer? timer, GenerationsInUse? inUse)
    {
        lock (gate)
        {
            // It may have come back while the timer was on its way here.
            if (entry.Leaving is null || entry.Leaving != timer)
            {
                return;
            }

            if (inUse?.Older.Any(generation => uses(generation, settings, entry.Value)) == true)
            {
                timer.Change(grace, Timeout.InfiniteTimeSpan);
                return;
            }

            entries.Remove(settings);
            entry.Dispose();
        }
    }

    private sealed class Entry(T value) : IDisposable
    {
        public T Value => value;

        public ITimer? Leaving { get; set; }

        public void Stay()
        {
            Leaving?.Dispose();
            Leaving = null;
        }

        public void Dispose()
        {
            Stay();
            (value as IDisposable)?.Dispose();
        }
    }
}
