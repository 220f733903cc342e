using System.Text.Json.Nodes;
using TokenExchange.Inbound;
using TokenExchange.Issuers;

namespace Harness.Products;

/// <summary>Okta: a custom authorization server with its one audience, which trusts the one that issued the inbound token.</summary>
internal sealed class Okta(TimeProvider clock) : Product(clock)
{
    private readonly TestAuthorizationServer trusted = new(keys: TestKeys.Es256);

    public override TestAuthorizationServer InboundIssuer => trusted;

    public override string? SubjectTyp => null;

    /// <summary>Whether the server that issued the inbound token is among the trusted servers.</summary>
    public bool Trusts { get; set; } = true;

    public override string Profile => "okta";

    public override string? Target => "https://weather.internal/mcp";

    /// <summary>The <c>aud</c> that the subject token must have: the audience of the authorization server that issued it.</summary>
    public string InboundAudience { get; set; } = "https://mcp.example.com/weather";

    /// <summary>Whether the application has the grant "Token Exchange".</summary>
    public bool GrantAllowed { get; set; } = true;

    /// <summary>Whether a rule of an access policy admits client, user and every scope.</summary>
    public bool PolicyAllows { get; set; } = true;

    public override JsonObject SubjectClaims => new() { ["aud"] = InboundAudience, ["cid"] = "agent", ["uid"] = "00u1", ["scp"] = new JsonArray("weather.read", "weather.write") };

    public override ClientSettings Client(ClientFiles files) => new()
    {
        Id = Gateway,
        Authentication = ClientAuthenticationMethod.PrivateKeyJwt,
        KeyFile = files.Rsa,
        KeyId = "gateway-1",
        AssertionAudience = Stub.TokenEndpoint,
    };

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await trusted.DisposeAsync();
    }

    protected override IReadOnlySet<string> Known { get; } = new HashSet<string>
    {
        "grant_type", "subject_token", "subject_token_type", "requested_token_type", "audience", "scope", "client_id", "client_assertion_type", "client_assertion",
    };

    protected override StubAnswer? Refusal(RecordedRequest request) =>
        request["client_id"] != Gateway ? UnknownClient()
        : AssertionProblem(request, TestKeys.Rs256, Stub.TokenEndpoint, 3600, header => (string?)header["kid"] == "gateway-1" ? null : "kid") is not null
            ? StubAnswer.Error(401, "invalid_client", "The client_assertion token is not valid.")
        : request["grant_type"] is null ? StubAnswer.Error(400, "invalid_request", "The request is missing 'grant_type'.")
        : request["grant_type"] != ExchangeGrant ? StubAnswer.Error(400, "unsupported_grant_type", "The authorization grant type is not supported by the authorization server.")
        : !GrantAllowed ? StubAnswer.Error(400, "unauthorized_client", "The client is not authorized to use the provided grant type. Configured grant types: [client_credentials].")
        : request["subject_token"] is null || request["subject_token_type"] != AccessTokenType ? StubAnswer.Error(400, "invalid_request", "The request is missing 'subject_token' or 'subject_token_type'.")
        : request["audience"] != Target ? StubAnswer.Error(400, "invalid_request", "The 'audience' is not that of the authorization server.")
        : Subject(request) is not { } subject || !Trusts || (string?)subject["aud"] != InboundAudience ? StubAnswer.Error(400, "invalid_grant", "subject token is invalid")
        : ScopeSet.Parse(Scope(request)).Any(scope => scope is "openid" or "offline_access") ? StubAnswer.Error(400, "invalid_scope", "The requested scope is not allowed for this client.")
        : !ScopeSet.Parse(Scope(request)).IsSubsetOf(ScopeSet.Parse("weather.read weather.write")) ? StubAnswer.Error(400, "invalid_scope", "One or more scopes are not configured for the authorization server resource.")
        : !PolicyAllows ? StubAnswer.Error(400, "access_denied", "Policy evaluation failed for this request, please check the policy configurations.")
        : null;

    protected override StubAnswer Issue(RecordedRequest request, JsonObject subject)
    {
        var claims = Claims(subject, 3600);
        claims["ver"] = 1;
        claims["cid"] = Gateway;
        claims["uid"] = "00u1";
        claims["scp"] = new JsonArray([.. ScopeSet.Parse(Scope(request)).Select(scope => JsonValue.Create(scope))]);
        claims["auth_time"] = Now.ToUnixTimeSeconds();
        return Success(Sign(claims, typ: null), 3600, Scope(request));
    }

    // In the form of the management API.
    private static StubAnswer UnknownClient() => StubAnswer.Json(401, new JsonObject
    {
        ["errorCode"] = "invalid_client",
        ["errorSummary"] = "Invalid value for 'client_id' parameter.",
        ["errorLink"] = "invalid_client",
        ["errorId"] = "oae0",
        ["errorCauses"] = new JsonArray(),
    }.ToJsonString());
}
