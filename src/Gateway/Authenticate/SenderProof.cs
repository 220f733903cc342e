using System.Diagnostics;
using Gateway.Advertise;
using Gateway.Http;
using Microsoft.AspNetCore.Http.Features;
using TokenExchange.AspNetCore.Http;
using TokenExchange.Inbound.Proof;

namespace Gateway.Authenticate;

/// <summary>
/// The DPoP proof of a request: found beside the credentials, checked with the token, and taken once the body is there.
/// Refuses a proof for another body, one that was used before, and any when no more can be remembered.
/// </summary>
/// <remarks>RFC 9449 §4.3, §7.1, §11.1.</remarks>
internal static class SenderProof
{
    public const string Header = Credentials.DPoP;

    /// <summary>What the request brings along, for the URI that clients know: never that of a Host header.</summary>
    public static DPoPProof Of(HttpContext context, McpServer server)
    {
        var lines = context.Request.Headers[Header];
        return new DPoPProof(lines.Count == 1 ? lines[0] : null, context.Request.Method, UriOf(context, server));
    }

    /// <summary>Takes the proof, if there is one, for this body and for good.</summary>
    public static ValueTask<Refused?> RedeemAsync(GatewayRequest request, Admitted admitted, ReadOnlyMemory<byte> body, CancellationToken cancellationToken) =>
        request.Proof is { } proof ? RedeemAsync(proof, request, admitted, body, cancellationToken) : default;

    private static async ValueTask<Refused?> RedeemAsync(DPoPProof proof, GatewayRequest request, Admitted admitted, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var redemption = await admitted.Server.Admission.Sender.RedeemAsync(proof, admitted.Token, body, cancellationToken);
        switch (redemption.Outcome)
        {
            case RedemptionOutcome.Redeemed:
                return null;
            case RedemptionOutcome.Invalid:
                request.Record.Proof = null;
                return new Refused(Refusal.InvalidDPoPProof, redemption.Failed);
            case RedemptionOutcome.Full:
                return Refusal.OverloadedBy("proofs");
            case RedemptionOutcome.Unavailable:
                return Refusal.StateUnavailableOf("proofs");
            default:
                throw new UnreachableException();
        }
    }

    /// <summary>
    /// The resource identifier and the rest of the path, as the request line has it: that the path reads the same to
    /// everybody was checked when the request came in.
    /// </summary>
    private static string UriOf(HttpContext context, McpServer server)
    {
        if (!server.Rest(context.Request.Path).HasValue)
        {
            return server.Resource;
        }

        var path = CanonicalPath.PathOf(context.Features.Get<IHttpRequestFeature>()!.RawTarget);
        return string.Concat(server.Resource, server.Path == "/" ? path : path[server.Path.Length..]);
    }
}
