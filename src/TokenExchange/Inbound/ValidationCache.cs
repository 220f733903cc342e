using TokenExchange.Jose;

namespace TokenExchange.Inbound;

/// <summary>
/// Remembers accepted tokens by their digest, so that a token in use is not verified again for every request. Refusals
/// are never remembered, and an entry is only a shortcut: whoever takes it checks again what time and keys may have changed.
/// </summary>
/// <remarks>Bounded in <see cref="TwoHalves{TKey, TValue}"/>.</remarks>
internal sealed class ValidationCache(int capacity, TimeProvider clock)
{
    private readonly TwoHalves<RememberedToken, RememberedToken> halves = new(capacity, ByDigest.Instance, clock);

    public int Count => halves.Count;

    public RememberedToken? Find(TokenDigest digest)
    {
        if (halves.Young.GetAlternateLookup<TokenDigest>().TryGetValue(digest, out var entry))
        {
            return entry;
        }

        if (halves.Old.GetAlternateLookup<TokenDigest>().TryRemove(digest, out _, out entry))
        {
            Add(entry);
        }

        return entry;
    }

    public void Add(RememberedToken entry) => halves.Put(entry, entry);

    public void Remove(TokenDigest digest)
    {
        halves.Young.GetAlternateLookup<TokenDigest>().TryRemove(digest, out _);
        halves.Old.GetAlternateLookup<TokenDigest>().TryRemove(digest, out _);
    }

    /// <summary>Found by the digest that each holds anyway: many are alive, and a copy of it for the dictionary would be a fourth of them.</summary>
    private sealed class ByDigest : IEqualityComparer<RememberedToken>, IAlternateEqualityComparer<TokenDigest, RememberedToken>
    {
        public static readonly ByDigest Instance = new();

        public bool Equals(RememberedToken? x, RememberedToken? y) => ReferenceEquals(x, y) || (x is not null && y is not null && x.Digest == y.Digest);

        public int GetHashCode(RememberedToken obj) => obj.Digest.GetHashCode();

        public bool Equals(TokenDigest alternate, RememberedToken other) => alternate == other.Digest;

        public int GetHashCode(TokenDigest alternate) => alternate.GetHashCode();

        public RememberedToken Create(TokenDigest alternate) => throw new NotSupportedException("A digest alone is no token.");
    }
}
