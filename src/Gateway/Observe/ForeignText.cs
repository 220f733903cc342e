using System.Buffers;
using System.Text;

namespace Gateway.Observe;

/// <summary>
/// Text that somebody else wrote: a user agent, a tool's name, a claim, an MCP server's Location. It is cut before anything
/// looks at it, and can be told only <see cref="Without"/> the credentials of its request. Nothing of it is ever printed by
/// accident, and what is done with it costs the same whatever it holds.
/// </summary>
internal readonly struct ForeignText
{
    public const int MaxLength = 512;
    private const string Redacted = "[redacted]";

    /// <summary>A shorter piece of a credential gives nothing away, and may be a piece of anything.</summary>
    private const int Telling = 16;

    /// <summary>Below this a run of characters is a word.</summary>
    private const int ShortestToken = 32;

    private static readonly SearchValues<char> TokenCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");

    /// <summary>How the header of a JWS or JWE may begin with white space in it: base64url of <c>{</c> and a blank, tab, CR or LF.</summary>
    private static readonly string[] SpacedStarts = ["eyA", "ewk", "ewo", "ew0"];

    private readonly string? text;
    private readonly bool cut;

    private ForeignText(string? whole)
    {
        cut = whole is { Length: > MaxLength };
        text = cut ? whole![..MaxLength] : whole;
    }

    /// <summary>Takes the text over, cut.</summary>
    public static implicit operator ForeignText(string? text) => new(text);

    /// <summary>The text without any of the credentials, and without what looks like a token of somebody else; null when there is none.</summary>
    public string? Without(in Credentials credentials)
    {
        if (string.IsNullOrEmpty(text))
        {
            return text;
        }

        var suspicious = cut || text.Contains("ey", StringComparison.Ordinal) || text.Contains("ew", StringComparison.Ordinal);
        for (var i = 0; i < credentials.Count && !suspicious; i++)
        {
            suspicious = MayHold(text, credentials[i]);
        }

        return suspicious ? Search(text, credentials) : text;
    }

    /// <summary>Names no part of the text.</summary>
    public override string ToString() => text is null ? "" : "text of somebody else";

    private static bool MayHold(ReadOnlySpan<char> text, ReadOnlySpan<char> credential)
    {
        var telling = Math.Min(Telling, credential.Length);
        return text.Length >= telling && (text.Contains(credential[..telling], StringComparison.Ordinal) || text.Contains(credential[^telling..], StringComparison.Ordinal));
    }

    private string Search(string text, in Credentials credentials)
    {
        Span<bool> hidden = stackalloc bool[MaxLength];
        hidden = hidden[..text.Length];
        hidden.Clear();
        var any = HideTokens(text, cut, hidden);
        for (var i = 0; i < credentials.Count; i++)
        {
            any |= Hide(text, cut, credentials[i], hidden);
        }

        return any ? Told(text, hidden) : text;
    }

    /// <summary>
    /// Hides where the text holds the credential, or as much of its beginning or its end that it gives it away: a copy may
    /// have been cut on either side. Every character is passed once, those that match a second time.
    /// </summary>
    private static bool Hide(ReadOnlySpan<char> text, bool cut, ReadOnlySpan<char> credential, Span<bool> hidden)
    {
        var any = false;
        var telling = Math.Min(Telling, credential.Length);
        if (text.Length >= telling)
        {
            for (var from = 0; text[from..].IndexOf(credential[..telling]) is var at and >= 0;)
            {
                var length = text[(from + at)..].CommonPrefixLength(credential);
                hidden.Slice(from + at, length).Fill(true);
                (from, any) = (from + at + length, true);
            }

            for (var to = text.Length; text[..to].LastIndexOf(credential[^telling..]) is var at and >= 0;)
            {
                var start = at;
                for (var left = credential.Length - telling; start > 0 && left > 0 && text[start - 1] == credential[left - 1]; left--)
                {
                    start--;
                }

                hidden[start..(at + telling)].Fill(true);
                (to, any) = (start, true);
            }
        }

        // What was cut away may have been the rest of it.
        for (var length = Math.Min(telling, text.Length); cut && length > 2; length--)
        {
            if (text[^length..].SequenceEqual(credential[..length]))
            {
                hidden[^length..].Fill(true);
                return true;
            }
        }

        return any;
    }

    /// <summary>Hides what looks like a token in compact form, run by run.</summary>
    private static bool HideTokens(ReadOnlySpan<char> text, bool cut, Span<bool> hidden)
    {
        var any = false;
        for (var start = 0; start < text.Length;)
        {
            var length = text[start..].IndexOfAnyExcept(TokenCharacters) is var end and >= 0 ? end : text.Length - start;
            var run = text.Slice(start, length);
            var token = run.IndexOf("eyJ", StringComparison.Ordinal);
            if (token < 0 && length >= ShortestToken && IsSpacedStart(run))
            {
                token = 0;
            }

            if (token >= 0 && (run[token..].Contains('.') || (cut && start + length == text.Length)))
            {
                hidden.Slice(start + token, length - token).Fill(true);
                any = true;
            }

            start += length + 1;
        }

        return any;
    }

    private static bool IsSpacedStart(ReadOnlySpan<char> run)
    {
        foreach (var start in SpacedStarts)
        {
            if (run.StartsWith(start))
            {
                return true;
            }
        }

        return false;
    }

    private static string Told(ReadOnlySpan<char> text, ReadOnlySpan<bool> hidden)
    {
        var told = new StringBuilder(text.Length);
        for (var at = 0; at < text.Length;)
        {
            var isHidden = hidden[at];
            var length = hidden[at..].IndexOf(!isHidden) is var end and >= 0 ? end : text.Length - at;
            told.Append(isHidden ? Redacted : text.Slice(at, length));
            at += length;
        }

        return told.ToString(0, Math.Min(told.Length, MaxLength));
    }
}
