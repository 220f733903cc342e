using TokenExchange.Outbound;

namespace Gateway.Commands;

/// <summary>What is behind an error at a product, where it is not what the error says; docs/authorization-servers repeats it page by page.</summary>
internal static class ProductHints
{
    private const string Credentials = "client id, secret or key are not the registered ones";

    public static string? For(string profile, ExchangeResult.Refused refused) => (profile, refused.Error, refused.Diagnostic) switch
    {
        ("keycloak", ExchangeError.Misconfigured, "unauthorized_client" or "invalid_client") => Credentials,
        ("keycloak", ExchangeError.Misconfigured, "invalid_request") => "switch on 'Standard token exchange' at the client",
        ("keycloak", ExchangeError.TargetRefused, "access_denied") => "the gateway's client must be in the subject token's aud: add an audience mapper for it to a scope of the MCP clients",
        ("keycloak", ExchangeError.TargetRefused, "invalid_client") => "Audience is not the id of an enabled client of the realm",
        ("keycloak", ExchangeError.TargetRefused, "invalid_request") => "give the gateway's client a role or scope of the target, so that the audience is available to it",
        ("keycloak", ExchangeError.SubjectRefused, _) => "the user's session has ended, or the token is of another realm",

        ("entra-obo", ExchangeError.Misconfigured, "invalid_client") => "the secret or certificate is wrong, over, or not registered at the app",
        ("entra-obo", ExchangeError.Misconfigured, "unauthorized_client") => "Client:Id is no application of this tenant",
        ("entra-obo", ExchangeError.Misconfigured, _) => "the tenant in Issuer or TokenEndpoint is wrong, or this is no Entra endpoint",
        ("entra-obo", ExchangeError.TargetRefused, "invalid_client") => "Audience names an application that the tenant has no service principal for, or that the gateway's application does not list",
        ("entra-obo", ExchangeError.TargetRefused, "invalid_resource") => "Audience is not the App ID URI of an application in the tenant",
        ("entra-obo", ExchangeError.TargetRefused, "invalid_grant") => "the user is not assigned to the target application, or that is not in the tenant",
        ("entra-obo", ExchangeError.InteractionRequired, _) => "the user must consent or sign in again; grant admin consent to the gateway's delegated permissions",
        ("entra-obo", ExchangeError.SubjectRefused, _) => "the subject token must be a user's, not over, and for this very application (aud is Client:Id or its App ID URI)",

        ("auth0-obo", ExchangeError.Misconfigured, "access_denied") => Credentials,
        ("auth0-obo", ExchangeError.Misconfigured, "unauthorized_client") => "switch on 'On-Behalf-Of Token Exchange' at the application, which must be a Custom API client",
        ("auth0-obo", ExchangeError.TargetRefused, _) => "Audience is no API of the tenant, or the application has no user-delegated grant for it",
        ("auth0-obo", ExchangeError.ActorChainRefused, _) => "the subject token holds more than four actors already",
        ("auth0-obo", ExchangeError.InteractionRequired, _) => "an Action or policy asks for a second factor; it must not for token exchanges",

        ("okta", ExchangeError.Misconfigured, "invalid_client") => "client id or key are not the registered ones, or AssertionAudience is not the token endpoint",
        ("okta", ExchangeError.Misconfigured, "unauthorized_client") => "allow the grant 'Token Exchange' at the application",
        ("okta", ExchangeError.TargetRefused, "access_denied") => "no rule of an access policy admits this client, the user and every scope",
        ("okta", ExchangeError.TargetRefused, "invalid_scope") => "a scope is not defined at this authorization server; openid and offline_access cannot be had",
        ("okta", ExchangeError.SubjectRefused, _) => "the subject token is over, its authorization server is not among the trusted servers, its aud is not that server's audience, or Audience is not this one's",

        ("zitadel", ExchangeError.Misconfigured, "invalid_request") => "switch on token exchange in the instance's feature settings",
        ("zitadel", ExchangeError.Misconfigured, "unauthorized_client") => "allow the grant 'Token Exchange' at the application",
        ("zitadel", ExchangeError.TargetRefused, "invalid_target") => "the subject token's aud must hold the target: clients ask for the scope urn:zitadel:iam:org:project:id:{id}:aud",
        ("zitadel", ExchangeError.TargetRefused, "invalid_scope") => "scopes are only narrowed: the subject token must hold each",
        ("zitadel", ExchangeError.SubjectRefused, _) => "the subject token is over, or its aud does not hold the gateway's client id or project",

        ("authentik", ExchangeError.TargetRefused, _) => "the target's provider must list the gateway's under 'Federated OAuth2/OpenID Providers' and have an application",
        ("authentik", ExchangeError.SubjectRefused, _) => "the subject token is over, its provider is not federated with the gateway's, 'Token exchange' is no grant type of it, or the target's policies keep the user out",

        ("openiddict", ExchangeError.Misconfigured, "invalid_client" or "invalid_grant") => "the key is not the registered one, or the assertion's audience is not exactly the issuer: mind the slash, and leave AssertionAudience out",
        ("openiddict", ExchangeError.TargetRefused, _) => "the application lacks the permission for the resource or audience, or for a scope",
        ("openiddict", ExchangeError.SubjectRefused, _) => "the subject token is over, or names the gateway's client neither as audience nor as presenter",

        ("spring", ExchangeError.Misconfigured, "invalid_request") => "Resource must be an absolute URI without a fragment",
        ("spring", ExchangeError.TargetRefused, "invalid_scope") => "the client is not registered for a scope",

        ("tokendings", ExchangeError.Misconfigured, "invalid_request") => "it does not trust the inbound issuer, or not the assertion: RSA key, aud is its issuer (older versions: AssertionAudience is the token endpoint)",
        ("tokendings", ExchangeError.TargetRefused, _) => "the target's access policy must name the gateway's client; Audience is cluster:namespace:app",

        ("cognito", ExchangeError.Misconfigured, "unauthorized_client") => "add ALLOW_TOKEN_EXCHANGE_IMPERSONATION to the app client's ExplicitAuthFlows (ALLOW_TOKEN_EXCHANGE_DELEGATION with an actor token)",
        ("cognito", ExchangeError.Misconfigured, "invalid_client") => Credentials,
        ("cognito", ExchangeError.TargetRefused, _) => "Audience is no resource server of the user pool, or a scope is not one of its",
        ("cognito", ExchangeError.SubjectRefused, _) => "the subject token is over, revoked, or not an access token of this user pool",

        ("workos", ExchangeError.Misconfigured, "unauthorized_client") => "only first-party Connect applications may exchange",
        ("workos", ExchangeError.Misconfigured, "invalid_client") => Credentials,
        ("workos", ExchangeError.TargetRefused, _) => "Resource is not a registered resource of the environment, or a scope is not the subject token's",
        ("workos", ExchangeError.SubjectRefused, _) => "the subject token is over, or not of this environment",

        ("id-jag", ExchangeError.InteractionRequired, _) => "the identity provider wants the user to sign in more strongly",
        ("id-jag", ExchangeError.TargetRefused, _) => "the identity provider's policy does not let this client have this resource, or does not know it",
        ("id-jag", ExchangeError.SubjectRefused, _) => "the identity provider does not take this token as a subject, or the second authorization server does not trust it",
        _ => null,
    };

    public static string? For(string profile, ResultRejection rejection) => (profile, rejection) switch
    {
        ("keycloak", ResultRejection.Scope) => "the gateway's client has default client scopes: make them optional, or list them in ExtraResultScopes",
        ("keycloak", ResultRejection.Subject) => "versions before the fix of CVE-2026-9704 dropped subject tokens over 4 000 characters; update",
        ("entra-obo", ResultRejection.Audience) => "put the target's application id, a GUID, into ResultAudiences",
        ("entra-obo", ResultRejection.Issuer) => "a v1 resource: add https://sts.windows.net/TENANT/ as an authorization server and name it in ResultIssuer",
        ("entra-obo", ResultRejection.Scope) => "the result holds every consented permission: list the others in ExtraResultScopes",
        ("auth0-obo", ResultRejection.Lifetime) => "lower the API's token lifetime; the default is a day",
        ("zitadel", ResultRejection.Lifetime) => "lower the instance's access token lifetime; the default is twelve hours",
        ("authentik", ResultRejection.Issuer or ResultRejection.Signature) => "the target's provider signs: add it as an authorization server and name it in ResultIssuer",
        ("spring", ResultRejection.Audience) => "no OAuth2TokenCustomizer puts the requested resource into aud",
        ("spring", ResultRejection.Shape) => "scope is a list unless an OAuth2TokenCustomizer writes it as one string",
        ("tokendings", ResultRejection.Scope) => "it copies the subject token's scopes: leave Scopes and ScopeMap out, and list openid and the like in ExtraResultScopes",
        ("tokendings", ResultRejection.Actor) => "it copies the subject token's act, which names another actor than the gateway",
        ("id-jag", ResultRejection.Audience or ResultRejection.Issuer or ResultRejection.Actor or ResultRejection.Shape) => "the grant or the token is not the one asked for: ID-JAG of AuthorizationServer, for the issuer of ResultIssuer, this Resource and this client",
        _ => null,
    };
}
