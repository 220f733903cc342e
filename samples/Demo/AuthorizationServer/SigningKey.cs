using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Demo.AuthorizationServer;

/// <summary>An ES256 key that is made at start and lives in memory only.</summary>
internal sealed class SigningKey : IDisposable
{
    private static readonly JsonWebTokenHandler Handler = new() { SetDefaultTimesOnTokenCreation = false };
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly SigningCredentials _credentials;

    public SigningKey()
    {
        Public = JsonWebKeyConverter.ConvertFromECDsaSecurityKey(new ECDsaSecurityKey(ECDsa.Create(_key.ExportParameters(includePrivateParameters: false))));
        Public.Kid = Base64UrlEncoder.Encode(Public.ComputeJwkThumbprint());
        _credentials = new SigningCredentials(new ECDsaSecurityKey(_key) { KeyId = Public.Kid }, SecurityAlgorithms.EcdsaSha256);
    }

    /// <summary>The public half; its <c>kid</c> is the RFC 7638 thumbprint.</summary>
    public JsonWebKey Public { get; }

    /// <summary>The public half as a member of a JWK set.</summary>
    public JsonObject PublicJwk => new()
    {
        ["kty"] = "EC",
        ["crv"] = Public.Crv,
        ["x"] = Public.X,
        ["y"] = Public.Y,
        ["kid"] = Public.Kid,
        ["use"] = "sig",
        ["alg"] = "ES256",
    };

    /// <summary>A JWT over these claims, as they are.</summary>
    public string Sign(JsonObject claims, string type) =>
        Handler.CreateToken(claims.ToJsonString(), _credentials, new Dictionary<string, object> { ["typ"] = type });

    public void Dispose() => _key.Dispose();
}
