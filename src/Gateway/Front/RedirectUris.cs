using System.Collections.Frozen;
using System.Collections.Immutable;
using TokenExchange.Issuers;

namespace Gateway.Front;

/// <summary>
/// Where answers may be sent. Compared character by character; only the port of a loopback address may be any, for
/// clients that listen on one that is free.
/// </summary>
/// <remarks>RFC 8252 §7.3; RFC 9700 §2.1 and §4.1.3.</remarks>
internal sealed class RedirectUris
{
    private static readonly string[] Loopbacks = ["http://127.0.0.1", "http://[::1]", "http://localhost"];

    /// <summary>Schemes by which a browser runs, shows or hands over what it is given, rather than ask a client of the user's.</summary>
    private static readonly string[] Unfit =
    [
        "javascript", "data", "vbscript", "blob", "about", "file", "filesystem", "view-source", "ftp", "ws", "wss", "mailto", "tel", "sms",
        "intent", "ldap", "ldaps", "jar", "chrome", "resource", "ms-appx", "ms-appx-web", "res",
    ];

    private readonly FrozenSet<string> exact;
    private readonly ImmutableArray<(string Host, string Path)> anyPort;

    public RedirectUris(IReadOnlyCollection<string> entries)
    {
        exact = entries.Where(entry => Split(entry) is null).ToFrozenSet(StringComparer.Ordinal);
        anyPort = [.. entries.Select(Split).OfType<(string, string)>()];
    }

    /// <summary>Whether the answer may be sent there.</summary>
    public bool Lists(string uri)
    {
        if (exact.Contains(uri))
        {
            return true;
        }

        foreach (var (host, path) in anyPort)
        {
            if (uri.StartsWith(host, StringComparison.Ordinal) && IsPort(uri.AsSpan(host.Length..^0), path))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>What is wrong with an entry of the configuration; null when it can be served.</summary>
    public static string? ProblemOf(string entry)
    {
        var written = Split(entry) is var (host, path) ? host + ":1" + path : entry;
        return entry.Any(character => character is <= ' ' or >= '\x7f' or '\\' or '"' or '<' or '>') ? "holds a blank or a character that no URI may hold"
            : written.Contains('*', StringComparison.Ordinal) ? "holds '*', which stands for a port alone, as in 'http://127.0.0.1:*/callback' (also [::1] and localhost)"
            : !Uri.TryCreate(written, UriKind.Absolute, out var uri) || !written.StartsWith(uri.Scheme + ":", StringComparison.Ordinal) ? "is not an absolute URI with its scheme in lower case"
            : written.Contains('#', StringComparison.Ordinal) ? "has a fragment (RFC 6749 §3.1.2)"
            : Unfit.Contains(uri.Scheme) ? $"has the scheme '{uri.Scheme}', at which no client listens"
            : uri.Scheme != Uri.UriSchemeHttps && uri.Scheme != Uri.UriSchemeHttp ? null
            : uri.UserInfo.Length > 0 || written.Contains('@', StringComparison.Ordinal) ? "holds a user or password"
            : uri.Scheme == Uri.UriSchemeHttp && !Loopback.Is(uri) ? "is not https"
            : uri.AbsoluteUri != written ? $"is not written as browsers write it: '{uri.AbsoluteUri}'"
            : null;
    }

    /// <summary>Host and path of an entry whose port is any; null for every other.</summary>
    private static (string Host, string Path)? Split(string entry)
    {
        foreach (var host in Loopbacks)
        {
            if (entry.StartsWith(host + ":*/", StringComparison.Ordinal))
            {
                return (host, entry[(host.Length + 2)..]);
            }
        }

        return null;
    }

    private static bool IsPort(ReadOnlySpan<char> rest, string path)
    {
        if (!rest.EndsWith(path, StringComparison.Ordinal))
        {
            return false;
        }

        // Nothing but a port, or none, is left: no user info, no other host.
        var port = rest[..^path.Length];
        return port.IsEmpty || (port is [':', >= '1' and <= '9', ..] && port.Length <= 6 && port[1..].IndexOfAnyExceptInRange('0', '9') < 0
            && int.Parse(port[1..], System.Globalization.CultureInfo.InvariantCulture) <= ushort.MaxValue);
    }
}
