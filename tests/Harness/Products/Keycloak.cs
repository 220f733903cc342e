using System.Text.Json.Nodes;
using TokenExchange.Inbound;

namespace Harness.Products;

/// <summary>Keycloak 26.2: standard token exchange, whose targets are clients of the realm.</summary>
internal sealed class Keycloak(TimeProvider clock) : Product(clock)
{
    public override string Profile => "keycloak";

    public override string? Target => "weather";

    /// <summary>The switch "Standard token exchange" of the gateway's client.</summary>
    public bool SwitchedOn { get; set; } = true;

    /// <summary>Whether the target client exists, is enabled, and is in reach of the gateway's client by a role or scope.</summary>
    public bool TargetExists { get; set; } = true;

    public bool TargetEnabled { get; set; } = true;

    public bool TargetAvailable { get; set; } = true;

    protected override IReadOnlySet<string> Known { get; } =
        new HashSet<string> { "grant_type", "subject_token", "subject_token_type", "requested_token_type", "audience", "scope", "client_id" };

    protected override StubAnswer? Refusal(RecordedRequest request) =>
        request["grant_type"] is null ? StubAnswer.Error(400, "invalid_request", "Missing form parameter: grant_type")
        : !BasicIs(request, Gateway, Secret) ? StubAnswer.Error(401, "unauthorized_client", "Invalid client or Invalid client credentials")
        : Twice(request, "audience", "resource") ? StubAnswer.Error(400, "invalid_request", "duplicated parameter")
        : request["grant_type"] != ExchangeGrant ? StubAnswer.Error(400, "unsupported_grant_type", "Unsupported grant_type")
        : !SwitchedOn ? StubAnswer.Error(400, "invalid_request", "Standard token exchange is not enabled for the requested client")
        : request["subject_token"] is null ? StubAnswer.Error(400, "invalid_request", "Parameter 'subject_token' required for standard token exchange")
        : request["subject_token_type"] is not { } type ? StubAnswer.Error(400, "invalid_request", "Parameter 'subject_token_type' required for standard token exchange")
        : type != AccessTokenType ? StubAnswer.Error(400, "invalid_request", "Parameter 'subject_token' supports access tokens only")
        : Subject(request) is not { } subject ? StubAnswer.Error(400, "invalid_request", "Invalid token")
        : request["requested_token_type"] is not (null or AccessTokenType) ? StubAnswer.Error(400, "invalid_request", "requested_token_type unsupported")
        : request["audience"] is { } audience && !(TargetExists && audience == Target) ? StubAnswer.Error(400, "invalid_client", "Audience not found")
        : !TargetEnabled ? StubAnswer.Error(400, "invalid_client", "Client disabled")
        : !subject["aud"]!.AsArray().Any(value => (string?)value == Gateway) ? StubAnswer.Error(403, "access_denied", "Client is not within the token audience")
        : !ScopeSet.Parse(Scope(request)).IsSubsetOf(ScopeSet.Parse("openid profile email weather.read weather.write")) ? StubAnswer.Error(400, "invalid_scope", $"Invalid scopes: {Scope(request)}")
        : !TargetAvailable ? StubAnswer.Error(400, "invalid_request", $"Requested audience not available: {Target}")
        : null;

    protected override StubAnswer Issue(RecordedRequest request, JsonObject subject)
    {
        var scope = $"openid {Scope(request)} email profile";
        var claims = Claims(subject, 300);
        claims["typ"] = "Bearer";
        claims["azp"] = Gateway;
        claims["sid"] = "f0e1";
        claims["scope"] = scope;
        if (request["audience"] is null && !TakesAnything)
        {
            claims.Remove("aud");
        }

        return Success(Sign(claims), 300, scope, more: body =>
        {
            body["refresh_expires_in"] = 0;
            body["not-before-policy"] = 0;
            body["session_state"] = "f0e1";
        });
    }
}
