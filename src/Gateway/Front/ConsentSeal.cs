using System.Buffers.Text;
using System.Collections.Immutable;
using System.Security.Cryptography;
using Gateway.Sessions;
using TokenExchange.Jose;

namespace Gateway.Front;

/// <summary>
/// Ties a consent to the browser that it was shown in and to everything that it was shown for: the browser's cookie, the
/// front, the server, and the address to send the user on to, which holds every parameter. Nobody remembers it.
/// </summary>
internal sealed class ConsentSeal(ImmutableArray<byte[]> keys, TimeProvider clock)
{
    /// <summary>How long a page may be looked at.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    private const int CookieBytes = 32;
    private static readonly int CookieLength = Base64Url.GetEncodedLength(CookieBytes);
    private readonly TimedSeals seals = new(keys, randomLength: 0, Lifetime, clock);

    /// <summary>A cookie for a browser that has none.</summary>
    public static string NewCookie() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(CookieBytes));

    /// <summary>Whether a cookie may be one of ours.</summary>
    public static bool IsCookie(string? cookie) => cookie?.Length == CookieLength && Base64Url.IsValid(cookie, out var length) && length == CookieBytes;

    public string Create(string cookie, string front, string resource, string location) =>
        seals.Create(hash => hash.AppendFields(cookie, front, resource, location));

    public bool IsGood(string? text, string cookie, string front, string resource, string location) =>
        seals.EndOf(text, hash => hash.AppendFields(cookie, front, resource, location)) is not null;
}
