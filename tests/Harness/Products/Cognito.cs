using System.Text.Json.Nodes;

namespace Harness.Products;

/// <summary>
/// Amazon Cognito user pools, token exchange at the token endpoint. Parameters are those of its pages of November 2026; the
/// texts of its errors are on no page, so that the codes are RFC 8693's and the texts plain.
/// </summary>
internal sealed class Cognito(TimeProvider clock) : Product(clock)
{
    public override string Profile => "cognito";

    public override string? Target => Resource;

    /// <summary>Access tokens have no type in their header.</summary>
    public override string? SubjectTyp => null;

    /// <summary>Whether ExplicitAuthFlows of the app client hold ALLOW_TOKEN_EXCHANGE_IMPERSONATION.</summary>
    public bool FlowAllowed { get; set; } = true;

    public bool ResourceServerExists { get; set; } = true;

    public override JsonObject SubjectClaims => new() { ["aud"] = Server, ["token_use"] = "access", ["client_id"] = "agent", ["username"] = "alice" };

    protected override IReadOnlySet<string> Known { get; } =
        new HashSet<string> { "grant_type", "subject_token", "subject_token_type", "requested_token_type", "actor_token", "actor_token_type", "audience", "resource", "scope", "client_id" };

    protected override StubAnswer? Refusal(RecordedRequest request) =>
        request["grant_type"] != ExchangeGrant ? StubAnswer.Error(400, request["grant_type"] is null ? "invalid_request" : "unsupported_grant_type")
        : !BasicIs(request, Gateway, Secret) ? StubAnswer.Error(400, "invalid_client")
        : !FlowAllowed ? StubAnswer.Error(400, "unauthorized_client")
        : request["subject_token"] is null || request["subject_token_type"] is not (AccessTokenType or JwtType) || Twice(request) ? StubAnswer.Error(400, "invalid_request")
        : Subject(request) is not { } subject ? StubAnswer.Error(400, "invalid_grant")
        : !ResourceServerExists || (request["audience"] ?? request["resource"]) != Resource ? StubAnswer.Error(400, "invalid_target")
        : !Scope(request).Split(' ').All(((string)subject["scope"]!).Split(' ').Contains) ? StubAnswer.Error(400, "invalid_scope")
        : null;

    protected override StubAnswer Issue(RecordedRequest request, JsonObject subject)
    {
        var claims = Claims(subject, 3600);
        claims["token_use"] = "access";
        claims["client_id"] = Gateway;
        claims["scope"] = Scope(request);
        return Success(Sign(claims, null), 3600, Scope(request));
    }
}
