using System.Collections.Frozen;
using System.Net.Http.Headers;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;
using TokenExchange.AspNetCore.Http;

namespace Gateway.Forward;

/// <summary>
/// Takes from an MCP server's answer what would act on more than its client: on the origin that all servers here share
/// in a browser, and on the proxies and caches in front of the gateway, which take such headers for its own word.
/// </summary>
internal static class AnswerHeaders
{
    private const string CacheControlSuffix = "-Cache-Control";

    private static readonly FrozenSet<string> Names = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,

        // Somebody else's challenge and keys.
        "WWW-Authenticate", "Authentication-Info", Credentials.DPoPNonce,

        // What a browser remembers for the whole origin.
        "Alt-Svc", "Strict-Transport-Security", "Clear-Site-Data", "NEL", "Report-To", "Reporting-Endpoints", "Service-Worker-Allowed", "Refresh",
        "Accept-CH", "Critical-CH", "Public-Key-Pins", "Public-Key-Pins-Report-Only", "Expect-CT", "Origin-Agent-Cluster", "Set-Login", "Use-As-Dictionary",
        "Speculation-Rules",

        // What a proxy or a cache in front acts upon.
        "Edge-Control", "Endpoint-Load-Metrics", "Endpoint-Load-Metrics-Bin", "X-Reproxy-URL", "X-Reproxy-File",

        // The gateway's own.
        "X-Request-Id");

    /// <summary>What speaks of the very bytes of a body: no longer true of one that was rewritten (RFC 9110 §8.8, §14; RFC 9530; RFC 9421).</summary>
    private static readonly string[] OfBytes =
    [
        HeaderNames.ContentLength, HeaderNames.ETag, HeaderNames.LastModified, HeaderNames.AcceptRanges, HeaderNames.ContentRange, HeaderNames.ContentMD5,
        "Content-Digest", "Repr-Digest", "Unencoded-Digest", "Digest", "Signature", "Signature-Input",
    ];

    private static readonly HttpRequestOptionsKey<bool> IsRewritten = new("gateway.rewritten");

    private static readonly string[] Prefixes =
        ["Proxy-", "X-Accel-", "X-Sendfile", "X-Lighttpd-", "X-LiteSpeed-", "X-Envoy-", "Set-Cookie", "Access-Control-", "Surrogate-", "Sec-Session-", "Secure-Session-"];

    /// <summary>Leaves on <paramref name="headers"/>, a copy of the answer's, what may leave, and says in them what the gateway says itself.</summary>
    public static void Apply(HttpResponseMessage answer, IHeaderDictionary headers, string requestId, bool isEventStream)
    {
        // First, so that nothing which is said below can be nominated away.
        RemoveNominated(answer, headers);
        Remove(answer.Headers, headers);
        headers["X-Request-Id"] = requestId;
        if (isEventStream)
        {
            // A proxy that buffers would hold an event until its buffer is full.
            headers["X-Accel-Buffering"] = "no";
            headers.CacheControl = "no-store";
        }
        else
        {
            headers.CacheControl = CacheControl.AtLeastPrivate(headers.CacheControl);
        }
    }

    /// <summary>Takes away what the MCP server said of the bytes that another body now stands in place of, in trailers too.</summary>
    public static void Rewritten(HttpResponseMessage answer, IHeaderDictionary headers)
    {
        answer.RequestMessage!.Options.Set(IsRewritten, true);
        RemoveOfBytes(headers);
    }

    private static void RemoveOfBytes(IHeaderDictionary headers)
    {
        foreach (var name in OfBytes)
        {
            headers.Remove(name);
        }
    }

    /// <summary>The same for trailers, which nothing of the gateway's own stands in.</summary>
    public static void ApplyToTrailers(HttpResponseMessage answer, IHeaderDictionary trailers)
    {
        if (answer.RequestMessage!.Options.TryGetValue(IsRewritten, out _))
        {
            RemoveOfBytes(trailers);
        }

        Remove(answer.TrailingHeaders, trailers);
        trailers.Remove(HeaderNames.CacheControl);
    }

    /// <summary>Whether a header of this name stays here.</summary>
    internal static bool Stays(string name)
    {
        if (Names.Contains(name))
        {
            return true;
        }

        // Nearly every header of an answer begins otherwise.
        if (name[0] is 'P' or 'p' or 'X' or 'x' or 'S' or 's' or 'A' or 'a')
        {
            foreach (var prefix in Prefixes)
            {
                if (name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
                {
                    return true;
                }
            }
        }

        return name.EndsWith(CacheControlSuffix, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Takes away what the MCP server's Connection header makes a hop-by-hop header (RFC 9110 §7.6.1).</summary>
    private static void RemoveNominated(HttpResponseMessage answer, IHeaderDictionary headers)
    {
        if (!answer.Headers.NonValidated.TryGetValues(HeaderNames.Connection, out var lines))
        {
            return;
        }

        foreach (var line in lines)
        {
            foreach (var name in line.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            {
                headers.Remove(name);
            }
        }
    }

    private static void Remove(HttpHeaders from, IHeaderDictionary headers)
    {
        foreach (var header in from.NonValidated)
        {
            if (Stays(header.Key))
            {
                headers.Remove(header.Key);
            }
        }
    }
}

/// <summary>What an answer for one caller says to caches.</summary>
/// <remarks>RFC 9111 §5.2.2.</remarks>
internal static class CacheControl
{
    private const string Private = "private";

    /// <summary>The directives of <paramref name="lines"/> that let no shared cache serve the answer to anybody else; what cannot be read says nothing.</summary>
    public static StringValues AtLeastPrivate(StringValues lines)
    {
        if (lines.Count == 0)
        {
            return Private;
        }

        if (lines is ["no-store" or "private" or "no-cache, no-store" or "no-store, no-cache"])
        {
            return lines;
        }

        var kept = new List<string>();
        foreach (var line in lines)
        {
            if (!TryRead(line ?? "", kept))
            {
                // Nobody can tell what another reader finds in it.
                return "no-store";
            }
        }

        if (!kept.Any(directive => directive.Equals(Private, StringComparison.OrdinalIgnoreCase) || directive.Equals("no-store", StringComparison.OrdinalIgnoreCase)))
        {
            kept.Insert(0, Private);
        }

        return string.Join(", ", kept);
    }

    private static bool TryRead(string line, List<string> kept)
    {
        for (var at = 0; at < line.Length; at++)
        {
            var start = at;
            var quoted = false;
            for (; at < line.Length && (quoted || line[at] != ','); at++)
            {
                quoted ^= line[at] == '"';
                if (line[at] is '\\' or (< ' ' and not '\t') or > '~')
                {
                    return false;
                }
            }

            if (quoted)
            {
                return false;
            }

            var directive = line[start..at].Trim(' ', '\t');
            var name = directive.AsSpan()[..(directive.IndexOf('=', StringComparison.Ordinal) is var equals and >= 0 ? equals : directive.Length)];
            if (directive.Length > 0 && name.ContainsAny(" \t\""))
            {
                return false;
            }

            // With fields named, `private` speaks of those alone.
            if (directive.Length > 0 && !name.Equals("public", StringComparison.OrdinalIgnoreCase) && !name.Equals("s-maxage", StringComparison.OrdinalIgnoreCase)
                && !(name.Equals(Private, StringComparison.OrdinalIgnoreCase) && name.Length < directive.Length))
            {
                kept.Add(directive);
            }
        }

        return true;
    }
}
