using System.Security.Cryptography;

namespace TokenExchange.Inbound.Proof;

/// <summary>The digest of a body as RFC 9530 writes it: <c>sha-256=:…:</c>.</summary>
/// <remarks>RFC 9530 §2; RFC 8941 §3.2, §3.3.5.</remarks>
public static class ContentDigest
{
    private const string Name = "sha-256=:";

    /// <summary>The digest of <paramref name="body"/>.</summary>
    public static string Of(ReadOnlySpan<byte> body)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(body, digest);
        return $"{Name}{Convert.ToBase64String(digest)}:";
    }

    /// <summary>
    /// Whether <paramref name="digests"/>, one digest or a list of them, holds exactly one of SHA-256, and that is the
    /// body's. Digests of other algorithms are passed over, as the RFC says.
    /// </summary>
    public static bool Matches(ReadOnlySpan<char> digests, ReadOnlySpan<byte> body)
    {
        Span<byte> presented = stackalloc byte[SHA256.HashSizeInBytes];
        var found = false;
        foreach (var range in digests.Split(','))
        {
            var member = digests[range].Trim(" \t");
            var value = member.IndexOf("=:");
            if (value <= 0 || member.Length < value + 3 || member[^1] != ':')
            {
                return false;
            }

            if (!member.StartsWith(Name, StringComparison.Ordinal))
            {
                continue;
            }

            if (found || !TryDecode(member[Name.Length..^1], presented))
            {
                return false;
            }

            found = true;
        }

        Span<byte> actual = stackalloc byte[SHA256.HashSizeInBytes];
        return found && SHA256.HashData(body, actual) == actual.Length && actual.SequenceEqual(presented);
    }

    // The one canonical encoding, padded: no white space, no spare bits.
    private static bool TryDecode(ReadOnlySpan<char> text, Span<byte> digest)
    {
        Span<char> again = stackalloc char[44];
        return text.Length == again.Length && Convert.TryFromBase64Chars(text, digest, out var written) && written == digest.Length
            && Convert.TryToBase64Chars(digest, again, out _) && text.SequenceEqual(again);
    }
}
