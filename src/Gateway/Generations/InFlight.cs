namespace Gateway.Generations;

/// <summary>Counts the requests of one generation that have not ended: what they use must not be taken from under them.</summary>
internal sealed class InFlight
{
    private long count;

    /// <summary>Whether there is any.</summary>
    public bool Any => Interlocked.Read(ref count) > 0;

    public void Enter() => Interlocked.Increment(ref count);

    public void Leave() => Interlocked.Decrement(ref count);
}
