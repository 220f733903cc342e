namespace Gateway.Configuration;

/// <summary>
/// The canonical form of a resource identifier: lower-case scheme and host, no default port, everything else byte for
/// byte. Applied to configuration only; what a token says is compared as it stands.
/// </summary>
/// <remarks>RFC 3986 §6.2.2.1, §6.2.3; RFC 8707 §2.</remarks>
internal static class CanonicalUri
{
    /// <summary>The canonical form of a URI with an authority; anything else (a GUID, a client id) comes back as it is.</summary>
    public static string Of(string? value)
    {
        if (value is null)
        {
            return "";
        }

        var colon = value.IndexOf("://", StringComparison.Ordinal);
        if (colon <= 0)
        {
            return value;
        }

        var scheme = value[..colon].ToLowerInvariant();
        var start = colon + 3;
        var end = value.AsSpan(start).IndexOfAny('/', '?', '#');
        end = end < 0 ? value.Length : start + end;
        var authority = value[start..end].ToLowerInvariant();
        authority = scheme switch
        {
            "https" when authority.EndsWith(":443", StringComparison.Ordinal) => authority[..^4],
            "http" when authority.EndsWith(":80", StringComparison.Ordinal) => authority[..^3],
            _ => authority,
        };
        return $"{scheme}://{authority}{value[end..]}";
    }
}
