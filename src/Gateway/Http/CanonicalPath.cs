namespace Gateway.Http;

/// <summary>
/// Refuses request targets that a server behind the gateway could read as another path than the one whose audience was
/// checked: encoded slashes, dot segments, empty segments, backslashes, path parameters, control characters, fragments.
/// </summary>
/// <remarks>RFC 3986 §3.3, §5.2.4, §6.2.2; RFC 9112 §3.2.</remarks>
internal static class CanonicalPath
{
    /// <summary>Whether the path of a raw request target reads the same to everybody; <paramref name="decoded"/> is what Kestrel made of it.</summary>
    public static bool IsCanonical(ReadOnlySpan<char> target, ReadOnlySpan<char> decoded)
    {
        // What is no UTF-8 stays encoded, and would be encoded once more on its way out.
        return IsCanonical(target) && !decoded.Contains('%');
    }

    /// <summary>Whether the path of a raw request target reads the same to everybody.</summary>
    public static bool IsCanonical(ReadOnlySpan<char> target)
    {
        // A fragment is no part of a request: some readers end the target there, and others do not.
        var path = PathOf(target);
        if (path.IsEmpty || path[0] != '/' || target.Contains('#'))
        {
            return false;
        }

        for (var i = 0; i < path.Length; i++)
        {
            switch (path[i])
            {
                case '/' when i + 1 < path.Length && (path[i + 1] == '/' || IsDotSegment(path[(i + 1)..])):
                case '\\' or ';' or <= ' ' or >= '\x7f':
                case '%' when !IsHarmlessEncoding(path[i..]):
                    return false;
            }
        }

        return true;
    }

    /// <summary>Without scheme and authority of an absolute form, and without the query.</summary>
    public static ReadOnlySpan<char> PathOf(ReadOnlySpan<char> target)
    {
        var scheme = target.IndexOf("://");
        if (!target.IsEmpty && target[0] != '/' && scheme > 0)
        {
            target = target[(scheme + 3)..];
            var slash = target.IndexOfAny('/', '?');
            target = slash < 0 || target[slash] == '?' ? "/" : target[slash..];
        }

        var query = target.IndexOf('?');
        return query < 0 ? target : target[..query];
    }

    private static bool IsDotSegment(ReadOnlySpan<char> rest)
    {
        var end = rest.IndexOf('/');
        var segment = end < 0 ? rest : rest[..end];
        return segment is "." or "..";
    }

    /// <summary>Whether a percent-encoding stands for a character that could not have been written plainly and separates nothing.</summary>
    private static bool IsHarmlessEncoding(ReadOnlySpan<char> rest)
    {
        if (rest.Length < 3 || !char.IsAsciiHexDigit(rest[1]) || !char.IsAsciiHexDigit(rest[2]))
        {
            return false;
        }

        var code = (char)((Convert.ToInt32(rest[1].ToString(), 16) << 4) | Convert.ToInt32(rest[2].ToString(), 16));
        var unreserved = char.IsAsciiLetterOrDigit(code) || code is '-' or '.' or '_' or '~';
        return !unreserved && code is not ('/' or '\\' or ';' or '%' or '?' or '#') && code is >= ' ' and not '\x7f';
    }
}
