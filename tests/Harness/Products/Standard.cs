using System.Text.Json.Nodes;
using TokenExchange.Inbound;

namespace Harness.Products;

/// <summary>An authorization server that does as RFC 8693 and RFC 8707 say.</summary>
internal sealed class Standard(TimeProvider clock) : Product(clock)
{
    public override string Profile => "rfc8693";

    public override string? Target => null;

    public override string? SubjectTyp => "at+jwt";

    /// <summary>Whether the gateway's client may exchange.</summary>
    public bool GrantAllowed { get; set; } = true;

    /// <summary>Whether the policy lets this client have this target.</summary>
    public bool PolicyAllows { get; set; } = true;

    protected override IReadOnlySet<string> Known { get; } =
        new HashSet<string> { "grant_type", "subject_token", "subject_token_type", "requested_token_type", "resource", "audience", "scope", "client_id" };

    protected override StubAnswer? Refusal(RecordedRequest request) =>
        !BasicIs(request, Gateway, Secret) ? StubAnswer.Error(401, "invalid_client")
        : Twice(request, "resource", "audience") ? StubAnswer.Error(400, "invalid_request", "a parameter stands there twice")
        : request["grant_type"] is null ? StubAnswer.Error(400, "invalid_request", "grant_type is missing")
        : request["grant_type"] != ExchangeGrant ? StubAnswer.Error(400, "unsupported_grant_type")
        : !GrantAllowed ? StubAnswer.Error(400, "unauthorized_client")
        : request["subject_token"] is null || request["subject_token_type"] != AccessTokenType ? StubAnswer.Error(400, "invalid_request", "subject_token or its type is missing")
        : request["requested_token_type"] is not (null or AccessTokenType) ? StubAnswer.Error(400, "invalid_request", "requested_token_type")
        : Subject(request) is not { } subject ? StubAnswer.Error(400, "invalid_request", "the subject_token is not valid")
        : request["resource"] != Resource ? StubAnswer.Error(400, "invalid_target")
        : !PolicyAllows ? StubAnswer.Error(403, "access_denied")
        : !ScopeSet.Parse(Scope(request)).IsSubsetOf(ScopeSet.Parse((string)subject["scope"]!)) ? StubAnswer.Error(400, "invalid_scope")
        : null;

    protected override StubAnswer Issue(RecordedRequest request, JsonObject subject)
    {
        var claims = Claims(subject, 300);
        claims["client_id"] = Gateway;
        claims["scope"] = Scope(request);
        claims["act"] = new JsonObject { ["sub"] = Gateway };
        return Success(Sign(claims, "at+jwt"), 300, null);
    }
}
