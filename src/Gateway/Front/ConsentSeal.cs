using System.Buffers.Binary;
using System.Buffers.Text;
using System.Collections.Immutable;
using System.Security.Cryptography;
using TokenExchange.Jose;

namespace Gateway.Front;

/// <summary>
/// Ties a consent to the browser that it was shown in and to everything that it was shown for: a time, and an HMAC over
/// it, the browser's cookie, the front, the server, and the address to send the user on to, which holds every parameter.
/// Nobody remembers it; any replica with one of the keys knows its own.
/// </summary>
internal sealed class ConsentSeal(ImmutableArray<byte[]> keys, TimeProvider clock)
{
    /// <summary>How long a page may be looked at.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    private const int TimeLength = sizeof(long), Length = TimeLength + HMACSHA256.HashSizeInBytes, CookieBytes = 32;
    private static readonly int TextLength = Base64Url.GetEncodedLength(Length);
    private static readonly int CookieLength = Base64Url.GetEncodedLength(CookieBytes);

    /// <summary>A cookie for a browser that has none.</summary>
    public static string NewCookie() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(CookieBytes));

    /// <summary>Whether a cookie may be one of ours.</summary>
    public static bool IsCookie(string? cookie) => cookie?.Length == CookieLength && Base64Url.IsValid(cookie);

    public string Create(string cookie, string front, string resource, string location)
    {
        Span<byte> seal = stackalloc byte[Length];
        BinaryPrimitives.WriteInt64BigEndian(seal, clock.GetUtcNow().ToUnixTimeMilliseconds());
        Sign(keys[0], seal[..TimeLength], cookie, front, resource, location, seal[TimeLength..]);
        return Base64Url.EncodeToString(seal);
    }

    public bool IsGood(string? text, string cookie, string front, string resource, string location)
    {
        Span<byte> seal = stackalloc byte[Length];
        if (text?.Length != TextLength || !Base64Url.IsValid(text) || !Base64Url.TryDecodeFromChars(text, seal, out var written) || written != Length)
        {
            return false;
        }

        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        var ours = false;
        foreach (var key in keys)
        {
            Sign(key, seal[..TimeLength], cookie, front, resource, location, mac);
            ours |= CryptographicOperations.FixedTimeEquals(mac, seal[TimeLength..]);
        }

        if (!ours)
        {
            return false;
        }

        var made = DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64BigEndian(seal));
        var now = clock.GetUtcNow();
        return made <= now && now < made + Lifetime;
    }

    private static void Sign(byte[] key, ReadOnlySpan<byte> time, string cookie, string front, string resource, string location, Span<byte> mac)
    {
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
        hash.AppendData(time);
        hash.AppendFields(cookie, front, resource, location);

        hash.GetHashAndReset(mac);
    }
}
