using Duende.IdentityModel;

namespace TokenExchange.Outbound.Profiles;

/// <summary>Token type and grant type identifiers.</summary>
/// <remarks>RFC 8693 §3 and §2.1; RFC 7523 §2.1; the id-jag type is of draft-ietf-oauth-identity-assertion-authz-grant.</remarks>
internal static class TokenType
{
    public const string AccessToken = OidcConstants.TokenTypeIdentifiers.AccessToken;
    public const string Jwt = OidcConstants.TokenTypeIdentifiers.Jwt;
    public const string IdToken = OidcConstants.TokenTypeIdentifiers.IdentityToken;
    public const string IdJag = "urn:ietf:params:oauth:token-type:id-jag";
    public const string ExchangeGrant = OidcConstants.GrantTypes.TokenExchange;
    public const string JwtBearerGrant = OidcConstants.GrantTypes.JwtBearer;
}
