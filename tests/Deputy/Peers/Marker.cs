using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace Deputy.Peers;

/// <summary>
/// Ties what a peer saw to the call that caused it: a word that no gateway has a reason to change, in the user agent,
/// in the message's id and, of another call, in the subject of a token.
/// </summary>
internal static partial class Marker
{
    public static string Fresh() => "zq" + RandomNumberGenerator.GetHexString(10, lowercase: true);

    public static string? In(string text) => Pattern().Match(text) is { Success: true } match ? match.Value : null;

    public static IEnumerable<string> AllIn(string text) => Pattern().Matches(text).Select(match => match.Value).Distinct();

    [GeneratedRegex("zq[0-9a-f]{10}")]
    private static partial Regex Pattern();
}
