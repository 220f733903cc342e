using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using TokenExchange.Inbound;
using TokenExchange.Jose;
using TokenExchange.Outbound.Sender;

namespace TokenExchange.Outbound.Cache;

/// <summary>
/// What an entry stands for: the digest of the inbound token, and the digest of every other field that an exchange
/// depends on.
/// </summary>
internal readonly record struct CacheKey(TokenDigest Token, ExchangeDigest Exchange);

/// <summary>
/// A key as it is stored: the digest of the inbound token stays where it is remembered, and is found by a <see cref="CacheKey"/> all the same.
/// It outlives a replaced entry, since a dictionary keeps the first of equal keys, and so holds nothing of the entry itself.
/// </summary>
internal readonly struct StoredKey(RememberedToken origin, ExchangeDigest exchange)
{
    public CacheKey Key => new(origin.Digest, exchange);
}

/// <summary>Compares stored keys by what they stand for.</summary>
internal sealed class StoredKeyComparer : IEqualityComparer<StoredKey>, IAlternateEqualityComparer<CacheKey, StoredKey>
{
    public static readonly StoredKeyComparer Instance = new();

    public bool Equals(StoredKey x, StoredKey y) => x.Key.Equals(y.Key);

    public int GetHashCode(StoredKey obj) => obj.Key.GetHashCode();

    public bool Equals(CacheKey alternate, StoredKey other) => alternate.Equals(other.Key);

    public int GetHashCode(CacheKey alternate) => alternate.GetHashCode();

    public StoredKey Create(CacheKey alternate) => throw new NotSupportedException("An entry is stored under its own key.");
}

/// <summary>SHA-256 over fields, each with its length before it, so that no value can reach into its neighbour. Shared by the keys of many tokens.</summary>
internal sealed class ExchangeDigest(ReadOnlySpan<byte> fields) : IEquatable<ExchangeDigest>
{
    private readonly byte[] digest = SHA256.HashData(fields);

    public bool Equals(ExchangeDigest? other) => ReferenceEquals(this, other) || (other is not null && digest.AsSpan().SequenceEqual(other.digest));

    public override bool Equals(object? obj) => Equals(obj as ExchangeDigest);

    public override int GetHashCode() => MemoryMarshal.Read<int>(digest);
}

/// <summary>Makes the keys of one partition. For tokens of one issuer with equal scopes, one after the other, it allocates nothing.</summary>
internal sealed class CacheKeys
{
    private const int OnStack = 2048;
    private readonly byte[] prefix;
    private readonly Func<TokenDigest?>? actor;
    private volatile Made? latest;

    public CacheKeys(CachePartition partition)
    {
        actor = partition.Actor;
        prefix = new byte[SizeOf(partition.AuthorizationServer) + SizeOf(partition.TokenEndpoint) + SizeOf(partition.ClientId) + SizeOf(partition.RequestedTokenType)];
        var fields = new Fields(prefix);
        fields.Add(partition.AuthorizationServer);
        fields.Add(partition.TokenEndpoint);
        fields.Add(partition.ClientId);
        fields.Add(partition.RequestedTokenType);
    }

    public CacheKey Of(TokenExchangeRequest request)
    {
        var made = latest;
        var acting = actor?.Invoke();
        if (made is null || !made.IsFor(request) || made.Actor != acting)
        {
            latest = made = new Made(request.Target, request.Subject.Issuer, request.Scopes, request.Subject.SaidDigest, acting, request.Sender, Digest(request, acting?.ToString()));
        }

        return new CacheKey(request.Subject.Digest, made.Digest);
    }

    private ExchangeDigest Digest(TokenExchangeRequest request, string? acting)
    {
        var (subject, target, scopes) = request;
        var client = target.ClientsAtIssuers.GetValueOrDefault(subject.Issuer);
        var size = prefix.Length + SizeOf(target.SettingsDigest) + SizeOf(target.InboundResource) + SizeOf(target.Resource) + SizeOf(target.Audience) + SizeOf(request.Sender?.Thumbprint) + SizeOf(subject.Issuer) + SizeOf(subject.SaidDigest) + SizeOf(client) + SizeOf(acting) + sizeof(int);
        for (var i = 0; i < scopes.Count; i++)
        {
            size += SizeOf(scopes[i]);
        }

        byte[]? rented = null;
        var buffer = size <= OnStack ? stackalloc byte[OnStack] : rented = ArrayPool<byte>.Shared.Rent(size);
        try
        {
            prefix.CopyTo(buffer);
            var fields = new Fields(buffer[prefix.Length..]);
            fields.Add(target.SettingsDigest);
            fields.Add(target.InboundResource);
            fields.Add(target.Resource);
            fields.Add(target.Audience);
            fields.Add(request.Sender?.Thumbprint);
            fields.Add(subject.Issuer);

            // What else the result was held against: the claims that the token's text does not show, and who asks.
            fields.Add(subject.SaidDigest);
            fields.Add(client);
            fields.Add(acting);
            fields.Add(scopes.Count);
            for (var i = 0; i < scopes.Count; i++)
            {
                // One by one: a scope with a space in it is not two scopes.
                fields.Add(scopes[i]);
            }

            return new ExchangeDigest(buffer[..size]);
        }
        finally
        {
            if (rented is not null)
            {
                ArrayPool<byte>.Shared.Return(rented);
            }
        }
    }

    /// <summary>The digest that was made last, and from what: targets never change, and a server has one per generation.</summary>
    private sealed record Made(OutboundTarget Target, string Issuer, ScopeSet Scopes, string? Said, TokenDigest? Actor, SenderKey? Sender, ExchangeDigest Digest)
    {
        public bool IsFor(TokenExchangeRequest request) =>
            ReferenceEquals(Target, request.Target) && ReferenceEquals(Sender, request.Sender) && Issuer == request.Subject.Issuer && Scopes.Equals(request.Scopes) && Said == request.Subject.SaidDigest;
    }

    private static int SizeOf(string? value) => sizeof(int) + ((value?.Length ?? 0) * sizeof(char));

    private ref struct Fields(Span<byte> rest)
    {
        private Span<byte> rest = rest;

        public void Add(int value)
        {
            BinaryPrimitives.WriteInt32LittleEndian(rest, value);
            rest = rest[sizeof(int)..];
        }

        public void Add(string? value)
        {
            // UTF-16 as it is: a conversion would fold every unpaired surrogate into one replacement character.
            Add(value?.Length ?? -1);
            var bytes = MemoryMarshal.AsBytes(value.AsSpan());
            bytes.CopyTo(rest);
            rest = rest[bytes.Length..];
        }
    }
}
