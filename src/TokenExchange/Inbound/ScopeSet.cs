using System.Collections;
using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace TokenExchange.Inbound;

/// <summary>A set of OAuth scope tokens, distinct and in ordinal order, so that equal sets print equally.</summary>
/// <remarks>RFC 6749 §3.3. Scope tokens are compared case-sensitively.</remarks>
public sealed class ScopeSet : IReadOnlyList<string>, IEquatable<ScopeSet>
{
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

    /// <summary>The set of the given scopes; empty strings are left out.</summary>
    public static ScopeSet Of(params IEnumerable<string> scopes)
    {
        ArgumentNullException.ThrowIfNull(scopes);
        return OfParts([.. scopes.Where(scope => scope.Length > 0)]);
    }

    /// <summary>Reads the value of a <c>scope</c> parameter: scopes separated by single spaces; null is the empty set.</summary>
    public static ScopeSet Parse(string? value) =>
        string.IsNullOrEmpty(value) ? Empty : OfParts(value.Split(' ', StringSplitOptions.RemoveEmptyEntries));

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
    public bool Equals(ScopeSet? other) => other is not null && text == other.text;

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
