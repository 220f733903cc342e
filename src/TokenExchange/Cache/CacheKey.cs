using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace TokenExchange.Cache;

/// <summary>
/// What an entry stands for: SHA-256 over every field that an exchange depends on, each with its length before it, so
/// that no value can reach into its neighbour.
/// </summary>
[InlineArray(SHA256.HashSizeInBytes)]
internal struct CacheKey : IEquatable<CacheKey>
{
    private byte first;

    public readonly bool Equals(CacheKey other) => ((ReadOnlySpan<byte>)this).SequenceEqual(other);

    public override readonly bool Equals(object? obj) => obj is CacheKey other && Equals(other);

    public override readonly int GetHashCode() => MemoryMarshal.Read<int>(this);
}

/// <summary>Makes the keys of one partition. Up to about a thousand characters of fields it allocates nothing.</summary>
internal sealed class CacheKeys
{
    private const int OnStack = 2048;
    private readonly byte[] prefix;

    public CacheKeys(CachePartition partition)
    {
        prefix = new byte[SizeOf(partition.AuthorizationServer) + SizeOf(partition.TokenEndpoint) + SizeOf(partition.ClientId) + SizeOf(partition.RequestedTokenType)];
        var fields = new Fields(prefix);
        fields.Add(partition.AuthorizationServer);
        fields.Add(partition.TokenEndpoint);
        fields.Add(partition.ClientId);
        fields.Add(partition.RequestedTokenType);
    }

    public CacheKey Of(TokenExchangeRequest request)
    {
        var target = request.Target;
        var subject = request.Subject;
        var scopes = request.Scopes;
        var digest = subject.Digest;
        var size = prefix.Length + SizeOf(target.SettingsDigest) + SizeOf(target.Server) + SizeOf(target.Resource) + SizeOf(target.Audience) + SizeOf(subject.Issuer) + TokenDigest.Length + sizeof(int);
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
            fields.Add(target.Server);
            fields.Add(target.Resource);
            fields.Add(target.Audience);
            fields.Add(subject.Issuer);
            fields.Add(digest);
            fields.Add(scopes.Count);
            for (var i = 0; i < scopes.Count; i++)
            {
                // One by one: a scope with a space in it is not two scopes.
                fields.Add(scopes[i]);
            }

            var key = default(CacheKey);
            SHA256.HashData(buffer[..size], key);
            return key;
        }
        finally
        {
            if (rented is not null)
            {
                ArrayPool<byte>.Shared.Return(rented);
            }
        }
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

        public void Add(scoped ReadOnlySpan<byte> value)
        {
            value.CopyTo(rest);
            rest = rest[value.Length..];
        }

        public void Add(string? value)
        {
            // UTF-16 as it is: a conversion would fold every unpaired surrogate into one replacement character.
            Add(value?.Length ?? -1);
            Add(MemoryMarshal.AsBytes(value.AsSpan()));
        }
    }
}
