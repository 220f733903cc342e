namespace TokenExchange.Outbound.Profiles;

/// <summary>Token type and grant type identifiers.</summary>
/// <remarks>RFC 8693 §3 and §2.1; RFC 7523 §2.1; the id-jag type is of draft-ietf-oauth-identity-assertion-authz-grant.</remarks>
internal static class TokenType
{
    public const string AccessToken = "urn:ietf:params:oauth:token-type:access_token";
    public const string Jwt = "urn:ietf:params:oauth:token-type:jwt";
    public const string IdJag = "urn:ietf:params:oauth:token-type:id-jag";
    public const string ExchangeGrant = "urn:ietf:params:oauth:grant-type:token-exchange";
    public const string JwtBearerGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
}
