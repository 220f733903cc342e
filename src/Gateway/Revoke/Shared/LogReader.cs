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
/// emptied, or failed over to a replica that lacked it), and all is read anew. A stranger may have written there as much as
/// they like: of what no key has sealed a bounded number is kept in mind, and what is new is looked for no further than numbers were given.
/// </summary>
internal sealed class LogReader(RedisState state, Revocations revocations, TimeProvider clock)
{
    private const int PageSize = 1000;

    /// <summary>How many entries are kept in mind that no known key has sealed, and how many are named as over at a time.</summary>
    private const int MostOfStrangers = 10 * PageSize;

    /// <summary>Longer than any two clocks differ.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(10);

    // What was seen of the last numbers. The end of an entry is its seal: no two entries have one.
    private readonly SortedDictionary<double, List<(UInt128 Seal, Revocation? Entry)>> seen = [];
    private double position;
    private int strangers;
    private bool begun;

    /// <summary>What was found among the last numbers, by this look or one before: what is written can be seen before its writer hears that it is.</summary>
    public IEnumerable<Revocation> Found => seen.Values.SelectMany(there => there).Select(known => known.Entry).OfType<Revocation>();

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
        strangers = 0;
        var (all, end) = await ReadFromAsync(double.NegativeInfinity, onlyNew: false);
        position = 0;
        Settle(end);
        begun = true;
        return all!;
    }

    /// <summary>
    /// Page by page, and nothing is noted before the last: when one cannot be read, none counts as seen. Everything had come
    /// that was numbered by the first page's time; what was numbered between two pages may be written behind the second, and is
    /// left to the next look.
    /// </summary>
    private async Task<(LogReading? Reading, double Last)> ReadFromAsync(double from, bool onlyNew)
    {
        var page = await state.ReadAsync(from, 0, PageSize);
        var last = page.Last;
        var sound = new List<Revocation>();
        var over = new List<byte[]>();
        var notes = new List<(double Number, UInt128 Seal, Revocation? Entry)>();
        var (ignored, room) = (0, MostOfStrangers - strangers);
        var missing = seen.Where(pair => onlyNew && pair.Key >= from && pair.Key <= last).SelectMany(pair => pair.Value).Where(entry => entry.Entry is not null)
            .GroupBy(entry => entry.Seal).ToDictionary(group => group.Key, group => group.First().Entry!);
        for (var (next, same) = (from, 0); ; page = await state.ReadAsync(next, same, PageSize))
        {
            var entries = page.Entries;
            var isLast = entries.Count < PageSize;
            if (!isLast)
            {
                // The last number of a full page is read with the page that it begins. Going on behind an entry by counting would skip
                // another one where that was moved up meanwhile; only of so many under one number, which nobody gives, some are counted.
                var end = entries[^1].Number;
                var before = entries.TakeWhile(entry => entry.Number < end).ToList();
                (entries, same) = before.Count > 0 ? (before, 0) : (entries, (next == end ? same : 0) + entries.Count);
                next = end;
            }

            foreach (var (number, bytes) in entries)
            {
                var seal = bytes.Length < 16 ? (UInt128)bytes.Length : MemoryMarshal.Read<UInt128>(bytes.AsSpan(^16..));
                missing.Remove(seal);
                if (IsSeen(number, seal))
                {
                    continue;
                }

                var entry = Revocation.Read(bytes, revocations.Keys);
                if (entry is not null || room-- > 0)
                {
                    notes.Add((number, seal, entry));
                }
                else if (onlyNew)
                {
                    // It would be taken for a new one at every look.
                    continue;
                }

                if (Revocation.ClaimedEnd(bytes) is { } claimed && claimed + Margin < clock.GetUtcNow())
                {
                    if (over.Count < MostOfStrangers)
                    {
                        over.Add(bytes);
                    }
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

            if (isLast || (onlyNew && next > last))
            {
                break;
            }
        }

        foreach (var (number, seal, entry) in notes)
        {
            Note(number, seal, entry);
        }

        // What is over, or said by a wider one, may well be gone.
        return (missing.Values.Any(revocations.Needs) ? null : new LogReading(sound, !onlyNew, ignored, over), last);
    }

    private bool IsSeen(double number, UInt128 seal) => seen.TryGetValue(number, out var there) && there.Any(known => known.Seal == seal);

    private void Note(double number, UInt128 seal, Revocation? entry)
    {
        if (IsSeen(number, seal))
        {
            return;
        }

        if (!seen.TryGetValue(number, out var there))
        {
            seen[number] = there = [];
        }

        there.Add((seal, entry));
        strangers += entry is null ? 1 : 0;
    }

    /// <summary>Goes on from there. A number that was never given, which a stranger may have written, moves nothing.</summary>
    private void Settle(double last)
    {
        position = Math.Max(position, last);
        var before = seen.Keys.TakeWhile(number => number < position - RedisState.Window);

        // A stranger's numbers may be anywhere; so many of them are not kept in mind.
        foreach (var number in before.Concat(seen.Keys.Where(number => number > position).Skip(PageSize)).ToArray())
        {
            strangers -= seen[number].Count(known => known.Entry is null);
            seen.Remove(number);
        }
    }
}
