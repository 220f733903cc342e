using System.Buffers;

namespace Gateway.Observe;

/// <summary>
/// Text that a caller wrote freely: a user agent, a tool's name, a resource's URI. Callers put tokens into such places by
/// mistake, so what looks like one is taken out before the text reaches the audit or a span.
/// </summary>
internal static class CallerText
{
    public const int MaxLength = 512;
    private const string Redacted = "[redacted]";

    /// <summary>How every JWS and JWE in compact form begins: base64url of <c>{"</c>.</summary>
    private const string TokenStart = "eyJ";

    private static readonly SearchValues<char> TokenCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");

    public static string? Clean(string? text)
    {
        if (text is null)
        {
            return null;
        }

        var start = text.IndexOf(TokenStart, StringComparison.Ordinal);
        while (start >= 0)
        {
            var length = text.AsSpan(start).IndexOfAnyExcept(TokenCharacters) is var end and >= 0 ? end : text.Length - start;
            var looksLikeToken = text.AsSpan(start, length).Contains('.');
            text = looksLikeToken ? string.Concat(text.AsSpan(0, start), Redacted, text.AsSpan(start + length)) : text;
            start = text.IndexOf(TokenStart, start + (looksLikeToken ? Redacted.Length : length), StringComparison.Ordinal);
        }

        return text.Length <= MaxLength ? text : text[..MaxLength];
    }
}
