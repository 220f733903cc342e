using System.Buffers.Text;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace TokenExchange.Jose;

/// <summary>The SHA-256 digest of a token: what is remembered and compared in the token's place.</summary>
[InlineArray(Length)]
public struct TokenDigest : IEquatable<TokenDigest>
{
    /// <summary>The length of a digest in bytes.</summary>
    public const int Length = SHA256.HashSizeInBytes;

    private byte first;

    /// <summary>The digest of a token's characters in UTF-8.</summary>
    public static TokenDigest Of(ReadOnlySpan<char> token)
    {
        var digest = default(TokenDigest);
        const int OnStack = 4096;
        var size = Encoding.UTF8.GetByteCount(token);
        var bytes = size <= OnStack ? stackalloc byte[OnStack] : new byte[size];
        SHA256.HashData(bytes[..Encoding.UTF8.GetBytes(token, bytes)], digest);
        return digest;
    }

    /// <inheritdoc/>
    public readonly bool Equals(TokenDigest other) => ((ReadOnlySpan<byte>)this).SequenceEqual(other);

    /// <inheritdoc/>
    public override readonly bool Equals(object? obj) => obj is TokenDigest other && Equals(other);

    /// <inheritdoc/>
    public override readonly int GetHashCode() => MemoryMarshal.Read<int>(this);

    /// <summary>The digest in base64url, as an operator may see it.</summary>
    public override readonly string ToString() => Base64Url.EncodeToString(this);

    /// <summary>Whether two digests are equal.</summary>
    public static bool operator ==(TokenDigest left, TokenDigest right) => left.Equals(right);

    /// <summary>Whether two digests differ.</summary>
    public static bool operator !=(TokenDigest left, TokenDigest right) => !left.Equals(right);
}
