using System.Buffers.Binary;
using System.Buffers.Text;
using System.Collections.Immutable;
using System.Security.Cryptography;

namespace TokenExchange.Inbound.Proof;

/// <summary>
/// Nonces that nobody remembers: a time and an HMAC over it. Whoever holds one of the keys takes them, so that a client
/// may get its nonce from one replica and use it at another.
/// </summary>
/// <remarks>RFC 9449 §8, §9.</remarks>
public sealed class ProofNonces
{
    private const int TimeLength = sizeof(long), MacLength = 16, Length = TimeLength + MacLength;
    private static readonly int TextLength = Base64Url.GetEncodedLength(Length);
    private readonly ImmutableArray<byte[]> keys;
    private readonly TimeProvider clock;

    /// <param name="keys">Keys of no other use; the first makes nonces, all verify them. At least one.</param>
    /// <param name="clock">The time.</param>
    public ProofNonces(ImmutableArray<byte[]> keys, TimeProvider clock)
    {
        ArgumentOutOfRangeException.ThrowIfZero(keys.Length);
        ArgumentNullException.ThrowIfNull(clock);
        (this.keys, this.clock) = (keys, clock);
    }

    /// <summary>A nonce of now.</summary>
    public string Create()
    {
        Span<byte> nonce = stackalloc byte[Length];
        BinaryPrimitives.WriteInt64BigEndian(nonce, clock.GetUtcNow().ToUnixTimeMilliseconds());
        Sign(keys[0], nonce[..TimeLength], nonce[TimeLength..]);
        return Base64Url.EncodeToString(nonce);
    }

    /// <summary>How old a nonce is; null when it is none of ours, or from the future.</summary>
    public TimeSpan? AgeOf(ReadOnlySpan<char> text)
    {
        Span<byte> nonce = stackalloc byte[Length];
        if (text.Length != TextLength || !Base64Url.IsValid(text) || !Base64Url.TryDecodeFromChars(text, nonce, out var written) || written != Length)
        {
            return null;
        }

        Span<byte> mac = stackalloc byte[MacLength];
        var ours = false;
        foreach (var key in keys)
        {
            Sign(key, nonce[..TimeLength], mac);
            ours |= CryptographicOperations.FixedTimeEquals(mac, nonce[TimeLength..]);
        }

        var age = clock.GetUtcNow().ToUnixTimeMilliseconds() - BinaryPrimitives.ReadInt64BigEndian(nonce);
        return ours && age >= 0 ? TimeSpan.FromMilliseconds(age) : null;
    }

    private static void Sign(byte[] key, ReadOnlySpan<byte> time, Span<byte> mac)
    {
        Span<byte> whole = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, time, whole);
        whole[..MacLength].CopyTo(mac);
    }
}
