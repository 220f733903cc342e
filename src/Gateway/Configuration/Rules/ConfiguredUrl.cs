using System.Diagnostics.CodeAnalysis;
using System.Text;
using TokenExchange.Issuers;

namespace Gateway.Configuration.Rules;

/// <summary>How URLs in the configuration are judged.</summary>
internal static class ConfiguredUrl
{
    /// <summary>Parses an absolute http or https URL as it is written: printable ASCII, no backslash, which parsers disagree about.</summary>
    public static bool TryParse(string? value, [NotNullWhen(true)] out Uri? url)
    {
        url = null;
        return value is not null
            && value.All(character => character is > ' ' and < '\x7f' and not '\\')
            && Uri.TryCreate(value, UriKind.Absolute, out url)
            && (url.Scheme == Uri.UriSchemeHttps || url.Scheme == Uri.UriSchemeHttp)
            && value.StartsWith(url.Scheme + "://", StringComparison.OrdinalIgnoreCase)
            && url.Host.Length > 0;
    }

    /// <summary>Whether a URL stays on this machine.</summary>
    public static bool IsLoopback(Uri url) => Loopback.Is(url);

    /// <summary>Whether what is sent there can be read or changed on the way.</summary>
    public static bool IsInsecure(Uri url) => url.Scheme != Uri.UriSchemeHttps && !IsLoopback(url);

    /// <summary>Whether there is a user or password in it, be it an empty one.</summary>
    public static bool HasUserInfo(Uri url) => AuthorityOf(url.OriginalString).Contains('@', StringComparison.Ordinal);

    /// <summary>What is wrong with where something is fetched from or sent to; null when nothing is.</summary>
    /// <param name="value">The URL as it is written.</param>
    /// <param name="allowHttp">Whether what is sent there may be read on the way.</param>
    /// <param name="otherwise">What else could happen there.</param>
    public static string? EndpointProblem(string value, bool allowHttp, string otherwise) =>
        !TryParse(value, out var url) ? "is not an absolute http or https URL"
        : HasUserInfo(url) ? "holds a user or password"
        : value.Contains('#', StringComparison.Ordinal) ? "has a fragment"
        : IsInsecure(url) && !allowHttp ? $"is not https, so that {otherwise} on the way"
        : null;

    /// <summary>A value for a message: without a password, and not without end.</summary>
    public static string Show(string? value)
    {
        if (value is null)
        {
            return "missing";
        }

        var shown = WithoutUser(value);
        return $"'{(shown.Length <= 200 ? shown : shown[..200] + "…")}'";
    }

    /// <summary>
    /// The value without what may be a user and a password: everything before the last <c>@</c>, since a password may hold
    /// any of the characters that end one. What stands before it is shown as far as it is a scheme.
    /// </summary>
    public static string WithoutUser(string value)
    {
        var at = value.LastIndexOf('@');
        var colon = value.IndexOf(':', StringComparison.Ordinal);
        if (at < 0 || colon < 0 || colon > at)
        {
            return value;
        }

        var start = value.IndexOf("://", StringComparison.Ordinal);
        return (start >= 0 && start < at ? value[..(start + 3)] : "") + "…" + value[at..];
    }

    /// <summary>A hint for a name in another script: how it is written in ASCII; empty for anything else.</summary>
    public static string InAscii(string? value) =>
        value is not null && !Ascii.IsValid(value) && Uri.TryCreate(value, UriKind.Absolute, out var url) && HostName.InAscii(url) is var host && host != url.Host
            ? $" (the host is '{host}' there)"
            : "";

    private static string AuthorityOf(string url)
    {
        var start = url.IndexOf("://", StringComparison.Ordinal) + 3;
        var end = url.IndexOfAny(['/', '?', '#'], start);
        return end < 0 ? url[start..] : url[start..end];
    }
}
