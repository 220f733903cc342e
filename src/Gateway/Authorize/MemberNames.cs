using System.Collections.Frozen;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Gateway.Advertise;

namespace Gateway.Authorize;

/// <summary>
/// The member names of one JSON object, compared as the most careless reader would: case folded. A second name that
/// folds to the same, one of the protocol's names in another spelling, one with a NUL, where a reader in C stops, and the
/// one that is no member but a parent to readers in JavaScript, do not fit.
/// </summary>
/// <param name="own">Names of the protocol at this level alone.</param>
internal struct MemberNames(string[]? own)
{
    /// <summary>To a reader that copies objects member by member, as some versions of zod do, what it holds stands in the object itself, where nothing else does.</summary>
    internal const string Parent = "__proto__";

    /// <summary>Messages have dozens at most; what is remembered to compare them stands in no budget.</summary>
    private const int Most = 1024;
    private const int Few = 8;

    /// <summary>The capital I with a dot is an i to some readers, and one with this behind it to others: here all three are one.</summary>
    private const int DotAbove = '\u0307';

    private static readonly string[] Protocol = ["method", "params", "name", "uri", "_meta", "id", "jsonrpc", "taskId", "ref"];

    /// <summary>Spellings that folding leaves as they are, and that are not the protocol's: it has names with capitals.</summary>
    private static readonly FrozenSet<string> FoldedAway = Protocol.Select(Fold).Except(Protocol, StringComparer.Ordinal).ToFrozenSet(StringComparer.Ordinal);

    private readonly string[]? own = own;
    private Names few;
    private int count;
    private HashSet<string>? many;

    [InlineArray(Few)]
    private struct Names
    {
        private string? first;
    }

    /// <summary>
    /// Goes on to the next member of the object, and to its value, which whoever asks then reads or skips; false at the
    /// object's end. What is wrong with its name is noted as the first fault there was.
    /// </summary>
    public bool Next(ref Utf8JsonReader reader, ref Refusal? fault, out string name) => Next(ref reader, ref fault, out name, out _);

    /// <summary>The same, and says whether the name fits.</summary>
    public bool Next(ref Utf8JsonReader reader, ref Refusal? fault, out string name, out bool fits)
    {
        (name, fits) = ("", true);
        if (!reader.Read() || reader.TokenType == JsonTokenType.EndObject)
        {
            return false;
        }

        var unfit = Add(ref reader, out name);
        fits = unfit is null;
        fault ??= unfit;
        reader.Read();
        return true;
    }

    /// <summary>Takes the name that <paramref name="reader"/> stands at; what is wrong with it, or null.</summary>
    public Refusal? Add(ref Utf8JsonReader reader, out string name)
    {
        name = Known(ref reader) ?? reader.GetString()!;
        var folded = Fold(name);
        if (ReferenceEquals(folded, name) && own is null && !FoldedAway.Contains(name))
        {
            return AddFolded(folded);
        }

        if (name.Contains('\0', StringComparison.Ordinal))
        {
            return BodyRefusal.Nul;
        }

        return IsOtherSpelling(name, folded, Protocol) || (own is not null && IsOtherSpelling(name, folded, own)) ? BodyRefusal.Misspelt
            : AddFolded(folded);
    }

    private static bool IsOtherSpelling(string name, string folded, string[] protocol)
    {
        foreach (var known in protocol)
        {
            // Compared without folding it again: names of the protocol are ASCII.
            if (known != name && known.Equals(folded, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    private Refusal? AddFolded(string folded)
    {
        if (folded == Parent)
        {
            return BodyRefusal.Parent;
        }

        if (many is not null)
        {
            return many.Count == Most ? BodyRefusal.TooManyMembers : many.Add(folded) ? null : BodyRefusal.Duplicate;
        }

        for (var i = 0; i < count; i++)
        {
            if (few[i] == folded)
            {
                return BodyRefusal.Duplicate;
            }
        }

        if (count == Few)
        {
            many = new HashSet<string>(StringComparer.Ordinal);
            foreach (var seen in (ReadOnlySpan<string?>)few)
            {
                many.Add(seen!);
            }

            return many.Add(folded) ? null : BodyRefusal.Duplicate;
        }

        few[count++] = folded;
        return null;
    }

    /// <summary>The usual names, without allocating them.</summary>
    private static string? Known(ref Utf8JsonReader reader)
    {
        if (reader.ValueTextEquals("jsonrpc"u8))
        {
            return "jsonrpc";
        }

        if (reader.ValueTextEquals("id"u8))
        {
            return "id";
        }

        if (reader.ValueTextEquals("method"u8))
        {
            return "method";
        }

        if (reader.ValueTextEquals("params"u8))
        {
            return "params";
        }

        if (reader.ValueTextEquals("name"u8))
        {
            return "name";
        }

        if (reader.ValueTextEquals("arguments"u8))
        {
            return "arguments";
        }

        return reader.ValueTextEquals("_meta"u8) ? "_meta" : null;
    }

    /// <summary>The name folded; the same instance when folding changes nothing.</summary>
    internal static string Fold(string name)
    {
        foreach (var character in name)
        {
            if (!char.IsAscii(character) || char.IsAsciiLetterUpper(character) || character == '\0')
            {
                return FoldSlowly(name);
            }
        }

        return name;
    }

    private static string FoldSlowly(string name)
    {
        var folded = new StringBuilder(name.Length);
        foreach (var character in name.EnumerateRunes())
        {
            if (FullFolds.Of(character.Value) is { } several)
            {
                folded.Append(several);
            }
            else if (character.Value != 0 && !(character.Value == DotAbove && folded is [.., 'i']))
            {
                folded.Append(FoldOne(character));
            }
        }

        return folded.Equals(name) ? name : folded.ToString();
    }

    /// <summary>What folds to one character. The named letters fold to ASCII in Unicode or in Turkish, but not in .NET's invariant casing.</summary>
    private static Rune FoldOne(Rune character) => character.Value switch
    {
        '\u017F' => new Rune('s'),
        '\u212A' => new Rune('k'),
        '\u0130' or '\u0131' => new Rune('i'),
        _ => Rune.ToLowerInvariant(Rune.ToUpperInvariant(character)),
    };
}
