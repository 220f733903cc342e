using System.Text;

namespace TokenExchange.Jose;

/// <summary>The <c>typ</c> of a signed token: a media type, of which case does not count and <c>application/</c> may be left out.</summary>
/// <remarks>RFC 7515 §4.1.9.</remarks>
internal static class JwtType
{
    private const string Prefix = "application/";

    /// <summary>Whether both say the same.</summary>
    public static bool Is(string type, string other) => Ascii.EqualsIgnoreCase(WithoutApplication(type), WithoutApplication(other));

    private static ReadOnlySpan<char> WithoutApplication(string type) =>
        type.Length > Prefix.Length && Ascii.EqualsIgnoreCase(type.AsSpan(0, Prefix.Length), Prefix) && !type.AsSpan(Prefix.Length).Contains('/')
            ? type.AsSpan(Prefix.Length)
            : type;
}
