using System.Collections.Concurrent;
using TokenExchange.Issuers;
using TokenExchange.Outbound;

namespace Gateway.Forward;

/// <summary>
/// Proves to one MCP server, request by request, that a hop token is the gateway's: for the address that the server is
/// known by, and with the nonce that the destination asked for.
/// </summary>
/// <remarks>RFC 9449 §7.1, §9.</remarks>
internal sealed class OutboundProof
{
    private readonly ConcurrentDictionary<string, ServerNonce> nonces = new(StringComparer.Ordinal);
    private readonly string? resource;

    /// <param name="resource">The identifier of the MCP server: what proofs are for, where it is an address.</param>
    public OutboundProof(string resource) =>
        this.resource = Uri.TryCreate(resource, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.Query.Length == 0 ? resource : null;

    /// <summary>The proof for one request to a destination.</summary>
    public string Create(OutboundToken token, string method, string destination, PathString rest, ReadOnlySpan<byte> body, DateTimeOffset now)
    {
        var address = resource ?? destination;
        var uri = rest.HasValue ? address.TrimEnd('/') + rest.ToUriComponent() : address;
        return token.ProofFor(method, uri, body, NonceOf(destination).Latest, now)
            ?? throw new InvalidOperationException("A token that is bound to nothing reached the last gate of a server whose tokens are.");
    }

    /// <summary>Takes over the nonce of an answer; says whether the destination refused for want of it, so that the request may go once more.</summary>
    public bool Take(string destination, HttpResponseMessage answer) =>
        NonceOf(destination).Take(answer) && (int)answer.StatusCode == 401 && OutboundChallenge.AsksForNonce(answer);

    private ServerNonce NonceOf(string destination) => nonces.GetOrAdd(destination, static _ => new ServerNonce());
}
