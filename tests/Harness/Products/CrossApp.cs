using System.Text.Json.Nodes;

namespace Harness.Products;

/// <summary>Cross-app access: an identity provider that issues ID-JAGs, and the authorization server of the MCP server that takes them.</summary>
internal sealed class CrossApp : Product
{
    private readonly TestAuthorizationServer resourceServer = new(keys: TestKeys.Es256);
    private readonly HashSet<string> spentGrants = [];
    private readonly List<string> grants = [];

    public CrossApp(TimeProvider clock)
        : base(clock, TestKeys.Ps256) => resourceServer.WireAnswer = Redeem;

    public override string Profile => "id-jag";

    public override string? Target => null;

    public override string? SubjectTyp => "at+jwt";

    /// <summary>The authorization server of the MCP server: the second leg.</summary>
    public override TestAuthorizationServer ResultIssuer => resourceServer;

    /// <summary>Changes header and claims of the next grant, as nobody should.</summary>
    public Action<JsonObject, JsonObject>? ChangeGrant { get; set; }

    /// <summary>Changes the answer around the next grant.</summary>
    public Action<JsonObject>? ChangeGrantAnswer { get; set; }

    /// <summary>A grant in place of the signed one.</summary>
    public string? RawGrant { get; set; }

    public bool PolicyAllows { get; set; } = true;

    public bool WantsStepUp { get; set; }

    /// <summary>Whether the second leg trusts the identity provider.</summary>
    public bool Trusted { get; set; } = true;

    /// <summary>Answers in place of the second leg.</summary>
    public StubAnswer? SecondLeg { get; set; }

    public IReadOnlyList<string> Grants => grants;

    protected override IReadOnlySet<string> Known { get; } =
        new HashSet<string> { "grant_type", "subject_token", "subject_token_type", "requested_token_type", "audience", "resource", "scope" };

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await resourceServer.DisposeAsync();
    }

    protected override StubAnswer? Refusal(RecordedRequest request) =>
        !BasicIs(request, Gateway, Secret) ? StubAnswer.Error(401, "invalid_client")
        : request["grant_type"] != ExchangeGrant ? StubAnswer.Error(400, "unsupported_grant_type")
        : request["requested_token_type"] != IdJagType || request["subject_token_type"] != AccessTokenType || request["audience"] is null ? StubAnswer.Error(400, "invalid_request", "requested_token_type, subject_token_type and audience are required")
        : Subject(request) is null ? StubAnswer.Error(400, "invalid_grant", "Subject token validation failed")
        : request["audience"] != resourceServer.Issuer || request["resource"] is not (null or Product.Resource) ? StubAnswer.Error(400, "invalid_target")
        : !PolicyAllows ? StubAnswer.Error(400, "access_denied", "The policy denies the client this resource app")
        : WantsStepUp ? StubAnswer.Error(400, "insufficient_user_authentication", "Subject doesn't meet authentication requirements", new JsonObject { ["max_age"] = 5 })
        : null;

    protected override StubAnswer Issue(RecordedRequest request, JsonObject subject)
    {
        var header = TokenForge.Header(Stub.Key);
        header["typ"] = "oauth-id-jag+jwt";
        var claims = Claims(subject, 300);
        claims["iss"] = Stub.Issuer;
        claims["aud"] = request["audience"];
        claims["client_id"] = Gateway;
        claims["resource"] = request["resource"];
        claims["scope"] = Scope(request);
        ChangeGrant?.Invoke(header, claims);
        var grant = RawGrant ?? TokenForge.Sign(header.ToJsonString(), claims.ToJsonString(), Stub.Key);
        grants.Add(grant);
        return Success(grant, 300, Scope(request), IdJagType, body =>
        {
            body["token_type"] = "N_A";
            ChangeGrantAnswer?.Invoke(body);
        });
    }

    private StubAnswer Redeem(RecordedRequest request)
    {
        if (SecondLeg is { } other)
        {
            return other;
        }

        if (!BasicIs(request, Gateway, Secret))
        {
            return StubAnswer.Error(401, "invalid_client");
        }

        if (request["grant_type"] != BearerGrant || request["assertion"] is not { } grant || request.Form.Count != 2)
        {
            return StubAnswer.Error(400, "invalid_request");
        }

        if (!Trusted || !grants.Contains(grant) || !spentGrants.Add(grant))
        {
            return StubAnswer.Error(400, "invalid_grant", "The assertion is not accepted");
        }

        var grantClaims = TokenReader.PayloadOf(grant);
        var claims = Claims(grantClaims, 300);
        claims["aud"] = grantClaims["resource"]!.DeepClone();
        claims["client_id"] = Gateway;
        claims["scope"] = grantClaims["scope"]!.DeepClone();
        return Success(Sign(claims, "at+jwt"), 300, null, issuedTokenType: null);
    }
}
