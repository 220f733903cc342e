using System.Runtime.InteropServices;
using TokenExchange.Jose;

namespace TokenExchange.Inbound.Proof;

/// <summary>
/// The used ids of one process. Bounded, and nothing is forgotten before its time: when it is full it takes no more. Once
/// three quarters are in use, one owner has a quarter at most, so that nobody alone can shut out the others.
/// </summary>
public sealed class ReplayMemory : IUsedIds
{
    private readonly Lock gate = new();
    private readonly TimeProvider clock;

    // Half a digest is enough: nobody finds a second id with the same 128 bits. Hashed with this process's own seed: whoever
    // chooses ids does not choose where they are kept.
    private readonly HashSet<UInt128> ids = [];
    private readonly Dictionary<UInt128, Owner> owners = [];
    private readonly SortedDictionary<long, List<(UInt128 Id, Owner Owner)>> ends = [];
    private int capacity;

    // The end of the latest id that was forgotten. A clock that is set back makes proofs good again whose use nobody knows of any more.
    private long forgotten = long.MinValue;

    /// <summary>An empty memory for at most <paramref name="capacity"/> ids. Throws when that is not positive.</summary>
    public ReplayMemory(int capacity, TimeProvider clock)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        ArgumentNullException.ThrowIfNull(clock);
        (this.capacity, this.clock) = (capacity, clock);
    }

    /// <summary>The most ids that are remembered at once. Lowered below what is held, nothing is forgotten, and nothing taken until there is room.</summary>
    public int Capacity
    {
        get => Volatile.Read(ref capacity);
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            Volatile.Write(ref capacity, value);
        }
    }

    /// <summary>How many ids are remembered.</summary>
    public int Count
    {
        get
        {
            lock (gate)
            {
                Forget(clock.GetUtcNow());
                return ids.Count;
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask<IdUse> TryTakeAsync(UsedId id, CancellationToken cancellationToken) => new(TryTake(HalfOf(id.Owner), HalfOf(id.Id), id.Until));

    /// <summary>Gives an id back that was taken and not used after all.</summary>
    public void Return(UsedId id)
    {
        var half = HalfOf(id.Id);
        lock (gate)
        {
            var end = id.Until.ToUnixTimeSeconds() + 1;
            if (ends.TryGetValue(end, out var ending) && ending.FindLastIndex(entry => entry.Id == half) is >= 0 and var place)
            {
                var owner = ending[place].Owner;
                ending.RemoveAt(place);
                ids.Remove(half);
                if (--owner.Held == 0)
                {
                    owners.Remove(owner.Id);
                }
            }
        }
    }

    private IdUse TryTake(UInt128 ownerId, UInt128 id, DateTimeOffset until)
    {
        lock (gate)
        {
            var now = clock.GetUtcNow();
            Forget(now);

            // To the end of that second: never a moment too early. Of one that is over nobody knows any more whether it was taken: whoever
            // brings it was let in while it was not, and has waited since, for a body perhaps.
            var end = until.ToUnixTimeSeconds() + 1;
            if (ids.Contains(id) || end <= Math.Max(forgotten, now.ToUnixTimeSeconds()))
            {
                return IdUse.Seen;
            }

            var owner = owners.GetValueOrDefault(ownerId);
            long most = capacity, held = ids.Count;
            if (held >= most || (held * 4 >= most * 3 && owner is not null && owner.Held * 4L >= most))
            {
                return IdUse.Full;
            }

            if (owner is null)
            {
                owners[ownerId] = owner = new Owner(ownerId);
            }

            if (!ends.TryGetValue(end, out var ending))
            {
                ends[end] = ending = [];
            }

            ids.Add(id);
            ending.Add((id, owner));
            owner.Held++;
            return IdUse.Taken;
        }
    }

    private void Forget(DateTimeOffset now)
    {
        var seconds = now.ToUnixTimeSeconds();
        while (ends.Count > 0)
        {
            var (end, ended) = ends.First();
            if (end > seconds)
            {
                return;
            }

            ends.Remove(end);
            forgotten = Math.Max(forgotten, end);
            foreach (var (id, owner) in ended)
            {
                ids.Remove(id);
                if (--owner.Held == 0)
                {
                    owners.Remove(owner.Id);
                }
            }
        }
    }

    private static UInt128 HalfOf(in TokenDigest digest) => MemoryMarshal.Read<UInt128>(digest);

    private sealed class Owner(UInt128 id)
    {
        public UInt128 Id => id;

        public int Held { get; set; }
    }
}
