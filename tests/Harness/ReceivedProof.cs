using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Harness;

/// <summary>A DPoP proof as whoever receives it reads it, with nothing of the code under test.</summary>
public sealed record ReceivedProof(JsonObject Header, JsonObject Claims, bool Verifies)
{
    public string? Method => Claims["htm"]?.GetValue<string>();

    public string? Uri => Claims["htu"]?.GetValue<string>();

    public string Thumbprint => Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(
        "{" + string.Join(',', Header["jwk"]!.AsObject().OrderBy(member => member.Key, StringComparer.Ordinal).Select(member => $"\"{member.Key}\":\"{member.Value}\"")) + "}")));

    public static ReceivedProof Of(string proof)
    {
        var parts = proof.Split('.');
        var header = TokenReader.HeaderOf(proof);
        var jwk = header["jwk"]!;
        var curve = jwk["crv"]!.GetValue<string>() == "P-384" ? ECCurve.NamedCurves.nistP384 : ECCurve.NamedCurves.nistP256;
        using var key = ECDsa.Create(new ECParameters
        {
            Curve = curve,
            Q = new ECPoint { X = Base64Url.DecodeFromChars(jwk["x"]!.GetValue<string>()), Y = Base64Url.DecodeFromChars(jwk["y"]!.GetValue<string>()) },
        });
        var verifies = header["typ"]!.GetValue<string>() == "dpop+jwt" && jwk.AsObject().Count == 4
            && key.VerifyData(Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), Base64Url.DecodeFromChars(parts[2]), header["alg"]!.GetValue<string>() == "ES384" ? HashAlgorithmName.SHA384 : HashAlgorithmName.SHA256);
        return new ReceivedProof(header, TokenReader.PayloadOf(proof), verifies);
    }

    public static string HashOf(string token) => Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(token)));
}
