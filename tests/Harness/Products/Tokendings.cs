using System.Text.Json.Nodes;
using TokenExchange.Issuers;

namespace Harness.Products;

/// <summary>Tokendings: a broker that copies the claims of a subject token of an issuer it trusts into a token of its own.</summary>
internal sealed class Tokendings(TimeProvider clock) : Product(clock)
{
    private readonly TestAuthorizationServer identityProvider = new(keys: TestKeys.Es256);

    public override string Profile => "tokendings";

    public override TestAuthorizationServer InboundIssuer => identityProvider;

    public override string? SubjectTyp => "at+jwt";

    public override string? Target => "prod:weather:mcp";

    public bool Registered { get; set; } = true;

    /// <summary>Whether the inbound issuer is configured there.</summary>
    public bool TrustsIssuer { get; set; } = true;

    /// <summary>Whether the target application exists, and whether its access policy names the gateway.</summary>
    public bool TargetExists { get; set; } = true;

    public bool PolicyAllows { get; set; } = true;

    public override JsonObject SubjectClaims => new() { ["aud"] = "https://mcp.example.com/weather", ["acr"] = "Level4" };

    public override string SubjectScope => "weather.read";

    public override ClientSettings Client(ClientFiles files) => new() { Id = Gateway, Authentication = ClientAuthenticationMethod.PrivateKeyJwt, KeyFile = files.Rsa, KeyId = "gateway-1" };

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await identityProvider.DisposeAsync();
    }

    protected override IReadOnlySet<string> Known { get; } =
        new HashSet<string> { "grant_type", "subject_token", "subject_token_type", "audience", "resource", "scope", "client_assertion_type", "client_assertion", "client_id" };

    protected override StubAnswer? Refusal(RecordedRequest request) =>
        request["client_assertion_type"] is null ? Invalid("Parameter client_assertion_type missing")
        : request["client_assertion"] is null ? Invalid("Parameter client_assertion missing")
        : !Registered ? StubAnswer.Error(401, "invalid_client", $"invalid client authentication for client_id={Gateway}, client not registered.")
        : AssertionProblem(request, TestKeys.Rs256, Stub.Issuer, 120, NotJwt) is { } problem ? Invalid("token verification failed: " + (problem == "aud" ? "JWT+aud+claim+has+value" : "Signed+JWT+rejected"))
        : request["grant_type"] != ExchangeGrant ? StubAnswer.Error(403, "access_denied", $"could not find authorizer for grant_type={request["grant_type"]}")
        : request["subject_token_type"] != JwtType ? Invalid($"Parameter subject_token_type must be {JwtType}")
        : request["subject_token"] is null ? Invalid("Parameter subject_token missing")
        : request["audience"] is not { } audience ? Invalid("Parameter audience missing")
        : !TargetExists || audience != Target ? Invalid($"token exchange audience {audience} is invalid")
        : !PolicyAllows ? Invalid($"client '{Gateway}' is not authorized to get token with aud={Target}")
        : !TrustsIssuer ? Invalid("invalid subject_token: invalid request, cannot validate token from issuer=https://elsewhere.example")
        : Subject(request) is null ? Invalid("invalid subject_token: token verification failed: Expired+JWT")
        : null;

    protected override StubAnswer Issue(RecordedRequest request, JsonObject subject)
    {
        var claims = subject.DeepClone().AsObject();
        foreach (var (name, value) in Claims(subject, 300))
        {
            claims[name] = value?.DeepClone();
        }

        claims["nbf"] = Now.ToUnixTimeSeconds();
        claims["idp"] = subject["iss"]!.DeepClone();
        claims["client_id"] = Gateway;
        return Success(Sign(claims), 299, request["scope"]);
    }

    // Its library knows one type.
    private static string? NotJwt(JsonObject header) => (string?)header["alg"] == "RS256" && (string?)header["typ"] == "JWT" ? null : "type";

    private static StubAnswer Invalid(string description) => StubAnswer.Error(400, "invalid_request", description);
}
