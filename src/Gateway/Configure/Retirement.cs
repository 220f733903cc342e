namespace Gateway.Configure;

/// <summary>
/// Things found again by equal settings. What no generation uses any more is disposed after a grace, since requests of an
/// older generation may still wait on it; settings that come back within the grace find it alive. Used under a lock of its own.
/// </summary>
internal sealed class Retirement<TSettings, T>(TimeSpan grace, TimeProvider clock, Func<TSettings, T> create) : IDisposable
    where TSettings : notnull
    where T : class, IDisposable
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

    /// <summary>The thing for these settings, made when there is none; <paramref name="fresh"/> when it was made now.</summary>
    public T Get(TSettings settings, out bool fresh)
    {
        lock (gate)
        {
            fresh = !entries.TryGetValue(settings, out var entry);
            entry ??= entries[settings] = new Entry(create(settings));
            entry.Stay();
            return entry.Value;
        }
    }

    /// <summary>Starts the grace of everything that is not used, unless it has begun.</summary>
    public void Keep(Func<T, bool> isUsed)
    {
        lock (gate)
        {
            foreach (var (settings, entry) in entries)
            {
                if (isUsed(entry.Value))
                {
                    entry.Stay();
                }
                else if (entry.Leaving is null)
                {
                    ITimer? timer = null;
                    timer = clock.CreateTimer(_ => End(settings, entry, timer), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
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
                entry.Stay();
                entry.Value.Dispose();
            }

            entries.Clear();
        }
    }

    private void End(TSettings settings, Entry entry, ITimer? timer)
    {
        lock (gate)
        {
            // It may have come back while the timer was on its way here.
            if (entry.Leaving is null || entry.Leaving != timer || !entries.Remove(settings))
            {
                return;
            }

            entry.Stay();
            entry.Value.Dispose();
        }
    }

    private sealed class Entry(T value)
    {
        public T Value => value;

        public ITimer? Leaving { get; set; }

        public void Stay()
        {
            Leaving?.Dispose();
            Leaving = null;
        }
    }
}
