using System.Text.Json.Nodes;
using TokenExchange.Inbound;

namespace Harness.Products;

/// <summary>authentik 2026.8: the target is another provider, and the result is a token of that provider in every respect.</summary>
internal sealed class Authentik(TimeProvider clock) : Product(clock)
{
    private readonly TestAuthorizationServer targetProvider = new(keys: TestKeys.Es384);

    public override string Profile => "authentik";

    public override string? Target => "weather-client-id";

    public override TestAuthorizationServer ResultIssuer => targetProvider;

    /// <summary>Whether "Token exchange" is among the provider's grant types.</summary>
    public bool GrantAllowed { get; set; } = true;

    /// <summary>Whether the target provider lists the gateway's as a federated provider.</summary>
    public bool Federated { get; set; } = true;

    /// <summary>Whether the target application's policies let the user in.</summary>
    public bool PolicyAllows { get; set; } = true;

    protected override IReadOnlySet<string> Known { get; } =
        new HashSet<string> { "grant_type", "subject_token", "subject_token_type", "requested_token_type", "audience", "scope" };

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await targetProvider.DisposeAsync();
    }

    protected override StubAnswer? Refusal(RecordedRequest request) =>
        !BasicIs(request, Gateway, Secret) ? Error("invalid_client", "Client authentication failed (e.g., unknown client, no client authentication included, or unsupported authentication method)")
        : request["grant_type"] != ExchangeGrant ? Error("unsupported_grant_type", "The authorization grant type is not supported by the authorization server")
        : !GrantAllowed ? Error("invalid_grant", InvalidGrant)
        : request["resource"] is not null ? Error("invalid_target", "The requested target is invalid")
        : request["subject_token"] is null || !IsToken(request["subject_token_type"]) || request["requested_token_type"] is { } type && !IsToken(type) ? Error("invalid_request", "The request is otherwise malformed")
        : request["audience"] is { } audience && !(Federated && audience == Target) ? Error("invalid_target", "The requested target is invalid")
        : Subject(request) is null || !PolicyAllows ? Error("invalid_grant", InvalidGrant)
        : null;

    protected override StubAnswer Issue(RecordedRequest request, JsonObject subject)
    {
        var granted = ScopeSet.Of(ScopeSet.Parse(Scope(request)).Where(scope => scope is "weather.read" or "weather.write")).ToString();
        var claims = Claims(subject, 300);
        claims["azp"] = Target;
        return Success(Sign(claims), 300, granted);
    }

    private const string InvalidGrant = "The provided authorization grant or refresh token is invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was issued to another client";

    private static bool IsToken(string? type) => type is AccessTokenType or JwtType;

    private static StubAnswer Error(string code, string description) => StubAnswer.Error(400, code, description, new JsonObject { ["request_id"] = "8f3c" });
}
