using TokenExchange.AspNetCore.Http;

namespace Gateway.Advertise;

/// <summary>The nonce that a client's next DPoP proof is to hold, in every answer to a client that needs one.</summary>
/// <remarks>RFC 9449 §8.2, §9.</remarks>
internal static class ProofNonce
{
    public static void Offer(IHeaderDictionary headers, GatewayRequest request)
    {
        if (request.Proof?.FreshNonce is { } nonce)
        {
            headers[Credentials.DPoPNonce] = nonce;
        }
    }
}
