using TokenExchange.Inbound.Proof;

namespace Gateway.Management;

/// <summary>A DPoP proof that somebody has copied out of a request: what request it can have been, and what is wrong with it.</summary>
internal static class PastedProof
{
    /// <summary>The proof, for the request that it says it is for, as far as that is one to this server; else for a POST to the server itself.</summary>
    public static DPoPProof Of(string proof, McpServer server)
    {
        var (method, uri) = ProofTarget.Of(proof);
        var path = uri?.Split('?', '#')[0];
        return new DPoPProof(
            proof,
            method is "GET" or "DELETE" ? method : "POST",
            path is not null && path.StartsWith(server.Resource.TrimEnd('/') + "/", StringComparison.Ordinal) ? path : server.Resource);
    }

    /// <summary>What would be right in place of what failed.</summary>
    public static string Hint(string failed, McpServer server) => failed switch
    {
        "header" => "Exactly one DPoP header must come with the token; here, give the proof's file.",
        "size" => "A proof has 8 KiB at most.",
        "form" => "The proof is no JWS of three parts in base64url without padding, or its header says crit, b64, jku, x5u or x5c.",
        "typ" => "The proof's header must say typ dpop+jwt.",
        "alg" => $"The proof's algorithm must be one of {string.Join(", ", server.Admission.Sender.Settings.Algorithms)} (DPoP:Algorithms).",
        "jwk" => "The proof's header must hold the public key (jwk), without private members, for the proof's own algorithm; RSA keys have 2048 to 4096 bits and the exponent 65537.",
        "thumbprint" => "The proof is by another key than the one that the token is bound to (cnf.jkt).",
        "signature" => "The proof was changed, or signed with another key than the one that it holds.",
        "htm" => "htm must be the method of the request.",
        "htu" => $"htu must be {server.Resource} and the rest of the path, as clients know it; never the address behind a proxy.",
        "iat" => $"iat must be within {server.Admission.Sender.Settings.MaxAge:c} of now (DPoP:MaxAge); make a new proof for each request, and compare the clocks.",
        "nonce" => "The proof must hold the nonce of the last DPoP-Nonce header.",
        "ath" => "ath must be the base64url of the token's SHA-256.",
        _ => "See docs/sender-constraint.md.",
    };
}
