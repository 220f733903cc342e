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
    // chooses ids does not choose where they are kept. Those of each purpose apart.
    private readonly Dictionary<string, HashSet<UInt128>> purposes = new(StringComparer.Ordinal);
    private readonly Dictionary<UInt128, Owner> owners = [];
    private readonly SortedDictionary<long, List<(UInt128 Id, Owner Owner, HashSet<UInt128> Ids)>> ends = [];
    private int capacity, held;

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
                return held;
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask<IdUse> TryTakeAsync(UsedId id, CancellationToken cancellationToken) => new(TryTake(id.Purpose, HalfOf(id.Owner), HalfOf(id.Id), id.Until));

    /// <summary>Gives an id back that was taken and not used after all.</summary>
    public void Return(UsedId id)
    {
        var half = HalfOf(id.Id);
        lock (gate)
        {
            var end = id.Until.ToUnixTimeSeconds() + 1;
            if (ends.TryGetValue(end, out var ending) && purposes.TryGetValue(id.Purpose, out var ids)
                && ending.FindLastIndex(entry => entry.Id == half && entry.Ids == ids) is >= 0 and var place)
            {
                var taken = ending[place];
                ending.RemoveAt(place);
                Remove(taken);
            }
        }
    }

    private IdUse TryTake(string purpose, UInt128 ownerId, UInt128 id, DateTimeOffset until)
    {
        lock (gate)
        {
            var now = clock.GetUtcNow();
            Forget(now);

            // To the end of that second: never a moment too early. Of one that is over nobody knows any more whether it was taken: whoever
            // brings it was let in while it was not, and has waited since, for a body perhaps.
            var end = until.ToUnixTimeSeconds() + 1;
            if ((purposes.TryGetValue(purpose, out var ids) && ids.Contains(id)) || end <= Math.Max(forgotten, now.ToUnixTimeSeconds()))
            {
                return IdUse.Seen;
            }

            var owner = owners.GetValueOrDefault(ownerId);
            long most = capacity;
            if (held >= most || (held * 4L >= most * 3 && owner is not null && owner.Held * 4L >= most))
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

            if (ids is null)
            {
                purposes[purpose] = ids = [];
            }

            ids.Add(id);
            ending.Add((id, owner, ids));
            owner.Held++;
            held++;
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
            ended.ForEach(Remove);
        }
    }

    private void Remove((UInt128 Id, Owner Owner, HashSet<UInt128> Ids) taken)
    {
        taken.Ids.Remove(taken.Id);
        held--;
        if (--taken.Owner.Held == 0)
        {
            owners.Remove(taken.Owner.Id);
        }
    }

    private static UInt128 HalfOf(in TokenDigest digest) => MemoryMarshal.Read<UInt128>(digest);

    private sealed class Owner(UInt128 id)
    {
        public UInt128 Id => id;

        public int Held { get; set; }
    }
}
