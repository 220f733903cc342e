using System.Text;

namespace TokenExchange.Jose;

/// <summary>The <c>typ</c> of a signed token: a media type, of which case does not count and <c>application/</c> may be left out.</summary>
/// <remarks>RFC 7515 §4.1.9.</remarks>
internal static class JwtType
{
    private const string Prefix = "application/";

    /// <summary>Whether both say the same.</summary>
    public static bool Is(string type, string other) => Ascii.EqualsIgnoreCase(WithoutApplication(type), WithoutApplication(other));

    /// <summary>Whether a token of this type may be an access token: it says that it is one, or no more than that it is a JWT.</summary>
    /// <remarks>RFC 9068 §2.1; many authorization servers stamp nothing better than JWT.</remarks>
    public static bool MayBeAccessToken(string type) => Is(type, "at+jwt") || Is(type, "JWT");

    private static ReadOnlySpan<char> WithoutApplication(string type) =>
        type.Length > Prefix.Length && Ascii.EqualsIgnoreCase(type.AsSpan(0, Prefix.Length), Prefix) && !type.AsSpan(Prefix.Length).Contains('/')
            ? type.AsSpan(Prefix.Length)
            : type;
}
