using System.Buffers;
using System.Collections.Frozen;
using Gateway.Advertise;
using Gateway.Forward;
using Gateway.Sessions;
using Microsoft.AspNetCore.WebUtilities;

namespace Gateway.Authenticate;

/// <summary>
/// Finds the one token of a request. Refuses two credentials, a token in the query, and whatever is not <c>Bearer</c> or
/// <c>DPoP</c> and one token; another scheme counts as no token.
/// </summary>
/// <remarks>RFC 6750 §2.1; RFC 9449 §7.1; RFC 9700 §4.3.2; RFC 9110 §11.4.</remarks>
internal static class BearerCredentials
{
    private const string Bearer = "Bearer", DPoP = "DPoP";

    /// <summary>128 bits in base64url: whatever is shorter is no secret, but may be a word of any other header.</summary>
    private const int ShortestSecret = 22;

    /// <summary>More than a signature of 256 bits needs to be told from another.</summary>
    private const int Ending = 64;

    /// <summary>A scheme is a token (RFC 9110 §5.6.2).</summary>
    private static readonly SearchValues<char> SchemeCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~");

    private static readonly SearchValues<char> TokenCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=");

    /// <summary>The token, and whether it came with the scheme DPoP; or the refusal. <paramref name="forwarded"/> are the server's own headers to pass on.</summary>
    public static ReadOnlyMemory<char> Read(HttpRequest request, FrozenSet<string> forwarded, out bool withProof, out Refusal? refusal)
    {
        withProof = false;
        var inQuery = request.QueryString.HasValue && NamesToken(request.QueryString.Value!);
        var headers = request.Headers.Authorization;
        if (headers.Count > 1 || (headers.Count == 1 && inQuery) || (headers.Count == 1 && headers[0]!.Contains(',', StringComparison.Ordinal)))
        {
            refusal = Refusal.MultipleCredentials;
            return default;
        }

        if (inQuery)
        {
            refusal = Refusal.TokenInQuery;
            return default;
        }

        if (headers.Count == 0)
        {
            refusal = Refusal.TokenMissing;
            return default;
        }

        var header = headers[0]!;
        var length = header.AsSpan().IndexOfAnyExcept(SchemeCharacters);
        var scheme = length < 0 ? header : header.AsSpan(0, length);
        if (scheme.IsEmpty || (length > 0 && header[length] != ' '))
        {
            refusal = Refusal.CredentialsMalformed;
            return default;
        }

        withProof = scheme.Equals(DPoP, StringComparison.OrdinalIgnoreCase);
        if (!withProof && !scheme.Equals(Bearer, StringComparison.OrdinalIgnoreCase))
        {
            refusal = Refusal.TokenMissing;
            return default;
        }

        var token = header.AsMemory(scheme.Length).TrimStart(' ');
        if (token.IsEmpty || token.Span.ContainsAnyExcept(TokenCharacters))
        {
            refusal = Refusal.CredentialsMalformed;
            return default;
        }

        refusal = CarriedElsewhere(request, forwarded, token.Span) ? Refusal.MultipleCredentials : null;
        return token;
    }

    private static bool NamesToken(string query)
    {
        foreach (var pair in new QueryStringEnumerable(query))
        {
            if (pair.DecodeName().Span.Equals("access_token", StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether the token also stands where it would be forwarded: in the path, in the query or in a header that is passed on.</summary>
    private static bool CarriedElsewhere(HttpRequest request, FrozenSet<string> forwarded, ReadOnlySpan<char> token)
    {
        if (token.Length < ShortestSecret)
        {
            return false;
        }

        // Its end tells a token from every other, and a needle of bounded length keeps the search linear in what was sent.
        token = token[^Math.Min(token.Length, Ending)..];
        if ((request.QueryString.HasValue && request.QueryString.Value!.AsSpan().Contains(token, StringComparison.Ordinal))
            || request.Path.Value.AsSpan().Contains(token, StringComparison.Ordinal))
        {
            return true;
        }

        foreach (var header in request.Headers)
        {
            foreach (var value in header.Value)
            {
                if (value is not null && value.Length >= token.Length && value.AsSpan().Contains(token, StringComparison.Ordinal)
                    && (OutboundRequest.Forwards(header.Key, forwarded) || header.Key.Equals(SessionPolicy.Header, StringComparison.OrdinalIgnoreCase)))
                {
                    return true;
                }
            }
        }

        return false;
    }
}
