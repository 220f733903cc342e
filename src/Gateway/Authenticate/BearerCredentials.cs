using System.Collections.Frozen;
using Gateway.Advertise;
using Gateway.Http;
using Gateway.Sessions;
using TokenExchange.AspNetCore.Http;

namespace Gateway.Authenticate;

/// <summary>
/// Finds the one token of a request. Refuses two credentials, a token in the query, and whatever is not <c>Bearer</c> or
/// <c>DPoP</c> and one token; another scheme counts as no token.
/// </summary>
/// <remarks>RFC 6750 §2.1; RFC 9449 §7.1; RFC 9700 §4.3.2; RFC 9110 §11.4.</remarks>
internal static class BearerCredentials
{
    /// <summary>128 bits in base64url: whatever is shorter is no secret, but may be a word of any other header.</summary>
    private const int ShortestSecret = 22;

    /// <summary>More than a signature of 256 bits needs to be told from another.</summary>
    private const int Ending = 64;

    /// <summary>The token, and whether it came with the scheme DPoP; or the refusal. <paramref name="forwarded"/> are the server's own headers to pass on.</summary>
    public static ReadOnlyMemory<char> Read(HttpRequest request, FrozenSet<string> forwarded, out bool withProof, out Refusal? refusal)
    {
        var token = TokenExchange.AspNetCore.Http.Credentials.Read(request, out withProof, out var fault);
        refusal = fault switch
        {
            null => CarriedElsewhere(request, forwarded, token.Span) ? Refusal.MultipleCredentials : null,
            CredentialFault.Missing => Refusal.TokenMissing,
            CredentialFault.Several => Refusal.MultipleCredentials,
            CredentialFault.InQuery => Refusal.TokenInQuery,
            _ => Refusal.CredentialsMalformed,
        };
        return token;
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
                    && (header.Key.StartsWith("Content-", StringComparison.OrdinalIgnoreCase) || RelayedHeaders.Pass(header.Key, forwarded) || header.Key.Equals(SessionPolicy.Header, StringComparison.OrdinalIgnoreCase)))
                {
                    return true;
                }
            }
        }

        return false;
    }
}
