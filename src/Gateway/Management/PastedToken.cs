namespace Gateway.Management;

/// <summary>
/// Says what somebody copied along with a token, or in its place. Only a hint for a text that was refused: what is wrong
/// is not taken away, since a request that carried it would be refused just so.
/// </summary>
internal static class PastedToken
{
    private const string Alone = "give the access token alone, the text that stands behind 'Bearer ' in a request";

    private const string Quotes = "\"'`\u201c\u201d\u2018\u2019";

    /// <summary>What to do about the text; null when it looks like a token. Never a part of it.</summary>
    public static string? Hint(string text) => text switch
    {
        _ when text.StartsWith("Authorization:", StringComparison.OrdinalIgnoreCase) => $"The text is a whole header line; {Alone}.",
        _ when text.Split(' ', '\t')[0].Equals("Bearer", StringComparison.OrdinalIgnoreCase) => $"The text begins with the scheme 'Bearer'; {Alone}.",
        ['{' or '[', ..] => "The text is JSON, such as the answer of a token endpoint or a decoded token; give the value of access_token alone, as it was issued.",
        [var first, .., var last] when Quotes.Contains(first) || Quotes.Contains(last) => "The text stands in quotes, which are no part of a token; remove them.",
        _ when text.AsSpan().ContainsAny('\n', '\r') => "The text has several lines, and a token is one; take out line breaks and whatever is not the token.",
        _ when text.Any(char.IsWhiteSpace) => "The text holds white space, which no token does; take it out, and whatever is not the token.",
        _ when text.EndsWith("...", StringComparison.Ordinal) || text.EndsWith('\u2026') => "The text was cut short where it was shown; copy the whole token.",
        _ when text.Any(character => character is < '!' or > '~') => "The text holds a character that no token does, perhaps an invisible one; copy the token again from where it was issued.",
        _ => null,
    };
}
