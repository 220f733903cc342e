using System.Collections.Immutable;
using Gateway.Advertise;
using Gateway.Authenticate;
using TokenExchange.Inbound;
using TokenExchange.Inbound.Proof;

namespace Gateway.Management;

/// <summary>Says which check refuses a token at a server, by running the very checks of a request. The token is neither sent nor stored.</summary>
internal static class Explaining
{
    private const string NotAsked = "Its authorization server is asked about it in each request (Introspection), and was not asked now.";

    public static ValueTask<Explanation> ExplainAsync(McpServer server, string token, CancellationToken cancellationToken) => ExplainAsync(server, token, null, cancellationToken);

    /// <summary>The same for a token that comes with a proof; null: as a bearer token. That the proof was not used before, and its body, are not judged.</summary>
    public static async ValueTask<Explanation> ExplainAsync(McpServer server, string token, string? proof, CancellationToken cancellationToken) =>
        (await JudgeAsync(server, token, proof, cancellationToken)).Explanation;

    /// <summary>The same for a call with this body: operation, scopes, binding and policy are judged as of a request; whether an approval was used, and sessions, are not.</summary>
    public static async ValueTask<Explanation> ExplainAsync(McpServer server, string token, string? proof, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var (explanation, accepted) = await JudgeAsync(server, token, proof, cancellationToken);
        return explanation.Passes ? await ExplainedCall.JudgeAsync(server, accepted!, body, explanation, cancellationToken) : explanation;
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
            : Refused(server, Refusal.Of(validation.Refusal), validation.Presented?.Audiences, [.. passed, new(explained.Failed!, false)], asked, validation.FailedProofCheck is { } failed ? PastedProof.Hint(failed, server) : PastedToken.Hint(token)), validation.Token);
    }

    /// <summary>What the server asks of a valid token besides: only what is configured is a check.</summary>
    private static Explanation Admission(McpServer server, ValidatedToken accepted, IEnumerable<ExplanationStep> passed, string? asked)
    {
        var refused = Admitted.CheckAdmission(accepted, server);
        var clientRefused = refused?.Kind == Refusal.ClientNotAllowed;
        var needed = server.Operations.Rules.Required;
        var lacking = needed.Except(server.Operations.Scopes.Effective(accepted.Scopes));
        ImmutableArray<ExplanationStep> steps =
        [
            .. passed,
            .. Step("allowed client", server.Admission.AllowedClients is not null, !clientRefused),
            .. Step("required claims", server.Admission.RequiredClaims.Length > 0 && !clientRefused, refused is null),
            .. Step("required scopes", needed.Count > 0 && refused is null, lacking.Count == 0),
        ];
        return refused is not null
            ? Refused(server, refused.Kind, accepted.Audiences, steps, asked, clientRefused ? WhichClient(server, accepted) : null)
            : lacking.Count > 0 ? Refused(server, Refusal.InsufficientScope, accepted.Audiences, steps, asked, ScopesLacking(accepted.Scopes, needed, lacking))
            : new Explanation(true, null, Sentences($"The token passes every check of server '{server.Id}'.", asked), steps, accepted.Audiences, server.Admission.AcceptedAudiences);
    }

    /// <summary>What a token has and lacks, and what to do about it.</summary>
    internal static string ScopesLacking(ScopeSet held, ScopeSet needed, ScopeSet lacking) =>
        $"It holds {Text(held)}, needed are {Text(needed)}, lacking {Text(lacking)}: the client has to ask for them, and the authorization server to grant them to this user and client; or another scope stands for them (ImpliedScopes).";

    private static string Text(ScopeSet scopes) => scopes.Count == 0 ? "no scope" : scopes.ToString();

    private static string WhichClient(McpServer server, ValidatedToken accepted) =>
        $"Its client is {(accepted.ClientId is { } client ? $"'{client}'" : "not named (client_id, azp, appid or cid)")}, and AllowedClients of the server are {string.Join(", ", server.Admission.AllowedClients!)}; add it there, or use one of these.";

    private static ImmutableArray<ExplanationStep> Step(string name, bool runs, bool passes) => runs ? [new(name, passes)] : [];

    private static Explanation Refused(McpServer server, Refusal refusal, ImmutableArray<string>? presented, ImmutableArray<ExplanationStep> steps, string? asked, string? hint = null) => new(
        false,
        refusal.Reason,
        Sentences(refusal.Description, hint ?? WhatWouldBeRight(server, refusal), asked),
        steps,
        presented,
        server.Admission.AcceptedAudiences);

    private static string Sentences(params string?[] sentences) => string.Join(' ', sentences.Where(sentence => !string.IsNullOrEmpty(sentence)));

    private static string WhatWouldBeRight(McpServer server, Refusal refusal) => refusal.Reason switch
    {
        "audience_invalid" or "audience_not_single" => $"Its aud must be exactly {string.Join(" or ", server.Admission.AcceptedAudiences)}; ask the authorization server with resource={server.Resource}.",
        "issuer_unknown" => "Its iss must be, character by character, the Issuer of an authorization server that is trusted inbound at this server; a slash at its end counts.",
        "typ_not_allowed" => "Its header must say typ at+jwt, or the authorization server's TokenTypes must admit JWT; ID tokens are never access tokens.",
        "kid_unknown" => "Its header must name a key that the issuer publishes now.",
        "malformed" => "It is no JWT of three parts; opaque tokens are taken only where the authorization server has Introspection.",
        "noncanonical_encoding" => "Each of its three parts must be base64url without padding, as it was issued; it was cut or encoded anew on the way here.",
        "alg_not_allowed" => "Its algorithm must be one of the authorization server's Algorithms.",
        "expired" => "It has expired; get a fresh one.",
        "lifetime_excessive" => "It is valid for longer than the authorization server's MaxTokenLifetime.",
        "client_not_allowed" => "Its client is not in the server's AllowedClients.",
        "claim_refused" => "It lacks a value that the server's RequiredClaims ask for.",
        "not_yet_valid" => "Its nbf or iat lies in the future; compare the clocks, and ClockSkew.",
        "signature_invalid" => "It was changed, or signed with another key than the one that it names.",
        "sender_constrained" => "What it is bound to (cnf) is not proven, or it is bound to nothing and has to be. A token with cnf.jkt is sent as 'Authorization: DPoP' with a proof, one with cnf.x5t#S256 over mutual TLS, and one without cnf as Bearer, where SenderConstraint allows it.",
        "revoked" => "Its user was logged out; sign in again.",
        "keys_unavailable" => "The issuer's keys could not be fetched; see doctor.",
        _ => $"See docs/troubleshooting.md#{refusal.Reason}.",
    };
}
