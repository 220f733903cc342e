using System.Text.Json.Nodes;
using Harness;
using Harness.Products;
using TokenExchange.Issuers;
using TokenExchange.Outbound;
using Xunit;
using Error = TokenExchange.Outbound.ExchangeError;

namespace TokenExchange.Tests.Profiles;

/// <summary>
/// The second half of the profile table: each documented error of each product, brought about at a server that judges as
/// the product does, and what the gateway makes of it.
/// </summary>
public sealed class ProfileErrorTests
{
    private static readonly Row[] Table =
    [
        new("rfc8693", "the subject token is over", "400 invalid_request the subject_token is not valid", Error.SubjectRefused, "invalid_request", e => e.Clock.Advance(TimeSpan.FromMinutes(6))),
        new("rfc8693", "the resource is unknown", "400 invalid_target", Error.TargetRefused, "invalid_target", e => e.Target = e.Target with { Resource = "https://other.internal/mcp" }),
        new("rfc8693", "the policy says no", "403 access_denied", Error.TargetRefused, "access_denied", e => ((Standard)e.Product).PolicyAllows = false),
        new("rfc8693", "a scope is not the subject's", "400 invalid_scope", Error.TargetRefused, "invalid_scope", e => e.Scopes = "weather.admin"),
        new("rfc8693", "the secret is wrong", "401 invalid_client", Error.Misconfigured, "invalid_client", WrongSecret) { Held = true },
        new("rfc8693", "the client may not exchange", "400 unauthorized_client", Error.Misconfigured, "unauthorized_client", e => ((Standard)e.Product).GrantAllowed = false) { Held = true },

        new("keycloak", "the session is over", "400 invalid_request Invalid token", Error.SubjectRefused, "invalid_request", e => e.Clock.Advance(TimeSpan.FromMinutes(6))),
        new("keycloak", "no client is called like the target", "400 invalid_client Audience not found", Error.TargetRefused, "invalid_client", e => ((Keycloak)e.Product).TargetExists = false),
        new("keycloak", "the target client is disabled", "400 invalid_client Client disabled", Error.TargetRefused, "invalid_client", e => ((Keycloak)e.Product).TargetEnabled = false),
        new("keycloak", "no role or scope leads to the target", "400 invalid_request Requested audience not available: weather", Error.TargetRefused, "invalid_request", e => ((Keycloak)e.Product).TargetAvailable = false),
        new("keycloak", "the gateway is not in the subject's aud", "403 access_denied Client is not within the token audience", Error.TargetRefused, "access_denied", e => e.Subject = e.Token("other", claims => claims["aud"] = new JsonArray("https://mcp.example.com/weather"))),
        new("keycloak", "a scope is unknown", "400 invalid_scope Invalid scopes: nope", Error.TargetRefused, "invalid_scope", e => e.Scopes = "nope"),
        new("keycloak", "the switch is off", "400 invalid_request Standard token exchange is not enabled", Error.Misconfigured, "invalid_request", e => ((Keycloak)e.Product).SwitchedOn = false),
        new("keycloak", "the secret is wrong", "401 unauthorized_client Invalid client or Invalid client credentials", Error.Misconfigured, "unauthorized_client", WrongSecret) { Held = true },

        new("entra-obo", "the subject token is over", "400 invalid_grant AADSTS500133", Error.SubjectRefused, "invalid_grant", e => e.Clock.Advance(TimeSpan.FromMinutes(6))),
        new("entra-obo", "the subject token is for another app", "400 invalid_grant AADSTS500131", Error.SubjectRefused, "invalid_grant", e => e.Subject = e.Token("other", claims => claims["aud"] = "another-app")),
        new("entra-obo", "conditional access wants a claim", "400 interaction_required AADSTS50076", Error.InteractionRequired, "interaction_required", Trouble("interaction_required", 50076, "Due to a configuration change, you must use multi-factor authentication.", new() { ["claims"] = Entra.Challenge, ["suberror"] = "basic_action" })) { Claims = Entra.Challenge },
        new("entra-obo", "the same, spelt as a bad grant", "400 invalid_grant AADSTS53003", Error.InteractionRequired, "invalid_grant", Trouble("invalid_grant", 53003, "Access has been blocked by Conditional Access policies.", new() { ["claims"] = Entra.Challenge })) { Claims = Entra.Challenge },
        new("entra-obo", "the second factor is too old", "400 invalid_grant AADSTS50078", Error.InteractionRequired, "invalid_grant", Trouble("invalid_grant", 50078, "Presented multi-factor authentication has expired due to policies configured by your administrator.")),
        new("entra-obo", "conditional access says no and asks for nothing", "400 invalid_grant AADSTS53003", Error.TargetRefused, "invalid_grant", Trouble("invalid_grant", 53003, "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.")),
        new("entra-obo", "the device does not comply", "400 invalid_grant AADSTS53000", Error.TargetRefused, "invalid_grant", Trouble("invalid_grant", 53000, "Your device is required to be compliant to access this resource.")),
        new("entra-obo", "conditional access wants the user, without saying what", "400 interaction_required AADSTS53003", Error.InteractionRequired, "interaction_required", Trouble("interaction_required", 53003, "Access has been blocked by Conditional Access policies.")),
        new("entra-obo", "the user has to enrol", "400 invalid_grant AADSTS50079", Error.InteractionRequired, "invalid_grant", Trouble("invalid_grant", 50079, "You must enroll in multi-factor authentication.")),
        new("entra-obo", "nobody consented", "400 invalid_grant AADSTS65001", Error.InteractionRequired, "invalid_grant", Trouble("invalid_grant", 65001, "The user or administrator has not consented to use the application.", new() { ["suberror"] = "consent_required" })),
        new("entra-obo", "the App ID URI is unknown", "400 invalid_resource AADSTS500011", Error.TargetRefused, "invalid_resource", e => e.Target = e.Target with { Audience = "api://nobody" }),
        new("entra-obo", "the user is not assigned", "400 invalid_grant AADSTS50105", Error.TargetRefused, "invalid_grant", Trouble("invalid_grant", 50105, "The signed in user is not assigned to a role for the application.")),
        new("entra-obo", "a scope is malformed", "400 invalid_scope AADSTS70011", Error.TargetRefused, "invalid_scope", Trouble("invalid_scope", 70011, "The provided value for the input parameter 'scope' is not valid.")),
        new("entra-obo", "the tenant does not exist", "400 invalid_request AADSTS90002", Error.Misconfigured, "invalid_request", Trouble("invalid_request", 90002, "Tenant not found.")),
        new("entra-obo", "the certificate is not registered", "401 invalid_client AADSTS700027", Error.Misconfigured, "invalid_client", e => e.Client = e.Client with { KeyFile = e.Files.Stranger }) { Held = true },
        new("entra-obo", "the clock of the gateway is wrong", "401 invalid_client AADSTS700024", Error.Misconfigured, "invalid_client", Trouble("invalid_client", 700024, "Client assertion is not within its valid time range.")) { Held = true },
        new("entra-obo", "the secret ran out", "401 invalid_client AADSTS7000222", Error.Misconfigured, "invalid_client", Trouble("invalid_client", 7000222, "The provided client secret keys for app are expired.")) { Held = true },
        new("entra-obo", "the app is not in the tenant", "400 unauthorized_client AADSTS700016", Error.Misconfigured, "unauthorized_client", e => e.Client = e.Client with { Id = "somebody" }) { Held = true },

        new("entra-obo", "the subject is an application", "400 unauthorized_client AADSTS7000114", Error.SubjectRefused, "unauthorized_client", Trouble("unauthorized_client", 7000114, "Application is not allowed to make application on-behalf-of calls.")),
        new("entra-obo", "the tenant has not subscribed to the resource", "401 invalid_client AADSTS650052", Error.TargetRefused, "invalid_client", Trouble("invalid_client", 650052, "The app is trying to access a service that your organization lacks a service principal for.")),
        new("entra-obo", "consent is lacking, spelt otherwise", "401 invalid_client AADSTS65001", Error.InteractionRequired, "invalid_client", Trouble("invalid_client", 65001, "The user or administrator has not consented to use the application.")),
        new("entra-obo", "a number that nobody knows, of one request", "401 invalid_client AADSTS650011", Error.Misconfigured, "invalid_client", Trouble("invalid_client", 650011, "Something about this request.")),
        new("entra-obo", "the same of a permission", "400 unauthorized_client AADSTS70001149", Error.Misconfigured, "unauthorized_client", Trouble("unauthorized_client", 70001149, "Something about this request.")),
        new("entra-obo", "the app is disabled", "400 unauthorized_client AADSTS7000112", Error.Misconfigured, "unauthorized_client", Trouble("unauthorized_client", 7000112, "Application is disabled.")) { Held = true },

        new("auth0-obo", "the subject token is over", "400 invalid_grant", Error.SubjectRefused, "invalid_grant", e => e.Clock.Advance(TimeSpan.FromMinutes(6))),
        new("auth0-obo", "the chain of actors is too long", "400 invalid_request Delegation chain", Error.ActorChainRefused, "invalid_request", e => e.Subject = e.Token("other", claims => claims["act"] = Chain(5))),
        new("auth0-obo", "the API is unknown", "403 access_denied Service not found: https://weather.internal/mcp", Error.TargetRefused, "access_denied", e => ((Auth0)e.Product).ApiExists = false),
        new("auth0-obo", "the client has no grant for the API", "403 access_denied Client is not authorized to access", Error.TargetRefused, "access_denied", e => ((Auth0)e.Product).ClientGranted = false),
        new("auth0-obo", "an Action wants a second factor", "403 mfa_required Multifactor authentication required", Error.InteractionRequired, "mfa_required", e => ((Auth0)e.Product).WantsSecondFactor = true),
        new("auth0-obo", "the toggle is off", "403 unauthorized_client Grant type", Error.Misconfigured, "unauthorized_client", e => ((Auth0)e.Product).GrantAllowed = false) { Held = true },
        new("auth0-obo", "the secret is wrong", "401 access_denied Unauthorized", Error.Misconfigured, "access_denied", WrongSecret) { Held = true },

        new("okta", "the subject token is over", "400 invalid_grant subject token is invalid", Error.SubjectRefused, "invalid_grant", e => e.Clock.Advance(TimeSpan.FromMinutes(6))),
        new("okta", "the subject's aud is another", "400 invalid_grant subject token is invalid", Error.SubjectRefused, "invalid_grant", e => e.Subject = e.Token("other", claims => claims["aud"] = "api://default")),
        new("okta", "the inbound authorization server is not trusted", "400 invalid_grant subject token is invalid", Error.SubjectRefused, "invalid_grant", e => ((Okta)e.Product).Trusts = false),
        new("okta", "no policy rule fits", "400 access_denied Policy evaluation failed", Error.TargetRefused, "access_denied", e => ((Okta)e.Product).PolicyAllows = false),
        new("okta", "a scope is not configured", "400 invalid_scope One or more scopes are not configured", Error.TargetRefused, "invalid_scope", e => e.Scopes = "nope"),
        new("okta", "the application lacks the grant", "400 unauthorized_client The client is not authorized to use the provided grant type", Error.Misconfigured, "unauthorized_client", e => ((Okta)e.Product).GrantAllowed = false) { Held = true },
        new("okta", "the key is not registered", "401 invalid_client The client_assertion", Error.Misconfigured, "invalid_client", e => e.Client = e.Client with { KeyFile = e.Files.Stranger }) { Held = true },
        new("okta", "the assertion is for the issuer", "401 invalid_client The client_assertion", Error.Misconfigured, "invalid_client", e => e.Client = e.Client with { AssertionAudience = null }) { Held = true },
        new("okta", "the client is unknown", "401 invalid_client Invalid value for 'client_id' parameter.", Error.Misconfigured, "invalid_client", e => e.Client = e.Client with { Id = "somebody" }) { Held = true },

        new("zitadel", "the subject token is over", "400 invalid_request subject_token invalid", Error.SubjectRefused, "invalid_request", e => e.Clock.Advance(TimeSpan.FromMinutes(6))),
        new("zitadel", "the gateway is not in the subject's aud", "400 invalid_request subject_token invalid", Error.SubjectRefused, "invalid_request", e => e.Subject = e.Token("other", claims => claims["aud"] = new JsonArray("https://mcp.example.com/weather", Zitadel.Project))),
        new("zitadel", "the target is not in the subject's aud", "400 invalid_target audience \"320000000000000001\" not found in subject or actor token", Error.TargetRefused, "invalid_target", e => e.Subject = e.Token("other", claims => claims["aud"] = new JsonArray("https://mcp.example.com/weather", Product.Gateway))),
        new("zitadel", "a scope is not the subject's", "400 invalid_scope scope \"nope\" not found in subject or actor token", Error.TargetRefused, "invalid_scope", e => e.Scopes = "nope"),
        new("zitadel", "the feature is off", "400 invalid_request Errors.TokenExchange.FeatureDisabled", Error.Misconfigured, "invalid_request", e => ((Zitadel)e.Product).FeatureOn = false),
        new("zitadel", "actor tokens are off", "403 invalid_request Errors.TokenExchange.Impersonation.PolicyDisabled", Error.Misconfigured, "invalid_request", Answers(403, "invalid_request", "Errors.TokenExchange.Impersonation.PolicyDisabled")),
        new("zitadel", "the actor token is over", "400 invalid_request actor_token invalid", Error.Misconfigured, "invalid_request", Answers(400, "invalid_request", "actor_token invalid")),
        new("zitadel", "the actor may not act for the user", "403 invalid_request No matching permissions found", Error.TargetRefused, "invalid_request", Answers(403, "invalid_request", "No matching permissions found")),
        new("zitadel", "the actor has no role at all", "404 invalid_request membership not found", Error.TargetRefused, "invalid_request", Answers(404, "invalid_request", "membership not found")),
        new("zitadel", "the application lacks the grant", "400 unauthorized_client grant_type", Error.Misconfigured, "unauthorized_client", e => ((Zitadel)e.Product).GrantAllowed = false) { Held = true },
        new("zitadel", "the secret is wrong", "401 invalid_client invalid secret", Error.Misconfigured, "invalid_client", WrongSecret) { Held = true },

        new("authentik", "the subject token is over", "400 invalid_grant", Error.SubjectRefused, "invalid_grant", e => e.Clock.Advance(TimeSpan.FromMinutes(6))),
        new("authentik", "the target's policies keep the user out", "400 invalid_grant", Error.SubjectRefused, "invalid_grant", e => ((Authentik)e.Product).PolicyAllows = false),
        new("authentik", "the target is not federated", "400 invalid_target", Error.TargetRefused, "invalid_target", e => ((Authentik)e.Product).Federated = false),
        new("authentik", "the secret is wrong", "400 invalid_client Client authentication failed", Error.Misconfigured, "invalid_client", WrongSecret) { Held = true },

        new("openiddict", "the subject token is over", "400 invalid_grant The specified token is invalid.", Error.SubjectRefused, "invalid_grant", e => e.Clock.Advance(TimeSpan.FromMinutes(6))),
        new("openiddict", "the gateway is neither audience nor presenter", "400 invalid_grant The specified subject token cannot be used by this client application.", Error.SubjectRefused, "invalid_grant", e => e.Subject = e.Token("other", claims => claims["aud"] = new JsonArray("https://mcp.example.com/weather"))),
        new("openiddict", "the client may not use the resource", "400 invalid_request This client application is not allowed to use the specified resource(s).", Error.TargetRefused, "invalid_request", e => ((OpenIddictProduct)e.Product).ResourceAllowed = false),
        new("openiddict", "the client may not use the scope", "400 invalid_request This client application is not allowed to use the specified scope.", Error.TargetRefused, "invalid_request", e => ((OpenIddictProduct)e.Product).ScopeAllowed = false),
        new("openiddict", "the resource is unknown", "400 invalid_target One of the specified 'resource' parameters is invalid.", Error.TargetRefused, "invalid_target", e => e.Target = e.Target with { Resource = "https://other.internal/mcp" }),
        new("openiddict", "the client may not exchange", "400 unauthorized_client This client application is not allowed to use the specified grant type.", Error.Misconfigured, "unauthorized_client", e => ((OpenIddictProduct)e.Product).GrantAllowed = false) { Held = true },
        new("openiddict", "the assertion is for the token endpoint", "400 invalid_grant The specified token doesn't contain any valid audience", Error.Misconfigured, "invalid_grant", e => e.Client = e.Client with { AssertionAudience = e.Product.Stub.TokenEndpoint }) { Held = true },

        new("spring", "the subject token is over", "400 invalid_grant", Error.SubjectRefused, "invalid_grant", e => e.Clock.Advance(TimeSpan.FromMinutes(6))),
        new("spring", "the resource is no absolute URI", "400 invalid_request OAuth 2.0 Parameter: resource", Error.Misconfigured, "invalid_request", e => e.Target = e.Target with { Resource = "weather" }),
        new("spring", "the actor token is not of the type that is named", "400 invalid_request", Error.Misconfigured, "invalid_request", Answers(400, "invalid_request", null)),
        new("spring", "the client is not registered for a scope", "400 invalid_scope", Error.TargetRefused, "invalid_scope", e => ((Spring)e.Product).RegisteredScopes = "other"),
        new("spring", "the client may not exchange", "400 unauthorized_client", Error.Misconfigured, "unauthorized_client", e => ((Spring)e.Product).GrantAllowed = false) { Held = true },
        new("spring", "the secret is wrong", "401 invalid_client", Error.Misconfigured, "invalid_client", WrongSecret) { Held = true },

        new("tokendings", "the subject token is over", "400 invalid_request invalid subject_token: token verification failed", Error.SubjectRefused, "invalid_request", e => e.Clock.Advance(TimeSpan.FromMinutes(6))),
        new("tokendings", "the inbound issuer is not configured there", "400 invalid_request invalid subject_token: invalid request, cannot validate token from issuer", Error.Misconfigured, "invalid_request", e => ((Tokendings)e.Product).TrustsIssuer = false),
        new("tokendings", "the target is not registered", "400 invalid_request token exchange audience prod:weather:mcp is invalid", Error.TargetRefused, "invalid_request", e => ((Tokendings)e.Product).TargetExists = false),
        new("tokendings", "the target's access policy leaves us out", "400 invalid_request client 'mcp-gateway' is not authorized to get token", Error.TargetRefused, "invalid_request", e => ((Tokendings)e.Product).PolicyAllows = false),
        new("tokendings", "the assertion is for the token endpoint", "400 invalid_request token verification failed", Error.Misconfigured, "invalid_request", e => e.Client = e.Client with { AssertionAudience = e.Product.Stub.TokenEndpoint }),
        new("tokendings", "the gateway is not registered", "401 invalid_client invalid client authentication", Error.Misconfigured, "invalid_client", e => ((Tokendings)e.Product).Registered = false) { Held = true },

        new("cognito", "the subject token is over", "400 invalid_grant", Error.SubjectRefused, "invalid_grant", e => e.Clock.Advance(TimeSpan.FromMinutes(6))),
        new("cognito", "the resource server is unknown", "400 invalid_target", Error.TargetRefused, "invalid_target", e => ((Cognito)e.Product).ResourceServerExists = false),
        new("cognito", "a scope is not the subject's", "400 invalid_scope", Error.TargetRefused, "invalid_scope", e => e.Scopes = "weather.admin"),
        new("cognito", "the flow is not allowed", "400 unauthorized_client", Error.Misconfigured, "unauthorized_client", e => ((Cognito)e.Product).FlowAllowed = false) { Held = true },
        new("cognito", "the secret is wrong", "400 invalid_client", Error.Misconfigured, "invalid_client", WrongSecret) { Held = true },

        new("workos", "the subject token is over", "400 invalid_grant", Error.SubjectRefused, "invalid_grant", e => e.Clock.Advance(TimeSpan.FromMinutes(6))),
        new("workos", "the resource is not registered", "400 invalid_target", Error.TargetRefused, "invalid_target", e => ((WorkOs)e.Product).ResourceRegistered = false),
        new("workos", "the application is a third party's", "400 unauthorized_client", Error.Misconfigured, "unauthorized_client", e => ((WorkOs)e.Product).FirstParty = false) { Held = true },
        new("workos", "the secret is wrong", "401 invalid_client", Error.Misconfigured, "invalid_client", WrongSecret) { Held = true },

        new("id-jag", "the subject token is over", "400 invalid_grant Subject token validation failed", Error.SubjectRefused, "invalid_grant", e => e.Clock.Advance(TimeSpan.FromMinutes(6))),
        new("id-jag", "the resource is unknown", "400 invalid_target", Error.TargetRefused, "invalid_target", e => e.Target = e.Target with { Resource = "https://other.internal/mcp" }),
        new("id-jag", "the policy denies the app", "400 access_denied The policy denies", Error.TargetRefused, "access_denied", e => ((CrossApp)e.Product).PolicyAllows = false),
        new("id-jag", "the user has to step up", "400 insufficient_user_authentication", Error.InteractionRequired, "insufficient_user_authentication", e => ((CrossApp)e.Product).WantsStepUp = true),
        new("id-jag", "the secret is wrong", "401 invalid_client", Error.Misconfigured, "invalid_client", WrongSecret) { Held = true },
    ];

    public static TheoryData<string, string> Rows => [.. Table.Select(row => (row.Profile, row.Situation))];

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task Each_documented_error_is_handled_as_what_it_means(string profile, string situation)
    {
        var row = Table.Single(one => one.Profile == profile && one.Situation == situation);
        await using var exchange = new ProductExchange(ProductList.ByProfile[profile]);
        row.Arrange(exchange);

        var refused = Assert.IsType<ExchangeResult.Refused>(await exchange.RunAsync());

        AnswerText.AssertIs(row.Answer, Assert.Single(exchange.Product.Answers));
        Assert.Equal((row.Expected, row.Diagnostic, row.Claims), (refused.Error, refused.Diagnostic, refused.Claims));
        await NeverTakenForAnOutageAsync(exchange, row);
    }

    public static TheoryData<string, int, string, string, int> Outages => new()
    {
        // Status, headers, body, and after how many seconds a client may come back.
        { "rfc8693", 503, "Retry-After: 7\r\n", """{"error":"temporarily_unavailable"}""", 7 },
        { "keycloak", 500, "", """{"error":"unknown_error","error_description":"For more on this error consult the server log."}""", 5 },
        { "keycloak", 503, "", "<html>starting</html>", 5 },
        { "entra-obo", 429, "Retry-After: 10\r\n", """{"error":"too_many_requests","error_description":"AADSTS90055"}""", 10 },
        { "entra-obo", 503, "Retry-After: 20\r\n", """{"error":"temporarily_unavailable","error_description":"AADSTS90033"}""", 20 },
        { "entra-obo", 400, "", """{"error":"temporarily_unavailable","error_description":"AADSTS90033: A transient error has occurred."}""", 5 },
        { "auth0-obo", 429, "x-ratelimit-reset: 1767268860\r\n", """{"error":"too_many_requests","error_description":"Global limit has been reached"}""", 5 },
        { "okta", 429, "X-Rate-Limit-Reset: 1767268860\r\n", """{"errorCode":"E0000047","errorSummary":"API call exceeded rate limit due to too many requests."}""", 5 },
        { "zitadel", 500, "", """{"error":"server_error","error_description":"Errors.Internal"}""", 5 },
        { "authentik", 502, "", "<html></html>", 5 },
        { "openiddict", 503, "", "", 5 },
        { "spring", 400, "", """{"error":"server_error","error_description":"The token generator failed to generate the access token."}""", 5 },
        { "tokendings", 500, "", """{"error":"server_error"}""", 5 },
        { "cognito", 429, "", """{"error":"too_many_requests"}""", 5 },
        { "workos", 500, "", """{"message":"Internal server error"}""", 5 },
        { "id-jag", 503, "Retry-After: 3600\r\n", "", 30 },
    };

    [Theory]
    [MemberData(nameof(Outages))]
    public async Task Each_outage_is_one_whatever_the_body_says(string profile, int status, string headers, string body, int seconds)
    {
        await using var exchange = new ProductExchange(ProductList.ByProfile[profile]);
        exchange.Product.Outage = StubAnswer.Raw(status, "Content-Type: application/json\r\n" + headers, body);

        var unavailable = Assert.IsType<ExchangeResult.Unavailable>(await exchange.RunAsync());

        Assert.Equal(TimeSpan.FromSeconds(seconds), unavailable.RetryAfter);
        Assert.Equal(status >= 500 && !headers.Contains("Retry-After", StringComparison.Ordinal) ? 2 : 1, exchange.Product.Stub.Posts.Count);
    }

    /// <summary>Neither tried again, nor counted by the breaker; held against the client only where the client is meant.</summary>
    private static async Task NeverTakenForAnOutageAsync(ProductExchange exchange, Row row)
    {
        for (var i = 0; i < 6; i++)
        {
            Assert.IsType<ExchangeResult.Refused>(await exchange.RunAsync());
        }

        Assert.Equal(row.Held ? 1 : 7, exchange.Product.Stub.Posts.Count);
        if (row.Held)
        {
            exchange.Clock.Advance(TimeSpan.FromSeconds(10));
            Assert.IsType<ExchangeResult.Refused>(await exchange.RunAsync());
            Assert.Equal(2, exchange.Product.Stub.Posts.Count);
        }
    }

    private static Action<ProductExchange> Answers(int status, string code, string? description) => exchange => exchange.Product.Answering = (_, _) => StubAnswer.Error(status, code, description);

    private static void WrongSecret(ProductExchange exchange) => exchange.Client = exchange.Client with { Secret = new ClientSecret("wrong") };

    private static Action<ProductExchange> Trouble(string code, int number, string text, JsonObject? more = null) => exchange => ((Entra)exchange.Product).Trouble = (code, number, text, more);

    private static JsonObject Chain(int depth) => depth == 1 ? new JsonObject { ["sub"] = "actor" } : new JsonObject { ["sub"] = "actor", ["act"] = Chain(depth - 1) };

    private sealed record Row(string Profile, string Situation, string Answer, Error Expected, string Diagnostic, Action<ProductExchange> Arrange)
    {
        /// <summary>Whether it is the client itself that is refused, so that it is not asked again for 5 to 10 s.</summary>
        public bool Held { get; init; }

        /// <summary>The claims challenge that is passed on.</summary>
        public string? Claims { get; init; }
    }
}
