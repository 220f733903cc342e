using Gateway.Observe;

namespace Gateway.Forward;

/// <summary>Where an MCP server redirects to, for the log: without what may hold a secret, which is query, fragment and user.</summary>
internal static class RedirectLocation
{
    public static string Of(string location)
    {
        var end = location.AsSpan().IndexOfAny('?', '#');
        location = end < 0 ? location : location[..end];
        var slashes = location.IndexOf("//", StringComparison.Ordinal);
        if (slashes >= 0)
        {
            var authority = location[(slashes + 2)..];
            var path = authority.IndexOf('/', StringComparison.Ordinal);
            var user = authority.AsSpan(0, path < 0 ? authority.Length : path).LastIndexOf('@');
            location = location[..(slashes + 2)] + authority[(user + 1)..];
        }

        return CallerText.Clean(location)!;
    }
}
