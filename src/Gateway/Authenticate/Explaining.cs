using System.Collections.Immutable;
using Gateway.Advertise;
using Gateway.Observe.Management;
using TokenExchange.Verify;

namespace Gateway.Authenticate;

/// <summary>Says which check refuses a token at a server, by running the very checks of a request. The token is neither sent nor stored.</summary>
internal static class Explaining
{
    public static async ValueTask<Explanation> ExplainAsync(McpServer server, string token, CancellationToken cancellationToken)
    {
        var validation = await server.Validator.ValidateLocallyAsync(token.AsMemory(), cancellationToken);
        if (validation.Token is { } accepted)
        {
            return AuthenticateStage.CheckAdmission(accepted, server) is { } refused
                ? Refused(server, refused.Kind, accepted.Audiences, ["token", refused.Kind.Reason])
                : new Explanation(true, null, $"The token passes every check of server '{server.Id}'.", [new("token", true), new("client", true), new("claims", true)], accepted.Audiences, server.AcceptedAudiences);
        }

        var reason = validation.Refusal.ToReason();
        return Refused(server, Refusal.Of(validation.Refusal), validation.Presented?.Audiences, [.. Enum.GetValues<TokenRefusal>().TakeWhile(check => check != validation.Refusal).Select(check => check.ToReason()), reason]);
    }

    private static Explanation Refused(McpServer server, Refusal refusal, ImmutableArray<string>? presented, ImmutableArray<string> checks) => new(
        false,
        refusal.Reason,
        $"{refusal.Description} {WhatWouldBeRight(server, refusal)}",
        [.. checks.Select((check, index) => new ExplanationStep(check, index < checks.Length - 1))],
        presented,
        server.AcceptedAudiences);

    private static string WhatWouldBeRight(McpServer server, Refusal refusal) => refusal.Reason switch
    {
        "audience_invalid" or "audience_not_single" => $"Its aud must be exactly {string.Join(" or ", server.AcceptedAudiences)}; ask the authorization server with resource={server.Resource}.",
        "issuer_unknown" => "Its iss must be, character by character, the Issuer of an authorization server that is trusted inbound at this server.",
        "typ_not_allowed" => "Its header must say typ at+jwt, or the authorization server's TokenTypes must admit JWT; ID tokens are never access tokens.",
        "kid_unknown" => "Its header must name a key that the issuer publishes now.",
        "alg_not_allowed" => "Its algorithm must be one of the authorization server's Algorithms.",
        "expired" => "It has expired; get a fresh one.",
        "lifetime_excessive" => "It is valid for longer than the authorization server's MaxTokenLifetime.",
        "client_not_allowed" => "Its client is not in the server's AllowedClients.",
        "claim_refused" => "It lacks a value that the server's RequiredClaims ask for.",
        "keys_unavailable" => "The issuer's keys could not be fetched; see doctor.",
        _ => "See the reasons in docs/operations.md.",
    };
}
