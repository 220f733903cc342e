using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using TokenExchange.Issuers;

namespace Harness.Products;

/// <summary>Microsoft Entra ID, v2.0 endpoint: the on-behalf-of flow.</summary>
internal sealed class Entra(TimeProvider clock) : Product(clock)
{
    public const string WeatherApp = "5a1c0e8e-3d2b-4b0e-9c1a-77d2f3a90b11";
    public const string Challenge = """{"access_token":{"acrs":{"essential":true,"value":"c1"}}}""";

    public override string Profile => "entra-obo";

    public override string? Target => "api://weather";

    public override string ResultAudience => WeatherApp;

    /// <summary>An error of the tenant's making, in place of a token: code, AADSTS number, text and what else comes along.</summary>
    public (string Code, int Number, string Text, JsonObject? More)? Trouble { get; set; }

    public int Lifetime { get; set; } = 75 * 60;

    public override JsonObject SubjectClaims => new()
    {
        ["aud"] = Gateway,
        ["oid"] = "00000000-1111-2222-3333-444444444444",
        ["tid"] = "99999999-8888-7777-6666-555555555555",
        ["ver"] = "2.0",
        ["azp"] = "agent",
    };

    public override ClientSettings Client(ClientFiles files) => new()
    {
        Id = Gateway,
        Authentication = ClientAuthenticationMethod.PrivateKeyJwt,
        KeyFile = files.Rsa,
        CertificateFile = files.Certificate,
        AssertionAudience = Stub.TokenEndpoint,
    };

    protected override string SubjectParameter => "assertion";

    protected override IReadOnlySet<string> Known { get; } =
        new HashSet<string> { "grant_type", "assertion", "requested_token_use", "scope", "client_id", "client_assertion_type", "client_assertion" };

    protected override StubAnswer? Refusal(RecordedRequest request) =>
        Missing(request, "grant_type", "client_id", "scope")
        ?? (request["resource"] is not null ? Error(400, "invalid_request", 901002, "The 'resource' request parameter is not supported.")
        : request["grant_type"] != BearerGrant ? Error(400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
        : Missing(request, "assertion", "requested_token_use") is { } missing ? missing
        : request["client_id"] != Gateway ? Error(400, "unauthorized_client", 700016, "Application was not found in the directory.")
        : request["client_assertion"] is null ? Error(401, "invalid_client", 7000218, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.")
        : AssertionProblem(request, TestKeys.Rs256, Stub.TokenEndpoint, 600, UnknownCertificate) is not null
            ? Error(401, "invalid_client", 700027, "The certificate with identifier used to sign the client assertion is not registered on application.")
        : Trouble is { } trouble ? Error(trouble.Code == "invalid_client" ? 401 : 400, trouble.Code, trouble.Number, trouble.Text, trouble.More)
        : !request["scope"]!.Contains('/', StringComparison.Ordinal) ? Error(400, "invalid_scope", 70011, "The provided value for the input parameter 'scope' is not valid.")
        : request["scope"] != $"{Target}/.default" ? Error(400, "invalid_resource", 500011, "The resource principal was not found in the tenant.")
        : Subject(request) is not { } subject ? Error(400, "invalid_grant", 500133, "Assertion is not within its valid time range.")
        : (string?)subject["aud"] != Gateway ? Error(400, "invalid_grant", 500131, "Assertion audience does not match the Client app presenting the assertion.")
        : null);

    protected override StubAnswer Issue(RecordedRequest request, JsonObject subject)
    {
        var claims = Claims(subject, Lifetime);
        claims["sub"] = "pairwise-of-weather";
        claims["azp"] = Gateway;
        claims["azpacr"] = "2";
        claims["oid"] = subject["oid"]!.DeepClone();
        claims["tid"] = subject["tid"]!.DeepClone();
        claims["scp"] = "weather.read";
        claims["ver"] = "2.0";

        // What was asked for is repeated beside what it stands for.
        return Success(Sign(claims), Lifetime, $"{Target}/weather.read {Target}/.default", issuedTokenType: null, body =>
        {
            body["ext_expires_in"] = Lifetime;
            body["refresh_token"] = "1.AXoA-refresh";
        });
    }

    private static StubAnswer? Missing(RecordedRequest request, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (request[name] is null)
            {
                return Error(400, "invalid_request", 900144, $"The request body must contain the following parameter: '{name}'.");
            }
        }

        return null;
    }

    private static string? UnknownCertificate(JsonObject header) =>
        (string?)header["x5t#S256"] == Base64Url.EncodeToString(SHA256.HashData(ClientFiles.Self.RawData)) ? null : "certificate";

    private static StubAnswer Error(int status, string code, int number, string text, JsonObject? more = null)
    {
        var body = more?.DeepClone().AsObject() ?? [];
        body["error_codes"] = new JsonArray(number);
        body["timestamp"] = "2026-01-01 12:00:00Z";
        body["trace_id"] = "0a1b2c3d-0000-0000-0000-000000000000";
        body["correlation_id"] = "0a1b2c3d-0000-0000-0000-000000000000";
        body["error_uri"] = $"https://login.microsoftonline.com/error?code={number}";
        return StubAnswer.Error(status, code, $"AADSTS{number}: {text} Trace ID: 0a1b2c3d-0000-0000-0000-000000000000 Correlation ID: 0a1b2c3d-0000-0000-0000-000000000000 Timestamp: 2026-01-01 12:00:00Z", body);
    }
}
