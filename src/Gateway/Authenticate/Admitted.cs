using Gateway.Advertise;
using TokenExchange.Inbound;
using TokenExchange.Inbound.Proof;
using TokenExchange.Outbound;

namespace Gateway.Authenticate;

/// <summary>
/// Who is asking: a token that was minted for this very server, sent by whom it is bound to, of a client that may come. Made
/// by the first stage alone, which looks at credentials, token with its proof, then client and claims, and refuses everything
/// but one such token. The Origin was checked before, of requests without credentials too.
/// </summary>
internal sealed class Admitted
{
    private Admitted(McpServer server, ValidatedToken token)
    {
        Server = server;
        Token = token;
    }

    public McpServer Server { get; }

    /// <summary>The inbound token, good for <see cref="Server"/>.</summary>
    public ValidatedToken Token { get; }

    /// <summary>Whether the Origin, when there is one, may talk to the server (DNS rebinding).</summary>
    /// <remarks>MCP Streamable HTTP, security warning.</remarks>
    public static Refused? CheckOrigin(HttpContext context, McpServer server)
    {
        var origin = context.Request.Headers.Origin;
        return origin.Count == 0 || (origin.Count == 1 && server.Admission.AllowedOrigins.Contains(origin[0]!)) ? null : Refusal.OriginNotAllowed;
    }

    /// <summary>Validates the token for the server and checks who may come.</summary>
    public static ValueTask<Decision<Admitted>> AuthenticateAsync(HttpContext context, GatewayRequest request, McpServer server)
    {
        var token = BearerCredentials.Read(context.Request, server.Admission.ForwardHeaders, out var withProof, out var refusal);
        if (refusal is not null)
        {
            return new(refusal);
        }

        request.Proof = withProof ? SenderProof.Of(context, server) : null;
        var presented = new Presentation(request.Proof, server.Admission.Certificates.Of(context, request.Clock));
        var validation = server.Admission.Validator.ValidateAsync(LastToken.Of(context, token), presented, context.RequestAborted);
        return validation.IsCompletedSuccessfully ? new(Admit(request, server, validation.Result)) : WaitAsync(request, server, validation);
    }

    private static async ValueTask<Decision<Admitted>> WaitAsync(GatewayRequest request, McpServer server, ValueTask<TokenValidation> validation) =>
        Admit(request, server, await validation);

    private static Decision<Admitted> Admit(GatewayRequest request, McpServer server, TokenValidation validation)
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

            return Refusal.WithCause(validation.Refusal, validation.FailedProofCheck ?? validation.Outage);
        }

        request.Record.Present(token);
        if (CheckAdmission(token, server) is { } notAdmitted)
        {
            return notAdmitted;
        }

        return new Admitted(server, token);
    }

    /// <summary>Whether a valid token's client and claims are admitted at the server, and let it go on from there.</summary>
    public static Refused? CheckAdmission(ValidatedToken token, McpServer server) =>
        CheckClient(token, server) ?? CheckClaims(token, server) ?? CheckDelegation(token, server);

    public static Refused? CheckClient(ValidatedToken token, McpServer server) =>
        server.Admission.AllowedClients is { } clients && (token.ClientId is null || !clients.Contains(token.ClientId)) ? Refusal.ClientNotAllowed : null;

    public static Refused? CheckClaims(ValidatedToken token, McpServer server)
    {
        foreach (var claim in server.Admission.RequiredClaims)
        {
            if (!ClaimValues.HasAny(token.Claims, claim))
            {
                return new Refused(Refusal.ClaimRefused, claim.Name);
            }
        }

        // The server behind believes these headers: without a value that it can only read as one, nothing is sent.
        foreach (var header in server.Admission.IdentityHeaders)
        {
            if (IdentityClaims.ValueOf(token.Claims, header) is null)
            {
                return new Refused(Refusal.ClaimRefused, header.Claim);
            }
        }

        return null;
    }

    /// <summary>Whether the token's own claims let the gateway go on with it: looked at before anybody is asked about what cannot be.</summary>
    /// <remarks>RFC 8693 §4.1, §4.4.</remarks>
    public static Refused? CheckDelegation(ValidatedToken token, McpServer server) =>
        Delegation.Refusal(token, server.Admission.Onward) is { } forbidden ? new Refused(Refusal.Of(forbidden.Error, asked: false), forbidden.Diagnostic) : null;
}
