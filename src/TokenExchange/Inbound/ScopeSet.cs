using System.Buffers;
using System.Collections;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace TokenExchange.Inbound;

/// <summary>
/// A set of OAuth scope tokens, distinct and in ordinal order. Nothing else gets into one: a text with a space in it would
/// be one scope here and two for whoever reads them joined.
/// </summary>
/// <remarks>RFC 6749 §3.3. Scope tokens are compared case-sensitively, one by one.</remarks>
public sealed class ScopeSet : IReadOnlyList<string>, IEquatable<ScopeSet>
{
    private static readonly SearchValues<char> ScopeText = SearchValues.Create([.. Enumerable.Range(' ', '~' - ' ' + 1).Select(c => (char)c).Where(c => c is not ('"' or '\\'))]);

    private readonly ImmutableArray<string> scopes;
    private readonly string text;

    private ScopeSet(ImmutableArray<string> scopes)
    {
        this.scopes = scopes;
        text = string.Join(' ', scopes);
    }

    /// <summary>The set without a scope.</summary>
    public static ScopeSet Empty { get; } = new([]);

    /// <summary>The number of scopes.</summary>
    public int Count => scopes.Length;

    /// <summary>The scope at <paramref name="index"/> in ordinal order.</summary>
    public string this[int index] => scopes[index];

    /// <summary>The set of the given scopes; empty strings are left out. Throws for a text that is no scope token.</summary>
    /// <exception cref="ArgumentException">A text holds a space or another character that no scope token has.</exception>
    public static ScopeSet Of(params IEnumerable<string> scopes)
    {
        ArgumentNullException.ThrowIfNull(scopes);
        string[] parts = [.. scopes.Where(scope => scope.Length > 0)];
        return parts.All(scope => IsToken(scope)) ? OfParts(parts) : throw new ArgumentException("One of the scopes is no scope token (RFC 6749 §3.3).", nameof(scopes));
    }

    /// <summary>Reads the value of a <c>scope</c> parameter: scopes separated by spaces; null is the empty set, and so is what holds anything but scope tokens.</summary>
    public static ScopeSet Parse(string? value) => value is not null && TryParse(value, out var scopes) ? scopes : Empty;

    /// <summary>The same; false when one of the parts is no scope token.</summary>
    public static bool TryParse(string value, [NotNullWhen(true)] out ScopeSet? scopes)
    {
        ArgumentNullException.ThrowIfNull(value);
        scopes = null;
        if (value.AsSpan().ContainsAnyExcept(ScopeText))
        {
            return false;
        }

        scopes = value.Length == 0 ? Empty : OfParts(value.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        return true;
    }

    /// <summary>Whether a text is one scope token: printable ASCII without space, double quote and backslash.</summary>
    /// <remarks>RFC 6749 §3.3.</remarks>
    public static bool IsToken(ReadOnlySpan<char> text) => !text.IsEmpty && !text.ContainsAnyExcept(ScopeText) && !text.Contains(' ');

    /// <summary>Whether the set holds <paramref name="scope"/>.</summary>
    public bool Contains(string scope) => scopes.BinarySearch(scope, StringComparer.Ordinal) >= 0;

    /// <summary>Whether every scope of this set is in <paramref name="other"/>.</summary>
    public bool IsSubsetOf(ScopeSet other)
    {
        ArgumentNullException.ThrowIfNull(other);
        foreach (var scope in scopes)
        {
            if (!other.Contains(scope))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The scopes of both sets together.</summary>
    public ScopeSet Union(ScopeSet other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return other.IsSubsetOf(this) ? this : Of(scopes.Concat(other.scopes));
    }

    /// <summary>The scopes that are in both sets.</summary>
    public ScopeSet Intersect(ScopeSet other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return IsSubsetOf(other) ? this : Of(scopes.Where(other.Contains));
    }

    /// <summary>The scopes of this set that are not in <paramref name="other"/>.</summary>
    public ScopeSet Except(ScopeSet other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Of(scopes.Where(scope => !other.Contains(scope)));
    }

    /// <inheritdoc/>
    public bool Equals(ScopeSet? other) => ReferenceEquals(this, other) || (other is not null && text == other.text && scopes.AsSpan().SequenceEqual(other.scopes.AsSpan()));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as ScopeSet);

    /// <inheritdoc/>
    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(text);

    /// <summary>The value of a <c>scope</c> parameter: the scopes separated by single spaces.</summary>
    public override string ToString() => text;

    /// <inheritdoc/>
    public IEnumerator<string> GetEnumerator() => ((IEnumerable<string>)scopes).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Takes the array over and sorts it in place: every new token comes through here.</summary>
    private static ScopeSet OfParts(string[] parts)
    {
        Array.Sort(parts, StringComparer.Ordinal);
        var distinct = 0;
        foreach (var part in parts)
        {
            if (distinct == 0 || parts[distinct - 1] != part)
            {
                parts[distinct++] = part;
            }
        }

        return distinct == 0 ? Empty : new ScopeSet(ImmutableCollectionsMarshal.AsImmutableArray(distinct == parts.Length ? parts : parts[..distinct]));
    }
}
