using System.Text.Json.Nodes;
using TokenExchange.Issuers;

namespace Harness.Products;

/// <summary>OpenIddict 7: audiences, resources and scopes are permissions of the client.</summary>
internal sealed class OpenIddictProduct(TimeProvider clock) : Product(clock)
{
    public override string Profile => "openiddict";

    public override string? Target => null;

    public override string? SubjectTyp => "at+jwt";

    public bool GrantAllowed { get; set; } = true;

    /// <summary>Whether the client has the permission for the resource.</summary>
    public bool ResourceAllowed { get; set; } = true;

    /// <summary>Whether it has the permission for the scope.</summary>
    public bool ScopeAllowed { get; set; } = true;

    public override ClientSettings Client(ClientFiles files) => new() { Id = Gateway, Authentication = ClientAuthenticationMethod.PrivateKeyJwt, KeyFile = files.Ec, KeyId = "gateway-1" };

    protected override IReadOnlySet<string> Known { get; } = new HashSet<string>
    {
        "grant_type", "subject_token", "subject_token_type", "requested_token_type", "resource", "audience", "scope", "client_id", "client_assertion_type", "client_assertion",
    };

    protected override StubAnswer? Refusal(RecordedRequest request) =>
        request["grant_type"] is null ? Missing("grant_type")
        : request["client_id"] is null ? Missing("client_id")
        : request["client_id"] != Gateway ? Error(401, "invalid_client", 2052, "The specified 'client_id' is invalid.")
        : AssertionProblem(request, TestKeys.Es256, Stub.Issuer, 300, header => (string?)header["typ"] is "client-authentication+jwt" ? null : "typ") is { } problem
            ? problem == "aud" ? Error(400, "invalid_grant", 2094, "The specified token doesn't contain any valid audience, which may indicate that it was issued to be used with another application.")
            : Error(401, "invalid_client", 2091, "The signature associated to the specified token is not valid.")
        : request["grant_type"] != ExchangeGrant ? Error(400, "unsupported_grant_type", 2032, "The specified 'grant_type' is not supported.")
        : request["subject_token"] is null ? Missing("subject_token")
        : request["subject_token_type"] is null ? Missing("subject_token_type")
        : Subject(request) is not { } subject ? Error(400, "invalid_grant", 2004, "The specified token is invalid.")
        : !GrantAllowed ? Error(400, "unauthorized_client", 2064, "This client application is not allowed to use the specified grant type.")
        : !ResourceAllowed ? Error(400, "invalid_request", 2192, "This client application is not allowed to use the specified resource(s).")
        : !ScopeAllowed ? Error(400, "invalid_request", 2051, "This client application is not allowed to use the specified scope.")
        : request["resource"] is { } resource && resource != Resource ? Error(400, "invalid_target", 2190, "One of the specified 'resource' parameters is invalid.")
        : !subject["aud"]!.AsArray().Any(value => (string?)value == Gateway) ? Error(400, "invalid_grant", 2187, "The specified subject token cannot be used by this client application.")
        : null;

    protected override StubAnswer Issue(RecordedRequest request, JsonObject subject)
    {
        var claims = Claims(subject, 3600);
        claims["client_id"] = Gateway;
        claims["oi_prst"] = Gateway;
        claims["scope"] = Scope(request);
        if (request["resource"] is null && request["audience"] is null)
        {
            claims.Remove("aud");
        }

        return Success(Sign(claims, "at+jwt"), 3599, Scope(request));
    }

    private static StubAnswer Missing(string name) => Error(400, "invalid_request", 2029, $"The mandatory '{name}' parameter is missing.");

    private static StubAnswer Error(int status, string code, int number, string description) =>
        StubAnswer.Error(status, code, description, new JsonObject { ["error_uri"] = $"https://documentation.openiddict.com/errors/ID{number}" });
}
