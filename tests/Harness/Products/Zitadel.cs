using System.Text.Json.Nodes;
using TokenExchange.Inbound;

namespace Harness.Products;

/// <summary>Zitadel: narrows the audience and the scopes of the subject token; opaque unless a JWT is asked for.</summary>
internal sealed class Zitadel(TimeProvider clock) : Product(clock)
{
    public const string Project = "320000000000000001";
    public const string McpProject = "320000000000000002";

    public override string Profile => "zitadel";

    public override string? Target => Project;

    /// <summary>The feature switch of versions before the grant was always on.</summary>
    public bool FeatureOn { get; set; } = true;

    public bool GrantAllowed { get; set; } = true;

    /// <summary>The instance's access token lifetime; the default is twelve hours.</summary>
    public int Lifetime { get; set; } = 3600;

    public override JsonObject SubjectClaims => new() { ["aud"] = new JsonArray(McpProject, "agent", Gateway, Project), ["client_id"] = "agent" };

    protected override IReadOnlySet<string> Known { get; } =
        new HashSet<string> { "grant_type", "subject_token", "subject_token_type", "requested_token_type", "audience", "scope" };

    protected override StubAnswer? Refusal(RecordedRequest request) =>
        request["grant_type"] is null ? StubAnswer.Error(400, "invalid_request", "grant_type missing")
        : !BasicIs(request, Gateway, Secret) ? StubAnswer.Error(401, "invalid_client", "invalid secret")
        : request["grant_type"] != ExchangeGrant ? StubAnswer.Error(400, "unsupported_grant_type", $"{request["grant_type"]} not supported")
        : !GrantAllowed ? StubAnswer.Error(400, "unauthorized_client", "grant_type \"urn:ietf:params:oauth:grant-type:token-exchange\" not allowed")
        : !FeatureOn ? StubAnswer.Error(400, "invalid_request", "Errors.TokenExchange.FeatureDisabled")
        : request["resource"] is not null ? StubAnswer.Error(400, "invalid_target", "resource parameter not supported")
        : request["subject_token_type"] != AccessTokenType || Subject(request) is not { } subject || !Holds(subject, Gateway) ? StubAnswer.Error(400, "invalid_request", "subject_token invalid")
        : request["audience"] is { } audience && !Holds(subject, audience) ? StubAnswer.Error(400, "invalid_target", $"audience \"{audience}\" not found in subject or actor token")
        : ScopeSet.Parse(Scope(request)) is var scopes && !scopes.IsSubsetOf(ScopeSet.Parse((string)subject["scope"]!)) ? StubAnswer.Error(400, "invalid_scope", $"scope \"{Scope(request)}\" not found in subject or actor token")
        : null;

    protected override StubAnswer Issue(RecordedRequest request, JsonObject subject)
    {
        if (request["requested_token_type"] is null or AccessTokenType)
        {
            return Success("V2_opaque-token-of-zitadel", Lifetime, Scope(request));
        }

        var claims = Claims(subject, Lifetime);
        claims["aud"] = request["audience"] is { } audience ? new JsonArray(audience) : subject["aud"]!.DeepClone();
        claims["client_id"] = Gateway;
        return Success(Sign(claims), Lifetime, Scope(request), JwtType);
    }

    private static bool Holds(JsonObject subject, string audience) => subject["aud"]!.AsArray().Any(value => (string?)value == audience);
}
