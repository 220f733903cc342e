using System.Collections.Immutable;
using Gateway.Advertise;
using Gateway.Authenticate;
using Gateway.Exchange;
using Gateway.Observe;
using TokenExchange.Inbound;
using TokenExchange.Inbound.Proof;
using TokenExchange.Issuers;
using TokenExchange.Jose;

namespace Gateway.Management;

/// <summary>Says which check refuses a token at a server, by running the very checks of a request. The token is neither sent nor stored.</summary>
internal static class Explaining
{
    private const string NotAsked = "Its authorization server is asked about it in each request (Introspection), and was not asked now.";

    public static ValueTask<Explanation> ExplainAsync(McpServer server, string token, TimeProvider clock, CancellationToken cancellationToken) =>
        ExplainAsync(server, new PresentedCall(token), server.Source is CredentialSource.Token { Kind: TokenSourceKind.Local } ? clock : null, cancellationToken);

    /// <summary>
    /// The same for what comes with a token. With a body, operation, scopes, binding, approval and policy are judged as of a request. That
    /// the proof or the approval was not used before, the body of the proof, and sessions are not. Where hop tokens are minted here,
    /// <paramref name="minting"/> is their clock.
    /// </summary>
    public static async ValueTask<Explanation> ExplainAsync(McpServer server, PresentedCall call, TimeProvider? minting, CancellationToken cancellationToken)
    {
        var (explanation, accepted) = await JudgeAsync(server, call.Token, call.Proof, cancellationToken);
        if (explanation.Passes && call.Body is not null)
        {
            explanation = await ExplainedCall.JudgeAsync(server, accepted!, call.Body, explanation, cancellationToken);
        }

        return explanation.Passes ? Minted(accepted!, explanation, minting) : explanation;
    }

    /// <summary>Mode local mints nothing that outlives the inbound token, which is accepted for ClockSkew longer.</summary>
    private static Explanation Minted(ValidatedToken accepted, Explanation before, TimeProvider? minting)
    {
        if (minting is null)
        {
            return before;
        }

        var passes = accepted.ExpiresAt.ToUnixTimeSeconds() > minting.GetUtcNow().ToUnixTimeSeconds();
        var steps = before.Steps.Add(new("time left for a hop token", passes));
        return passes
            ? before with { Steps = steps }
            : before with { Passes = false, Reason = Refusal.SubjectOver.Reason, Text = $"{Refusal.SubjectOver.Description} Its exp has passed; ClockSkew lets it come in, and mode 'local' mints nothing that ends later: get a fresh one, or compare the clocks.", Steps = steps };
    }

    private static async ValueTask<(Explanation Explanation, ValidatedToken? Accepted)> JudgeAsync(McpServer server, string token, string? proof, CancellationToken cancellationToken)
    {
        var presented = new Presentation(proof is null ? null : PastedProof.Of(proof, server));
        var explained = await server.Admission.Validator.ExplainAsync(token.AsMemory(), presented, cancellationToken);
        var validation = explained.Validation;
        var passed = explained.Passed.Select(check => new ExplanationStep(check, true));
        var asked = server.Admission.Validator.IsAskedAbout(token, validation.Token) ? NotAsked : null;
        return (validation.Token is { } accepted
            ? Admission(server, accepted, passed, asked)
            : Refused(server, Refusal.Of(validation.Refusal), validation.Presented?.Audiences, [.. passed, new(explained.Failed!, false)], asked, HintFor(server, token, validation)), validation.Token);
    }

    private static string? HintFor(McpServer server, string token, TokenValidation validation) => validation switch
    {
        { FailedProofCheck: { } failed } => PastedProof.Hint(failed, server),
        { Refusal: TokenRefusal.ClaimTypeInvalid } => MistypedClaim.Hint(token),
        { Refusal: TokenRefusal.KeysUnavailable, Outage: { } cause } => $"They could not be fetched ({cause}): {Remedies.For(new IssuerProblem(null, cause))}; 'doctor' names the address.",
        { Refusal: TokenRefusal.AudienceNotSingle, Presented.Audiences: var presented } => MoreAudiences(presented.Except(server.Admission.AcceptedAudiences)),
        _ => PastedToken.Hint(token),
    };

    private static string MoreAudiences(IEnumerable<string> others) =>
        $"Beside this server its aud names {string.Join(", ", others.Take(AuditEvent.MaxItems).Select(audience => $"'{((ForeignText)audience).Without(default)}'"))}, and only CompanionAudiences of its authorization server may stand there: ask for a token for this server alone, or list there what means no server, such as a client's id.";

    /// <summary>What the server asks of a valid token besides: only what is configured is a check.</summary>
    private static Explanation Admission(McpServer server, ValidatedToken accepted, IEnumerable<ExplanationStep> passed, string? asked)
    {
        var client = Admitted.CheckClient(accepted, server);
        var claims = client is null ? Admitted.CheckClaims(accepted, server) : null;
        var delegation = (client ?? claims) is null ? Admitted.CheckDelegation(accepted, server) : null;
        var refused = client ?? claims ?? delegation;
        var needed = server.Operations.Rules.Required;
        var lacking = needed.Except(server.Operations.Scopes.Effective(accepted.Scopes));
        ImmutableArray<ExplanationStep> steps =
        [
            .. passed,
            .. Step("allowed client", server.Admission.AllowedClients is not null, client is null),
            .. Step("required claims", server.Admission.RequiredClaims.Length + server.Admission.IdentityHeaders.Length > 0 && client is null, claims is null),
            .. Step("delegation", (client ?? claims) is null, delegation is null),
            .. Step("required scopes", needed.Count > 0 && refused is null, lacking.Count == 0),
        ];
        var hint = client is not null ? WhichClient(server, accepted) : claims is not null ? WhichClaim(claims) : WhatForbids(server, accepted, delegation);
        return refused is not null
            ? Refused(server, refused.Kind, accepted.Audiences, steps, asked, hint)
            : lacking.Count > 0 ? Refused(server, Refusal.InsufficientScope, accepted.Audiences, steps, asked, ScopesLacking(accepted.Scopes, needed, lacking))
            : new Explanation(true, null, Sentences($"The token passes every check of server '{server.Id}'.", asked), steps, accepted.Audiences, server.Admission.AcceptedAudiences);
    }

    /// <summary>What a token has and lacks, and what to do about it.</summary>
    internal static string ScopesLacking(ScopeSet held, ScopeSet needed, ScopeSet lacking) =>
        $"It holds {Text(held)}, needed are {Text(needed)}, lacking {Text(lacking)}: the client has to ask for them, and the authorization server to grant them to this user and client; or another scope stands for them (ImpliedScopes).";

    private static string Text(ScopeSet scopes) => scopes.Count == 0 ? "no scope" : scopes.ToString();

    private static string WhichClient(McpServer server, ValidatedToken accepted) =>
        $"Its client is {(accepted.ClientId is { } client ? $"'{client}'" : "not named (client_id, azp, appid or cid)")}, and AllowedClients of the server are {string.Join(", ", server.Admission.AllowedClients!)}; add it there, or use one of these.";

    private static string WhichClaim(Refused refused) =>
        $"Its claim '{refused.Detail}' is missing, or has none of the values that the server needs (RequiredClaims, IdentityHeaders).";

    private static string? WhatForbids(McpServer server, ValidatedToken accepted, Refused? refused) => refused?.Detail switch
    {
        "act" => $"Its act names {server.Resource} already, or too many actors: {string.Join(", ", accepted.Actors)}.",
        "may_act" => $"Its may_act must name {(server.Admission.Onward.ClientsAtIssuers.TryGetValue(accepted.Issuer, out var client) ? $"'{client}', the gateway's client at its issuer, or " : "")}'{server.Resource}' as its sub.",
        "authorization_details" => "It holds authorization_details, which the token that is minted here would not carry; list the claim in Outbound:Claims, or ask for a token without.",
        _ => null,
    };

    private static ImmutableArray<ExplanationStep> Step(string name, bool runs, bool passes) => runs ? [new(name, passes)] : [];

    private static Explanation Refused(McpServer server, Refusal refusal, ImmutableArray<string>? presented, ImmutableArray<ExplanationStep> steps, string? asked, string? hint = null) => new(
        false,
        refusal.Reason,
        Sentences(refusal.Description, hint ?? refusal.Remedy(new(server.Resource, server.Admission.AcceptedAudiences)), asked),
        steps,
        presented,
        server.Admission.AcceptedAudiences);

    private static string Sentences(params string?[] sentences) => string.Join(' ', sentences.Where(sentence => !string.IsNullOrEmpty(sentence)));
}

/// <summary>A token with what is sent along; without a proof it is a bearer token, without a body the token alone is judged.</summary>
internal sealed record PresentedCall(string Token, string? Proof = null, byte[]? Body = null)
{
    /// <summary>Never the token.</summary>
    public override string ToString() => nameof(PresentedCall);
}
