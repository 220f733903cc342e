using System.Runtime.InteropServices;
using TokenExchange.Inbound.Revocation;

namespace Gateway.Revoke.Shared;

/// <summary>What a look at the log has brought.</summary>
/// <param name="Sound">The entries that a known key has sealed; all of them, or those that were not seen before.</param>
/// <param name="Whole">Whether these are all entries that there are: it was read from the beginning.</param>
/// <param name="Ignored">How many entries nobody can have sealed, and were not seen before.</param>
/// <param name="Over">Entries that are over by their own word, whoever has sealed them: nobody needs them there.</param>
internal sealed record LogReading(IReadOnlyList<Revocation> Sound, bool Whole, int Ignored, IReadOnlyList<byte[]> Over);

/// <summary>
/// Reads the log: all of it at first, then what is new. Each time it looks back a little, for what was numbered before and
/// written later, and for what it has seen there: where that is gone, the state is not the one that it was (it was put back,
/// emptied, or failed over to a replica that lacked it), and all is read anew.
/// </summary>
internal sealed class LogReader(RedisState state, Revocations revocations, TimeProvider clock)
{
    private const int PageSize = 1000;

    /// <summary>Longer than any two clocks differ.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(10);

    // What was seen of the last numbers. The end of an entry is its seal: no two entries have one.
    private readonly SortedDictionary<double, List<(UInt128 Seal, Revocation? Entry)>> seen = [];
    private double position;
    private bool begun;

    /// <summary>Makes the next look read everything.</summary>
    public void StartOver() => begun = false;

    /// <summary>Looks once. Throws <see cref="StateException"/>.</summary>
    public async Task<LogReading> ReadAsync()
    {
        if (begun)
        {
            var (reading, last) = await ReadFromAsync(position - RedisState.Window, onlyNew: true);
            if (last >= position && reading is not null)
            {
                Settle(last);
                return reading;
            }
        }

        begun = false;
        seen.Clear();
        var (all, end) = await ReadFromAsync(double.NegativeInfinity, onlyNew: false);
        position = 0;
        Settle(end);
        begun = true;
        return all!;
    }

    private async Task<(LogReading? Reading, double Last)> ReadFromAsync(double from, bool onlyNew)
    {
        var (entries, last) = await EntriesFromAsync(from);
        var sound = new List<Revocation>();
        var over = new List<byte[]>();
        var ignored = 0;
        var missing = seen.Where(pair => onlyNew && pair.Key >= from).SelectMany(pair => pair.Value).Where(entry => entry.Entry is not null)
            .GroupBy(entry => entry.Seal).ToDictionary(group => group.Key, group => group.First().Entry!);
        foreach (var (number, bytes) in entries)
        {
            if (bytes.Length < 16)
            {
                ignored += Note(number, (UInt128)bytes.Length, null) ? 1 : 0;
                continue;
            }

            var seal = MemoryMarshal.Read<UInt128>(bytes.AsSpan(^16..));
            missing.Remove(seal);
            if (seen.TryGetValue(number, out var there) && there.Any(entry => entry.Seal == seal))
            {
                continue;
            }

            var entry = Revocation.Read(bytes, revocations.Keys);
            Note(number, seal, entry);
            if (Revocation.ClaimedEnd(bytes) is { } end && end + Margin < clock.GetUtcNow())
            {
                over.Add(bytes);
            }
            else if (entry is not null)
            {
                sound.Add(entry);
            }
            else
            {
                ignored++;
            }
        }

        // What is over, or said by a wider one, may well be gone.
        return (missing.Values.Any(revocations.Needs) ? null : new LogReading(sound, !onlyNew, ignored, over), last);
    }

    /// <summary>
    /// All pages before anything of them is noted: when one cannot be read, none counts as seen. Everything had come that was
    /// numbered by the first page's time; what was numbered between two pages may be written behind the second.
    /// </summary>
    private async Task<(List<LogEntry> Entries, double Last)> EntriesFromAsync(double from)
    {
        var page = await state.ReadAsync(from, 0, PageSize);
        var last = page.Last;
        var all = new List<LogEntry>(page.Entries);
        while (page.Entries.Count == PageSize)
        {
            // After a failover a number may be there twice.
            var end = all[^1].Number;
            page = await state.ReadAsync(end, all.Count - 1 - all.FindLastIndex(entry => entry.Number != end), PageSize);
            all.AddRange(page.Entries);
        }

        return (all, last);
    }

    private bool Note(double number, UInt128 seal, Revocation? entry)
    {
        if (!seen.TryGetValue(number, out var there))
        {
            seen[number] = there = [];
        }

        if (there.Any(known => known.Seal == seal))
        {
            return false;
        }

        there.Add((seal, entry));
        return true;
    }

    /// <summary>Goes on from there. A number that was never given, which a stranger may have written, moves nothing.</summary>
    private void Settle(double last)
    {
        position = Math.Max(position, last);
        foreach (var number in seen.Keys.TakeWhile(number => number < position - RedisState.Window).ToArray())
        {
            seen.Remove(number);
        }

        // A stranger's numbers may be anywhere; so many of them are not kept in mind.
        foreach (var number in seen.Keys.Where(number => number > position).Skip(PageSize).ToArray())
        {
            seen.Remove(number);
        }
    }
}
