using Gateway.Advertise;
using TokenExchange.Inbound;
using TokenExchange.Inbound.Proof;

namespace Gateway.Authenticate;

/// <summary>
/// The stage that decides who is asking: Origin, credentials, token with its proof, then client and claims. Refuses
/// everything but one token that was minted for this very server, and sent by whom it is bound to.
/// </summary>
internal static class AuthenticateStage
{
    /// <summary>Whether the Origin, when there is one, may talk to the server (DNS rebinding).</summary>
    /// <remarks>MCP Streamable HTTP, security warning.</remarks>
    public static Refused? CheckOrigin(HttpContext context, McpServer server)
    {
        var origin = context.Request.Headers.Origin;
        return origin.Count == 0 || (origin.Count == 1 && server.AllowedOrigins.Contains(origin[0]!)) ? null : Refusal.OriginNotAllowed;
    }

    /// <summary>Validates the token for the server and checks who may come; on success the request holds the token.</summary>
    public static ValueTask<Refused?> AuthenticateAsync(HttpContext context, GatewayRequest request, McpServer server)
    {
        var token = BearerCredentials.Read(context.Request, server.ForwardHeaders, out var withProof, out var refusal);
        if (refusal is not null)
        {
            return new(new Refused(refusal));
        }

        request.Proof = withProof ? SenderProof.Of(context, server) : null;
        var presented = new Presentation(request.Proof, server.Certificates.Of(context, request.Clock));
        var validation = server.Validator.ValidateAsync(token, presented, context.RequestAborted);
        return validation.IsCompletedSuccessfully ? new(Admit(request, server, validation.Result)) : Wait(request, server, validation);
    }

    private static async ValueTask<Refused?> Wait(GatewayRequest request, McpServer server, ValueTask<TokenValidation> validation) =>
        Admit(request, server, await validation);

    private static Refused? Admit(GatewayRequest request, McpServer server, TokenValidation validation)
    {
        if (validation.Token is not { } token)
        {
            if (validation.Presented is { } presented)
            {
                var record = request.Record;
                record.PresentedAudience = presented.Audiences;
                record.Issuer = presented.Issuer;
                record.Subject = presented.Subject;
                record.ClientId = presented.ClientId;
                record.Actors = presented.Actors;
                record.TokenId = presented.TokenId;
            }

            var kind = Refusal.Of(validation.Refusal);
            return new Refused(kind, validation.FailedProofCheck, RetryAfter: kind.Status == StatusCodes.Status503ServiceUnavailable ? TimeSpan.FromSeconds(5) : null);
        }

        request.Record.Present(token);
        if (CheckAdmission(token, server) is { } notAdmitted)
        {
            return notAdmitted;
        }

        request.Token = token;
        return null;
    }

    /// <summary>Whether a valid token's client and claims are admitted at the server.</summary>
    public static Refused? CheckAdmission(ValidatedToken token, McpServer server)
    {
        if (server.AllowedClients is { } clients && (token.ClientId is null || !clients.Contains(token.ClientId)))
        {
            return Refusal.ClientNotAllowed;
        }

        foreach (var claim in server.RequiredClaims)
        {
            if (!ClaimValues.HasAny(token.Claims, claim))
            {
                return Refusal.ClaimRefused;
            }
        }

        return null;
    }
}
