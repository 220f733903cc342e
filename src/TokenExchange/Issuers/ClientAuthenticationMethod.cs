using System.Text.Json.Serialization;

namespace TokenExchange.Issuers;

/// <summary>How a client proves at an authorization server who it is, named as configuration names it.</summary>
/// <remarks>RFC 6749 §2.3; RFC 7591 §2; OpenID Connect Core 1.0 §9; RFC 8705 §2.</remarks>
public enum ClientAuthenticationMethod
{
    /// <summary>Id and secret in the Authorization header.</summary>
    [JsonStringEnumMemberName("client_secret_basic")]
    ClientSecretBasic,

    /// <summary>Id and secret in the body.</summary>
    [JsonStringEnumMemberName("client_secret_post")]
    ClientSecretPost,

    /// <summary>A fresh assertion for each request, signed with the client's key.</summary>
    [JsonStringEnumMemberName("private_key_jwt")]
    PrivateKeyJwt,

    /// <summary>A ready assertion that somebody else keeps fresh in a file.</summary>
    [JsonStringEnumMemberName("assertion_file")]
    AssertionFile,

    /// <summary>The certificate of the connection.</summary>
    [JsonStringEnumMemberName("tls_client_auth")]
    TlsClientAuth,

    /// <summary>Nothing: the client says its name.</summary>
    [JsonStringEnumMemberName("none")]
    None,
}

/// <summary>What a ready assertion is called.</summary>
/// <remarks>RFC 7523 §2.2; draft-ietf-oauth-spiffe-client-auth §4.</remarks>
public enum AssertionType
{
    /// <summary><c>jwt-bearer</c>.</summary>
    [JsonStringEnumMemberName("jwt-bearer")]
    JwtBearer,

    /// <summary><c>jwt-spiffe</c>: a SPIFFE JWT-SVID as such.</summary>
    [JsonStringEnumMemberName("jwt-spiffe")]
    JwtSpiffe,
}
