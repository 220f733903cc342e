using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using TokenExchange.Outbound;

namespace TokenExchange.Tests.Issue;

/// <summary>A minted token, taken apart as a resource server would: with nothing but the published keys.</summary>
internal sealed class HopToken
{
    private HopToken(string[] parts)
    {
        Input = Encoding.ASCII.GetBytes(parts[0] + "." + parts[1]);
        Signature = Base64Url.DecodeFromChars(parts[2]);
        Header = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[0])).RootElement;
        Claims = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[1])).RootElement;
    }

    public JsonElement Header { get; }

    public JsonElement Claims { get; }

    private byte[] Input { get; }

    private byte[] Signature { get; }

    public static HopToken Of(ExchangeResult result) =>
        new(Xunit.Assert.IsType<ExchangeResult.Issued>(result).Token.AuthorizationHeader["Bearer ".Length..].Split('.'));

    public string? this[string claim] => Claims.GetProperty(claim).GetString();

    public long Number(string claim) => Claims.GetProperty(claim).GetInt64();

    public bool Verifies(ReadOnlyMemory<byte> jwks)
    {
        using var set = JsonDocument.Parse(jwks);
        var kid = Header.GetProperty("kid").GetString();
        var jwk = set.RootElement.GetProperty("keys").EnumerateArray().SingleOrDefault(key => key.GetProperty("kid").ValueEquals(kid));
        if (jwk.ValueKind == JsonValueKind.Undefined)
        {
            return false;
        }

        var algorithm = jwk.GetProperty("alg").GetString()!;
        var hash = new HashAlgorithmName("SHA" + algorithm[2..]);
        byte[] Member(string name) => Base64Url.DecodeFromChars(jwk.GetProperty(name).GetString());
        if (jwk.GetProperty("kty").ValueEquals("EC"))
        {
            var curve = algorithm == "ES256" ? ECCurve.NamedCurves.nistP256 : ECCurve.NamedCurves.nistP384;
            using var ec = ECDsa.Create(new ECParameters { Curve = curve, Q = new ECPoint { X = Member("x"), Y = Member("y") } });
            return ec.VerifyData(Input, Signature, hash);
        }

        using var rsa = RSA.Create(new RSAParameters { Modulus = Member("n"), Exponent = Member("e") });
        return rsa.VerifyData(Input, Signature, hash, algorithm[0] == 'P' ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1);
    }
}
