using System.Text.Json.Nodes;
using TokenExchange.Inbound;

namespace Harness.Products;

/// <summary>Spring Authorization Server 1.3: reads the target and forgets it, unless a customizer puts it into the token.</summary>
internal sealed class Spring(TimeProvider clock) : Product(clock)
{
    public override string Profile => "spring";

    public override string? Target => null;

    public override string? SubjectTyp => null;

    public bool GrantAllowed { get; set; } = true;

    /// <summary>Whether an OAuth2TokenCustomizer sets <c>aud</c> from the request and writes <c>scope</c> as one string.</summary>
    public bool Customized { get; set; } = true;

    /// <summary>Scopes that the client is registered for: without the parameter, and whatever the subject has, all that the subject has of these.</summary>
    public string RegisteredScopes { get; set; } = "weather.read weather.write";

    protected override IReadOnlySet<string> Known { get; } =
        new HashSet<string> { "grant_type", "subject_token", "subject_token_type", "requested_token_type", "resource", "audience", "scope", "client_id", "client_assertion_type", "client_assertion" };

    protected override StubAnswer? Refusal(RecordedRequest request) =>
        !(request["client_assertion"] is null ? BasicIs(request, Gateway, Secret) : AssertionProblem(request, TestKeys.Es256, Stub.Issuer, 300, NotJwt) is null) ? StubAnswer.Error(401, "invalid_client")
        : request["grant_type"] is null ? Parameter("grant_type")
        : request["grant_type"] != ExchangeGrant ? StubAnswer.Error(400, "unsupported_grant_type", "OAuth 2.0 Parameter: grant_type")
        : request["resource"] is { } resource && !(Uri.TryCreate(resource, UriKind.Absolute, out var uri) && uri.Fragment.Length == 0) ? Parameter("resource")
        : Twice(request, "resource", "audience") ? Parameter("scope")
        : request["requested_token_type"] is { } requested && !IsSupported(requested) ? Type("requested_token_type")
        : request["subject_token"] is null ? Parameter("subject_token")
        : request["subject_token_type"] is not { } type ? Parameter("subject_token_type")
        : !IsSupported(type) ? Type("subject_token_type")
        : !GrantAllowed ? StubAnswer.Error(400, "unauthorized_client")
        : Subject(request) is null ? StubAnswer.Error(400, "invalid_grant")
        : !ScopeSet.Parse(Scope(request)).IsSubsetOf(ScopeSet.Parse(RegisteredScopes)) ? StubAnswer.Error(400, "invalid_scope")
        : null;

    protected override StubAnswer Issue(RecordedRequest request, JsonObject subject)
    {
        var scopes = request["scope"] ?? (string)subject["scope"]!;
        var claims = Claims(subject, 300);
        claims["nbf"] = Now.ToUnixTimeSeconds();
        claims["aud"] = Customized ? (request["resource"] ?? request["audience"]) : Gateway;
        claims["scope"] = Customized ? scopes : new JsonArray([.. scopes.Split(' ').Select(scope => JsonValue.Create(scope))]);
        return Success(Sign(claims, typ: null), 299, scopes);
    }

    // Spring Security before 7, by way of its library, takes no other type than this or none.
    private static string? NotJwt(JsonObject header) => (string?)header["typ"] is null or "JWT" ? null : "typ";

    private static bool IsSupported(string type) => type is AccessTokenType or JwtType;

    private static StubAnswer Parameter(string name) =>
        StubAnswer.Error(400, "invalid_request", "OAuth 2.0 Parameter: " + name, new JsonObject { ["error_uri"] = "https://datatracker.ietf.org/doc/html/rfc6749#section-5.2" });

    private static StubAnswer Type(string name) =>
        StubAnswer.Error(400, "unsupported_token_type", "OAuth 2.0 Token Exchange parameter: " + name, new JsonObject { ["error_uri"] = "https://datatracker.ietf.org/doc/html/rfc8693#section-3" });
}
