namespace Gateway.Authorize.Bodies;

/// <summary>A count of bytes that are held in this moment, and never above a bound, not even for one: whoever is turned away takes nothing from anybody.</summary>
internal sealed class HeldBytes
{
    private long value;

    public long Value => Volatile.Read(ref value);

    /// <summary>Counts further bytes; false where the count would then be more than <paramref name="most"/>, and it stays as it was.</summary>
    public bool TryAdd(long bytes, long most)
    {
        var held = Volatile.Read(ref value);
        while (held + bytes <= most)
        {
            var seen = Interlocked.CompareExchange(ref value, held + bytes, held);
            if (seen == held)
            {
                return true;
            }

            held = seen;
        }

        return false;
    }

    public void Subtract(long bytes) => Interlocked.Add(ref value, -bytes);
}
