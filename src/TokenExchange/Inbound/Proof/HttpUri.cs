using System.Globalization;
using System.Text;

namespace TokenExchange.Inbound.Proof;

/// <summary>Compares http(s) URIs by their normal forms, query and fragment aside.</summary>
/// <remarks>RFC 9449 §4.3 step 9; RFC 3986 §6.2.2 and §6.2.3. Work is linear in the text.</remarks>
internal static class HttpUri
{
    /// <summary>Whether the URI that somebody presented is the expected one.</summary>
    public static bool Same(string presented, string expected) =>
        presented == expected || (NormalForm(presented) is { } one && one == NormalForm(expected));

    /// <summary>The normal form, without query and fragment; null for what is no absolute http(s) URI, or names a user.</summary>
    public static string? NormalForm(ReadOnlySpan<char> uri)
    {
        foreach (var character in uri)
        {
            if (character is <= ' ' or >= '\x7f' or '"' or '<' or '>' or '\\' or '^' or '`' or '{' or '|' or '}')
            {
                return null;
            }
        }

        var end = uri.IndexOfAny('?', '#');
        uri = end < 0 ? uri : uri[..end];
        var colon = uri.IndexOf("://");
        var scheme = colon < 0 ? default : uri[..colon];
        var secure = scheme.Equals("https", StringComparison.OrdinalIgnoreCase);
        if (!secure && !scheme.Equals("http", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var rest = uri[(colon + 3)..];
        var slash = rest.IndexOf('/');
        var path = slash < 0 ? "/" : rest[slash..];
        var form = new StringBuilder(uri.Length + 1).Append(secure ? "https://" : "http://");
        return AppendAuthority(form, slash < 0 ? rest : rest[..slash], secure) && DecodeUnreserved(path) is { } decoded ? AppendPath(form, decoded).ToString() : null;
    }

    private static bool AppendAuthority(StringBuilder form, ReadOnlySpan<char> authority, bool secure)
    {
        var bracket = authority.LastIndexOf(']');
        var colon = authority[(bracket + 1)..].LastIndexOf(':');
        var port = colon < 0 ? default : authority[(bracket + colon + 2)..];
        var host = colon < 0 ? authority : authority[..(bracket + 1 + colon)];
        if (host.IsEmpty || host.ContainsAny('@', '%') || (bracket < 0 && host.Contains(':')) || port.ContainsAnyExceptInRange('0', '9'))
        {
            return false;
        }

        foreach (var character in host)
        {
            form.Append(char.ToLowerInvariant(character));
        }

        if (!port.IsEmpty && !port.SequenceEqual(secure ? "443" : "80"))
        {
            form.Append(':').Append(port);
        }

        return true;
    }

    private static string? DecodeUnreserved(ReadOnlySpan<char> path)
    {
        var text = new StringBuilder(path.Length);
        for (var i = 0; i < path.Length; i++)
        {
            if (path[i] != '%')
            {
                text.Append(path[i]);
                continue;
            }

            if (i + 2 >= path.Length || !byte.TryParse(path.Slice(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code))
            {
                return null;
            }

            if (char.IsAsciiLetterOrDigit((char)code) || (char)code is '-' or '.' or '_' or '~')
            {
                text.Append((char)code);
            }
            else
            {
                text.Append('%').Append(code.ToString("X2", CultureInfo.InvariantCulture));
            }

            i += 2;
        }

        return text.ToString();
    }

    // RFC 3986 §5.2.4. The path begins with a slash; what stays of it does, too.
    private static StringBuilder AppendPath(StringBuilder form, ReadOnlySpan<char> path)
    {
        var root = form.Length;
        while (!path.IsEmpty)
        {
            var next = path[1..].IndexOf('/') + 1;
            var segment = next == 0 ? path : path[..next];
            var last = next == 0;
            if (segment is "/..")
            {
                var length = form.Length - 1;
                while (length > root && form[length] != '/')
                {
                    length--;
                }

                form.Length = Math.Max(root, length);
            }

            if (segment is not ("/." or "/.."))
            {
                form.Append(segment);
            }
            else if (last)
            {
                form.Append('/');
            }

            path = last ? default : path[next..];
        }

        return form.Length == root ? form.Append('/') : form;
    }
}
