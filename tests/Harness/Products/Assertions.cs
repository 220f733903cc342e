using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Harness.Products;

/// <summary>Checks client assertions as an authorization server has to (RFC 7523 §3).</summary>
internal static class Assertions
{
    /// <summary>Why the assertion is not accepted; null when it is.</summary>
    public static string? Problem(string assertion, TestKey key, string client, string audience, int longest, DateTimeOffset now, Func<JsonObject, string?>? headerProblem)
    {
        var parts = assertion.Split('.');
        if (parts.Length != 3)
        {
            return "no JWS";
        }

        var (header, payload) = (Json(parts[0]), Json(parts[1]));
        if (!Verifies(key, (string)header["alg"]!, Encoding.ASCII.GetBytes(parts[0] + "." + parts[1]), Base64Url.DecodeFromChars(parts[2])))
        {
            return "signature";
        }

        var seconds = now.ToUnixTimeSeconds();
        var (issued, expires) = ((long)payload["iat"]!, (long)payload["exp"]!);
        return headerProblem?.Invoke(header)
            ?? ((string?)payload["iss"] != client || (string?)payload["sub"] != client ? "iss and sub"
            : payload["aud"] is not JsonValue value || (string?)value != audience ? "aud"
            : payload["jti"] is null ? "jti"
            : issued > seconds || expires <= seconds || expires - issued > longest ? "times"
            : null);
    }

    private static JsonObject Json(string part) => JsonNode.Parse(Base64Url.DecodeFromChars(part))!.AsObject();

    private static bool Verifies(TestKey key, string algorithm, byte[] signed, byte[] signature)
    {
        if (key.Ec is { } own)
        {
            using var ec = ECDsa.Create(own.ExportParameters(false));
            return algorithm == key.Algorithm && ec.VerifyData(signed, signature, HashAlgorithmName.SHA256);
        }

        using var rsa = RSA.Create(key.Rsa!.ExportParameters(false));
        return algorithm switch
        {
            "RS256" => rsa.VerifyData(signed, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
            "PS256" => rsa.VerifyData(signed, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pss),
            _ => false,
        };
    }
}
