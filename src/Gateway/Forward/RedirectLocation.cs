using Gateway.Observe;

namespace Gateway.Forward;

/// <summary>Where an MCP server redirects to, for the log: without what may hold a secret, which is query, fragment and user.</summary>
internal static class RedirectLocation
{
    public static ForeignText Of(string location)
    {
        // Nothing is looked for beyond what could be told. A host that does not begin within it is not shown, since all of it may be a user.
        var shown = location.AsSpan(0, Math.Min(location.Length, ForeignText.MaxLength));
        var end = shown.IndexOfAny('?', '#');
        shown = end < 0 ? shown : shown[..end];
        var slashes = shown.IndexOf("//");
        if (slashes < 0)
        {
            return shown.ToString();
        }

        var authority = shown[(slashes + 2)..];
        var path = authority.IndexOf('/');
        if (path < 0 && location.Length > ForeignText.MaxLength)
        {
            return shown[..(slashes + 2)].ToString();
        }

        var user = (path < 0 ? authority : authority[..path]).LastIndexOf('@');
        return user < 0 ? shown.ToString() : string.Concat(shown[..(slashes + 2)], authority[(user + 1)..]);
    }
}
