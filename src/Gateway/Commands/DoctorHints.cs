using TokenExchange.Outbound;
using TokenExchange.Outbound.Profiles;

namespace Gateway.Commands;

/// <summary>What usually is behind a failed check; what a product means by it comes first (<see cref="ExchangeProfile.HintFor"/>).</summary>
internal static class DoctorHints
{
    // What the library says of an answer that is no OAuth, or of a request that was not sent.
    public const string Redirects = "the endpoint redirects";
    public const string NoOAuth = "the endpoint's answer is none of OAuth";
    public const string NoEndpoint = "the metadata names no such endpoint";
    public const string NoHttps = "the endpoint is not https";

    public static string For(ExchangeResult result, string profile) => ExchangeProfile.Find(profile)?.HintFor(result) ?? result switch
    {
        ExchangeResult.Refused refused => For(refused),
        ExchangeResult.Rejected rejected => For(rejected.Detail),
        _ => "",
    };

    private static string For(ExchangeResult.Refused refused) => (refused.Diagnostic, refused.Error) switch
    {
        (Redirects, _) => "redirects are not followed; if it is the authorization server's, write the address that it leads to as TokenEndpoint",
        (NoOAuth, _) => "no token endpoint answers so; perhaps it is a sign-in page or an error page: compare the address with the product's page (docs/authorization-servers), and set TokenEndpoint",
        (NoEndpoint, _) => "set TokenEndpoint, or have the authorization server name it in its metadata",
        (NoHttps, _) => "write an https URL; http is for loopback, or with AllowHttp",
        ("invalid_client", _) => "client id, secret or key differ from what is registered, or the registered authentication method does; for private_key_jwt also compare AssertionAudience",
        ("unauthorized_client", _) => "the client may not use this grant; allow token exchange for it",
        ("unsupported_grant_type", _) => "this authorization server does not offer this grant, or the Profile is not the one of the product; where it cannot exchange at all, Mode 'local' mints here",
        (_, ExchangeError.InteractionRequired) => "the user must consent or sign in again; consent to the downstream permissions beforehand",
        (_, ExchangeError.TargetRefused) => "the target or a scope is not allowed for this client; compare Resource, Audience and Scopes with what is registered",
        (_, ExchangeError.SubjectRefused) => "the subject token is not accepted: expired, revoked, or not meant for this exchange",
        (_, ExchangeError.ActorChainRefused) => "the act chain of the subject token is too deep or holds this server already",
        (_, ExchangeError.ClaimRefused) => "may_act or authorization_details of the subject token forbid it",
        _ => "the gateway's credential, the token endpoint's address or the Profile is wrong",
    };

    private static string For(ResultRejection rejection) => rejection switch
    {
        ResultRejection.Audience => "the returned aud is not ResultAudiences; set Audience or ResultAudiences to what the product issues",
        ResultRejection.AudienceExtra => "the returned aud names more than the target; narrow it at the authorization server",
        ResultRejection.Scope => "the returned scope is wider than requested; list what the product adds in ExtraResultScopes",
        ResultRejection.Subject => "the returned subject differs; see SubjectClaims",
        ResultRejection.Issuer or ResultRejection.Signature => "the result is signed by somebody else; see ResultIssuer",
        ResultRejection.Lifetime => "the result lives longer than MaxLifetime, or the clocks differ",
        ResultRejection.Shape => "the answer is not that of RFC 8693, or the result is opaque; see AllowMissingIssuedTokenType and ResultFormat",
        ResultRejection.Boomerang => "the result would be accepted by the gateway itself; the target needs an audience of its own",
        ResultRejection.Confirmation => "the result is bound (cnf) to what nobody asked for, or, with Bind 'dpop', not to the gateway's key alone; see docs/sender-constraint.md",
        ResultRejection.Actor => "act names another client than the gateway's",
        _ => rejection.ToReason(),
    };
}
