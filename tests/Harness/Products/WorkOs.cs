using System.Text.Json.Nodes;
using TokenExchange.Issuers;

namespace Harness.Products;

/// <summary>
/// WorkOS Connect, token exchange by a first-party application. Parameters are those of its pages of November 2026; the texts
/// of its errors are on no page, so that the codes are RFC 8693's and the texts plain.
/// </summary>
internal sealed class WorkOs(TimeProvider clock) : Product(clock)
{
    public override string Profile => "workos";

    public override string? Target => null;

    public override string? SubjectTyp => null;

    public bool FirstParty { get; set; } = true;

    public bool ResourceRegistered { get; set; } = true;

    public override JsonObject SubjectClaims => new() { ["aud"] = Server, ["client_id"] = "agent", ["org_id"] = "org_01", ["sid"] = "app_consent_01" };

    public override ClientSettings Client(ClientFiles files) => base.Client(files) with { Authentication = ClientAuthenticationMethod.ClientSecretPost };

    protected override IReadOnlySet<string> Known { get; } =
        new HashSet<string> { "grant_type", "subject_token", "subject_token_type", "requested_token_type", "resource", "scope", "client_id", "client_secret" };

    protected override StubAnswer? Refusal(RecordedRequest request) =>
        request["client_id"] != Gateway || request["client_secret"] != Secret ? StubAnswer.Error(401, "invalid_client")
        : request["grant_type"] != ExchangeGrant ? StubAnswer.Error(400, request["grant_type"] is null ? "invalid_request" : "unsupported_grant_type")
        : !FirstParty ? StubAnswer.Error(400, "unauthorized_client")
        : request["subject_token"] is null || request["subject_token_type"] != AccessTokenType || Twice(request) ? StubAnswer.Error(400, "invalid_request")
        : Subject(request) is not { } subject ? StubAnswer.Error(400, "invalid_grant")
        : !ResourceRegistered || request["resource"] != Resource ? StubAnswer.Error(400, "invalid_target")
        : !Scope(request).Split(' ').All(((string)subject["scope"]!).Split(' ').Contains) ? StubAnswer.Error(400, "invalid_scope")
        : null;

    protected override StubAnswer Issue(RecordedRequest request, JsonObject subject)
    {
        var claims = Claims(subject, 300);
        claims["client_id"] = Gateway;
        claims["org_id"] = subject["org_id"]!.DeepClone();
        claims["sid"] = subject["sid"]!.DeepClone();
        claims["scope"] = Scope(request);
        return Success(Sign(claims, null), 300, Scope(request));
    }
}
