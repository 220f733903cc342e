using System.Text.Json.Nodes;
using TokenExchange.Issuers;

namespace Harness.Products;

/// <summary>Auth0: on-behalf-of token exchange by a Custom API client.</summary>
internal sealed class Auth0(TimeProvider clock) : Product(clock)
{
    public override string Profile => "auth0-obo";

    public override string? Target => "https://weather.internal/mcp";

    /// <summary>The toggle "On-Behalf-Of Token Exchange" of the client.</summary>
    public bool GrantAllowed { get; set; } = true;

    /// <summary>Whether the API exists, and whether the client has a user-delegated grant for it.</summary>
    public bool ApiExists { get; set; } = true;

    public bool ClientGranted { get; set; } = true;

    /// <summary>Whether an Action or policy asks for a second factor.</summary>
    public bool WantsSecondFactor { get; set; }

    /// <summary>The API's token lifetime; the dashboard's default is 86 400 s.</summary>
    public int Lifetime { get; set; } = 600;

    public override JsonObject SubjectClaims => new() { ["aud"] = new JsonArray("https://mcp.example.com/weather", Stub.Issuer + "/userinfo"), ["azp"] = "agent" };

    public override ClientSettings Client(ClientFiles files) => base.Client(files) with { Authentication = ClientAuthenticationMethod.ClientSecretPost };

    protected override IReadOnlySet<string> Known { get; } =
        new HashSet<string> { "grant_type", "subject_token", "subject_token_type", "requested_token_type", "audience", "scope", "client_id", "client_secret" };

    protected override StubAnswer? Refusal(RecordedRequest request) =>
        request["grant_type"] is null ? StubAnswer.Error(400, "invalid_request", "Missing required parameter: grant_type")
        : request["client_id"] != Gateway || request["client_secret"] != Secret ? StubAnswer.Error(401, "access_denied", "Unauthorized")
        : request["grant_type"] != ExchangeGrant || !GrantAllowed ? StubAnswer.Error(403, "unauthorized_client", $"Grant type '{request["grant_type"]}' not allowed for the client.")
        : Missing(request, "subject_token", "subject_token_type", "requested_token_type", "audience") is { } missing ? missing
        : request["subject_token_type"] != AccessTokenType || request["requested_token_type"] != AccessTokenType ? StubAnswer.Error(400, "invalid_request", "Unsupported token type")
        : Subject(request) is not { } subject ? StubAnswer.Error(400, "invalid_grant", "Invalid subject token")
        : Depth(subject) > 4 ? StubAnswer.Error(400, "invalid_request", "Delegation chain (`act` claim) depth exceeds the maximum allowed limit of 4")
        : !ApiExists || request["audience"] != Target ? StubAnswer.Error(403, "access_denied", $"Service not found: {request["audience"]}")
        : !ClientGranted ? StubAnswer.Error(403, "access_denied", $"Client is not authorized to access \"{Target}\".")
        : WantsSecondFactor ? StubAnswer.Error(403, "mfa_required", "Multifactor authentication required", new JsonObject { ["mfa_token"] = "Fe26.2*secret" })
        : null;

    protected override StubAnswer Issue(RecordedRequest request, JsonObject subject)
    {
        var claims = Claims(subject, Lifetime);
        claims["azp"] = Gateway;
        claims["scope"] = Scope(request);
        claims["gty"] = ExchangeGrant;
        claims["act"] = new JsonObject { ["sub"] = Gateway, ["act"] = new JsonObject { ["sub"] = "agent" } };
        return Success(Sign(claims), Lifetime, Scope(request));
    }

    private static int Depth(JsonObject subject) => subject["act"] is JsonObject actor ? 1 + Depth(actor) : 0;

    private static StubAnswer? Missing(RecordedRequest request, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (request[name] is null)
            {
                return StubAnswer.Error(400, "invalid_request", $"Missing required parameter: {name}");
            }
        }

        return null;
    }
}
