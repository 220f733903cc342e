using System.Buffers;
using Microsoft.AspNetCore.Http;

namespace TokenExchange.AspNetCore.Http;

/// <summary>What is wrong with the credentials of a request.</summary>
internal enum CredentialFault
{
    /// <summary>There are none, or they are of another scheme than Bearer and DPoP.</summary>
    Missing,

    /// <summary>There is more than one.</summary>
    Several,

    /// <summary>The token stands in the query.</summary>
    InQuery,

    /// <summary>The header is not a scheme and one token.</summary>
    Malformed,
}

/// <summary>
/// Finds the one token of a request. Takes no two credentials, no token in the query, and nothing that is not <c>Bearer</c> or
/// <c>DPoP</c> and one token; another scheme counts as no token.
/// </summary>
/// <remarks>RFC 6750 §2.1; RFC 9449 §7.1; RFC 9700 §4.3.2; RFC 9110 §11.4.</remarks>
internal static class Credentials
{
    public const string Bearer = "Bearer", DPoP = "DPoP", DPoPNonce = "DPoP-Nonce";

    /// <summary>The name of a token in a query (RFC 6750 §2.3).</summary>
    public const string InQuery = "access_token";

    /// <summary>A scheme is a token (RFC 9110 §5.6.2).</summary>
    private static readonly SearchValues<char> SchemeCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~");

    private static readonly SearchValues<char> TokenCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=");

    /// <summary>The token, and whether it came with the scheme DPoP; or what is wrong.</summary>
    public static ReadOnlyMemory<char> Read(HttpRequest request, out bool withProof, out CredentialFault? fault)
    {
        withProof = false;
        var inQuery = request.QueryString.HasValue && QueryParameters.FirstOf(request.QueryString.Value, InQuery) is not null;
        var headers = request.Headers.Authorization;
        if (headers.Count > 1 || (headers.Count == 1 && inQuery) || (headers.Count == 1 && headers[0]!.Contains(',', StringComparison.Ordinal)))
        {
            fault = CredentialFault.Several;
            return default;
        }

        if (inQuery || headers.Count == 0)
        {
            fault = inQuery ? CredentialFault.InQuery : CredentialFault.Missing;
            return default;
        }

        var header = headers[0]!;
        var length = header.AsSpan().IndexOfAnyExcept(SchemeCharacters);
        var scheme = length < 0 ? header : header.AsSpan(0, length);
        if (scheme.IsEmpty || (length > 0 && header[length] != ' '))
        {
            fault = CredentialFault.Malformed;
            return default;
        }

        withProof = scheme.Equals(DPoP, StringComparison.OrdinalIgnoreCase);
        if (!withProof && !scheme.Equals(Bearer, StringComparison.OrdinalIgnoreCase))
        {
            fault = CredentialFault.Missing;
            return default;
        }

        var token = header.AsMemory(scheme.Length).TrimStart(' ');
        fault = token.IsEmpty || token.Span.ContainsAnyExcept(TokenCharacters) ? CredentialFault.Malformed : null;
        return fault is null ? token : default;
    }
}
