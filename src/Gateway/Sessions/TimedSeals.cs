using System.Buffers.Binary;
using System.Buffers.Text;
using System.Collections.Immutable;
using System.Security.Cryptography;

namespace Gateway.Sessions;

/// <summary>
/// Texts of ours that come back, and that nobody remembers meanwhile: a time, random bytes where they are to differ, and an HMAC
/// over both and over what they are for. Any replica with one of the keys knows its own.
/// </summary>
/// <param name="keys">Keys of no other use; the first makes seals, all verify them.</param>
/// <param name="randomLength">How many random bytes stand in one.</param>
/// <param name="lifetime">How long one is good.</param>
/// <param name="clock">The time.</param>
internal sealed class TimedSeals(ImmutableArray<byte[]> keys, int randomLength, TimeSpan lifetime, TimeProvider clock)
{
    private const int TimeLength = sizeof(long), MacLength = HMACSHA256.HashSizeInBytes;
    private readonly int head = TimeLength + randomLength;

    /// <summary>A seal of now; <paramref name="appendWhat"/> appends what it is for, in a way that no two things share.</summary>
    public string Create(Action<IncrementalHash> appendWhat)
    {
        var seal = new byte[head + MacLength];
        BinaryPrimitives.WriteInt64BigEndian(seal, clock.GetUtcNow().ToUnixTimeMilliseconds());
        RandomNumberGenerator.Fill(seal.AsSpan(TimeLength..head));
        Sign(keys[0], seal.AsSpan(..head), appendWhat, seal.AsSpan(head));
        return Base64Url.EncodeToString(seal);
    }

    /// <summary>When a seal ends; null when it is none of ours for this, not written as we write it, or not good now.</summary>
    public DateTimeOffset? EndOf(string? text, Action<IncrementalHash> appendWhat)
    {
        var seal = new byte[head + MacLength];
        if (!ExactBase64Url.TryDecode(text, seal) || Base64Url.EncodeToString(seal) != text)
        {
            return null;
        }

        Span<byte> mac = stackalloc byte[MacLength];
        var ours = false;
        foreach (var key in keys)
        {
            Sign(key, seal.AsSpan(..head), appendWhat, mac);
            ours |= CryptographicOperations.FixedTimeEquals(mac, seal.AsSpan(head));
        }

        if (!ours)
        {
            return null;
        }

        var made = DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64BigEndian(seal));
        var now = clock.GetUtcNow();
        return made <= now && now < made + lifetime ? made + lifetime : null;
    }

    private static void Sign(byte[] key, ReadOnlySpan<byte> head, Action<IncrementalHash> appendWhat, Span<byte> mac)
    {
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
        hash.AppendData(head);
        appendWhat(hash);
        hash.GetHashAndReset(mac);
    }
}
