using System.Buffers;
using System.Globalization;
using System.Net;
using System.Text;

namespace Gateway.Authorize;

/// <summary>
/// A resource's URI as every reader understands it alike. Servers parse what they are given (<c>new URL</c>,
/// <c>System.Uri</c>, pydantic's <c>AnyUrl</c>) and look up what comes out: a rule that reads the spelling could be walked
/// around with another one. So a spelling that some reader would change is not taken.
/// </summary>
/// <remarks>RFC 3986 §6.2; WHATWG URL §4.</remarks>
internal static class ResourceUri
{
    private const int File = -1;
    private const string Unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    private const string SubDelimiters = "!$&'()*+,;=";
    private static readonly SearchValues<char> PathCharacters = SearchValues.Create(Unreserved + SubDelimiters + ":@/");
    private static readonly SearchValues<char> QueryCharacters = SearchValues.Create(Unreserved + SubDelimiters + ":@/?");
    private static readonly SearchValues<char> SpecialQueryCharacters = SearchValues.Create((Unreserved + SubDelimiters + ":@/?").Replace("'", "", StringComparison.Ordinal));
    private static readonly SearchValues<char> UserCharacters = SearchValues.Create((Unreserved + SubDelimiters).Replace(";", "", StringComparison.Ordinal).Replace("=", "", StringComparison.Ordinal));
    private static readonly SearchValues<char> HostCharacters = SearchValues.Create(Unreserved + SubDelimiters);
    private static readonly SearchValues<char> DomainCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-._");
    private static readonly SearchValues<char> SchemeCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-.");

    /// <summary>Whether the URI is its own normal form.</summary>
    public static bool IsNormal(ReadOnlySpan<char> uri)
    {
        var colon = uri.IndexOf(':');
        if (colon <= 0 || !char.IsAsciiLetter(uri[0]) || uri[..colon].ContainsAnyExcept(SchemeCharacters) || uri.Contains('#'))
        {
            return false;
        }

        var scheme = uri[..colon];
        var rest = uri[(colon + 1)..];
        var mark = rest.IndexOf('?');
        var special = SpecialPort(scheme);
        if (mark >= 0 && (mark + 1 == rest.Length || special == File || HasNoQuery(scheme) || !IsEncoded(rest[(mark + 1)..], special is null ? QueryCharacters : SpecialQueryCharacters)))
        {
            return false;
        }

        rest = mark < 0 ? rest : rest[..mark];
        var path = rest;
        if (rest.StartsWith("//"))
        {
            var slash = rest[2..].IndexOf('/');
            var authority = slash < 0 ? rest[2..] : rest.Slice(2, slash);
            path = slash < 0 ? [] : rest[(slash + 2)..];
            if (!(special is { } port ? IsSpecialAuthority(authority, port) && path.StartsWith("/") : IsAuthority(scheme, authority)))
            {
                return false;
            }
        }
        else if (special is not null)
        {
            return false;
        }

        return (special is null || !scheme.ContainsAnyInRange('A', 'Z')) && IsEncoded(path, PathCharacters) && SegmentsStay(path)
            && (path != rest || !Ascii.EqualsIgnoreCase(scheme, "mailto") || IsMail(path));
    }

    /// <summary>
    /// How else a server may read a URI of a scheme that it does not know: <c>System.Uri</c> folds the case of scheme and host
    /// and leaves out the user, and others do not.
    /// </summary>
    public static IEnumerable<string> OtherReadings(string uri)
    {
        var start = uri.IndexOf(':', StringComparison.Ordinal) + 1;
        if (SpecialPort(uri.AsSpan(0, start - 1)) is not null)
        {
            yield break;
        }

        var scheme = uri[..start].ToLowerInvariant();
        if (!uri.AsSpan(start).StartsWith("//"))
        {
            yield return scheme + uri[start..];
            if (scheme == "mailto:")
            {
                // The one scheme without slashes in which System.Uri looks for a host.
                var mail = uri.AsSpan(start).IndexOf('?') is var question and >= 0 ? start + question : uri.Length;
                var user = uri.AsSpan(start, mail - start).LastIndexOf('@') + 1;
                yield return scheme + uri[(start + user)..];
                yield return (scheme + uri[(start + user)..]).ToLowerInvariant();
            }

            yield break;
        }

        var end = uri.AsSpan(start + 2).IndexOfAny('/', '?') is var length and >= 0 ? start + 2 + length : uri.Length;
        var authority = uri[(start + 2)..end];
        var host = authority[(authority.LastIndexOf('@') + 1)..];
        var rest = uri[end..];
        yield return $"{scheme}//{authority.ToLowerInvariant()}{rest}";
        yield return $"{uri[..start]}//{host}{rest}";
        yield return $"{scheme}//{host.ToLowerInvariant()}{rest}";
    }

    /// <summary>The same URI to <c>System.Uri</c> alone: with a slash for an empty path, or without it. Null for one that has another path.</summary>
    public static string? WithOtherEmptyPath(string uri)
    {
        var start = uri.IndexOf("://", StringComparison.Ordinal);
        if (start < 0)
        {
            return null;
        }

        var length = uri.AsSpan(start + 3).IndexOfAny('/', '?');
        var end = length < 0 ? uri.Length : start + 3 + length;
        var query = uri.IndexOf('?', end) is var mark and >= 0 ? mark : uri.Length;
        return uri[end..query] switch
        {
            "" => $"{uri[..end]}/{uri[end..]}",
            "/" => uri[..end] + uri[query..],
            _ => null,
        };
    }

    /// <summary>A URI template with something in place of each expression, which is expanded before any reader sees a URI.</summary>
    /// <remarks>RFC 6570 §2.2.</remarks>
    public static string Expanded(string template)
    {
        var expanded = new StringBuilder(template.Length);
        var rest = template.AsSpan();
        while (rest.IndexOf('{') is var open and >= 0 && rest[open..].IndexOf('}') is var length and >= 0)
        {
            expanded.Append(rest[..open]).Append('x');
            rest = rest[(open + length + 1)..];
        }

        return expanded.Append(rest).ToString();
    }

    /// <summary>The default port of a scheme that all readers parse in its own way; -1 for <c>file</c>, which has none; null for every other.</summary>
    private static int? SpecialPort(ReadOnlySpan<char> scheme) => scheme.Length switch
    {
        2 when Ascii.EqualsIgnoreCase(scheme, "ws") => 80,
        3 when Ascii.EqualsIgnoreCase(scheme, "wss") => 443,
        3 when Ascii.EqualsIgnoreCase(scheme, "ftp") => 21,
        4 when Ascii.EqualsIgnoreCase(scheme, "http") => 80,
        4 when Ascii.EqualsIgnoreCase(scheme, "file") => File,
        5 when Ascii.EqualsIgnoreCase(scheme, "https") => 443,
        _ => null,
    };

    /// <summary>A host as <c>new URL</c> and <c>System.Uri</c> write it, and perhaps a port; none for a file.</summary>
    private static bool IsSpecialAuthority(ReadOnlySpan<char> authority, int defaultPort)
    {
        if (defaultPort == File || authority.IsEmpty)
        {
            return defaultPort == File && authority.IsEmpty;
        }

        return TrySplit(authority, out var host, out var port)
            && (port.IsEmpty || !port.SequenceEqual(defaultPort.ToString(CultureInfo.InvariantCulture)))
            && (host[0] == '[' || (!host.ContainsAnyExcept(DomainCharacters) && IsDomain(host)));
    }

    /// <summary>An authority of another scheme; a user in it is one of the <see cref="OtherReadings"/>.</summary>
    private static bool IsAuthority(ReadOnlySpan<char> scheme, ReadOnlySpan<char> authority)
    {
        var at = authority.LastIndexOf('@');
        return (at < 0 || IsUser(authority[..at]))
            && (authority.IsEmpty || (TrySplit(authority[(at + 1)..], out var host, out var port) && (host[0] == '[' || IsEncoded(host, HostCharacters)) && !IsKnown(scheme, host, port)));
    }

    /// <summary>Schemes in which <c>System.Uri</c> takes a question mark for a part of the path.</summary>
    private static bool HasNoQuery(ReadOnlySpan<char> scheme)
    {
        foreach (var known in (ReadOnlySpan<string>)["gopher", "news", "nntp", "telnet", "uuid"])
        {
            if (Ascii.EqualsIgnoreCase(scheme, known))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsMail(ReadOnlySpan<char> address)
    {
        var host = address[(address.LastIndexOf('@') + 1)..];
        host = host.IndexOf('/') is var slash and >= 0 ? host[..slash] : host;
        return !address.Contains(':') && (host.IsEmpty || IsDomain(host));
    }

    /// <summary>A name, and a password where there is a colon; neither is empty.</summary>
    private static bool IsUser(ReadOnlySpan<char> user)
    {
        var colon = user.IndexOf(':');
        var name = colon < 0 ? user : user[..colon];
        return !name.IsEmpty && IsEncoded(name, UserCharacters) && (colon < 0 || (colon + 1 < user.Length && IsEncoded(user[(colon + 1)..], UserCharacters)));
    }

    /// <summary>Schemes that <c>System.Uri</c> parses in a way of its own: the default port that it drops, or the host that it writes as an address.</summary>
    private static bool IsKnown(ReadOnlySpan<char> scheme, ReadOnlySpan<char> host, ReadOnlySpan<char> port)
    {
        Span<char> lower = stackalloc char[8];
        if (scheme.Length > lower.Length)
        {
            return false;
        }

        var defaultPort = lower[..scheme.ToLowerInvariant(lower)] switch
        {
            "gopher" => "70",
            "nntp" => "119",
            "telnet" => "23",
            "ldap" => "389",
            "net.tcp" => "808",
            "mailto" or "news" or "net.pipe" or "uuid" => "",
            _ => null,
        };
        return defaultPort is not null && ((!port.IsEmpty && port.SequenceEqual(defaultPort)) || (host[0] != '[' && !IsDomain(host)));
    }

    /// <summary>Host and port; false for a port that is written in another way than by its number, and for an address that is.</summary>
    private static bool TrySplit(ReadOnlySpan<char> authority, out ReadOnlySpan<char> host, out ReadOnlySpan<char> port)
    {
        var bracket = authority.LastIndexOf(']');
        var colon = authority[(bracket + 1)..].IndexOf(':');
        host = colon < 0 ? authority : authority[..(bracket + 1 + colon)];
        port = colon < 0 ? [] : authority[(bracket + 2 + colon)..];
        if (host.IsEmpty || (colon >= 0 && !(ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 && port[0] != '0')))
        {
            return false;
        }

        return host[0] != '[' || (bracket == host.Length - 1 && IsAddress(host[1..^1]));
    }

    /// <summary>An IPv6 address as RFC 5952 writes it, without a zone and without an IPv4 address in it, which readers write in two ways.</summary>
    private static bool IsAddress(ReadOnlySpan<char> address) =>
        !address.ContainsAny('.', '%') && IPAddress.TryParse(address, out var parsed) && address.SequenceEqual(parsed.ToString());

    /// <summary>No empty label but the last, and no number at its end that is not all of an IPv4 address: readers take such for one.</summary>
    private static bool IsDomain(ReadOnlySpan<char> host)
    {
        var labels = host[^1] == '.' ? host[..^1] : host;
        var last = labels[(labels.LastIndexOf('.') + 1)..];
        if (labels.IsEmpty || labels[0] == '.' || labels.Contains("..", StringComparison.Ordinal) || last.IsEmpty)
        {
            return false;
        }

        return !char.IsAsciiDigit(last[0]) || last.ContainsAnyExceptInRange('0', '9') && !last.StartsWith("0x")
            || (host.Length == labels.Length && IPAddress.TryParse(host, out var parsed) && host.SequenceEqual(parsed.ToString()));
    }

    /// <summary>
    /// Whether the text holds these characters raw and only what may not be raw encoded, in capitals; no encoded slash,
    /// backslash or control character, which some reader takes for more than a character.
    /// </summary>
    private static bool IsEncoded(ReadOnlySpan<char> text, SearchValues<char> raw)
    {
        while (text.IndexOfAnyExcept(raw) is var at and >= 0)
        {
            if (text[at] != '%' || text.Length < at + 3 || Hex(text[at + 1]) is not { } high || Hex(text[at + 2]) is not { } low)
            {
                return false;
            }

            var value = (char)((high << 4) | low);
            if (value is < ' ' or '\x7f' or '/' or '\\' || raw.Contains(value))
            {
                return false;
            }

            text = text[(at + 3)..];
        }

        return true;
    }

    private static int? Hex(char digit) => digit switch
    {
        >= '0' and <= '9' => digit - '0',
        >= 'A' and <= 'F' => digit - 'A' + 10,
        _ => null,
    };

    /// <summary>No segment that a reader would take out: <c>.</c>, <c>..</c>, or nothing anywhere but at the end. An encoded dot is none of the normal form.</summary>
    private static bool SegmentsStay(ReadOnlySpan<char> path)
    {
        path = path.StartsWith("/") ? path[1..] : path;
        while (path.IndexOf('/') is var end and >= 0)
        {
            if (path[..end] is "" or "." or "..")
            {
                return false;
            }

            path = path[(end + 1)..];
        }

        return path is not ("." or "..");
    }
}
