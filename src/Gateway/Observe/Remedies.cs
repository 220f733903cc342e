using TokenExchange.Issuers;

namespace Gateway.Observe;

/// <summary>The next step after a failed fetch, by its cause; for who reads a message and has to act.</summary>
internal static class Remedies
{
    /// <summary>Of a document or key set of an authorization server.</summary>
    public static string For(IssuerProblem problem, string? issuer = null) => problem.Cause switch
    {
        IssuerProblem.Insecure => "write an https URL; http is for loopback, or with AllowHttp",
        IssuerProblem.TooLarge => "it is over 1 MiB; name the document itself in MetadataUrl or JwksUrl",
        IssuerProblem.NoDocument => "what is served there is no JSON object, perhaps a sign-in page or an error page; open it, and correct Issuer, MetadataUrl or JwksUrl",
        IssuerProblem.OtherIssuer => $"its metadata must say exactly {(issuer is null ? "the Issuer of gateway.json" : $"issuer={issuer}")}, character by character: a slash at its end counts; write what it says as Issuer, if that is the iss of its tokens",
        IssuerProblem.BadAddress => "it names an address that may not be asked: every one must be an absolute https URL; correct its public URL at the authorization server, or set JwksUrl and TokenEndpoint",
        IssuerProblem.NoKeysNamed => "it has no jwks_uri; set JwksUrl",
        IssuerProblem.NoKeySet => "what is served there is no JWK set; correct JwksUrl, or jwks_uri at the authorization server",
        IssuerProblem.NoUsableKey => "each key needs a kid, and the members of EC, RSA or Ed25519; keys given as x5c alone are not read",
        var cause => For(cause),
    };

    /// <summary>Of an endpoint that is asked with the gateway's own credentials, which <paramref name="setting"/> names.</summary>
    public static string ForEndpoint(string? cause, string setting) =>
        cause is "breaker" or "timeout" or "nonce" or "status 429" ? For(cause) : $"{For(cause)}; check its address ({setting}, or what the metadata names)";

    /// <summary>Of a peer that could not be had.</summary>
    public static string For(string? cause) => cause switch
    {
        "name" => "the host's name cannot be resolved here; check its spelling, and DNS as this machine or pod sees it",
        "connect" => "nobody listens there, or a firewall or network policy is in between; check host and port, and that it runs",
        "tls" => "its certificate is not trusted, not for this host, or expired, or it does not speak TLS there; for a private certificate authority point SSL_CERT_FILE at its PEM file (towards an MCP server: Tls:CaFile)",
        "proxy" => "the proxy of the environment refuses; check HTTPS_PROXY, and list hosts that need none in NO_PROXY",
        "timeout" => "no answer within Timeout; check its load, and the network in between",
        "status 404" or "status 405" or "status 410" => "nothing is served at this address; compare it with the product's page (docs/authorization-servers), and set MetadataUrl or JwksUrl",
        "status 301" or "status 302" or "status 303" or "status 307" or "status 308" => "it redirects, and redirects are not followed; write the address that it leads to",
        "status 401" or "status 403" => "it wants a credential that the gateway does not have; the document must be public",
        "status 429" => "it counts the gateway's requests; raise its limit",
        "ended" or "malformed" => "what answers there does not speak HTTP as it should, perhaps because it speaks TLS or another protocol; check scheme and port",
        "nonce" => "it refuses the nonce of every DPoP proof and gives another one each time; with one nonce for all it has to take one request at a time, and replicas beside this gateway take it from each other: let its nonces be good for a while",
        "breaker" => "it failed several times in a row, and is asked again in a few seconds; look at the failures before",
        _ => "look at its log, and at what stands between",
    };
}
