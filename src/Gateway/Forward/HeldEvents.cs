using System.Collections.Concurrent;
using Gateway.Authorize.Bodies;

namespace Gateway.Forward;

/// <summary>
/// The memory for what of all answers together has to be read before it may pass: unfinished events, and lists. No MCP
/// server takes more than its share, so that none can take it from the clients of another.
/// </summary>
/// <param name="most">Bytes for all servers together, where there is less memory than for <see cref="Total"/>; a quarter of it for one.</param>
internal sealed class HeldEvents(long most = HeldEvents.Total)
{
    /// <summary>Bytes for all servers together.</summary>
    public const long Total = 64 * 1024 * 1024;

    /// <summary>Bytes for one server.</summary>
    public const long Share = Total / 4;

    private readonly long total = Math.Min(most, Total);
    private readonly ConcurrentDictionary<string, HeldBytes> servers = new(StringComparer.Ordinal);
    private readonly HeldBytes all = new();

    /// <summary>How many bytes are held now.</summary>
    public long Bytes => all.Value;

    /// <summary>Takes memory for a server; false when there is none left, and then nothing is taken.</summary>
    public bool TryTake(string server, int bytes)
    {
        var own = servers.GetOrAdd(server, static _ => new HeldBytes());
        if (!own.TryAdd(bytes, total / 4))
        {
            return false;
        }

        if (all.TryAdd(bytes, total))
        {
            return true;
        }

        own.Subtract(bytes);
        return false;
    }

    public void GiveBack(string server, int bytes)
    {
        servers[server].Subtract(bytes);
        all.Subtract(bytes);
    }
}

/// <summary>What one answer holds of <see cref="HeldEvents"/>.</summary>
internal sealed class HeldShare(HeldEvents held, string server) : IDisposable
{
    private int taken;

    /// <summary>Whether this many bytes in all may be held from now on.</summary>
    public bool TryHold(int bytes)
    {
        if (bytes > taken && !held.TryTake(server, bytes - taken))
        {
            return false;
        }

        if (bytes < taken)
        {
            held.GiveBack(server, taken - bytes);
        }

        taken = bytes;
        return true;
    }

    public void Dispose() => TryHold(0);
}
