using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace TokenExchange.Jose;

/// <summary>The thumbprint of a public key: a digest over the members that make the key, and no other.</summary>
/// <remarks>RFC 7638 §3; RFC 8037 §2 for OKP.</remarks>
internal static class Thumbprint
{
    /// <summary>The thumbprint in base64url; null when a member of the key is missing, no text, or no base64url.</summary>
    public static string? Of(JsonElement jwk) => Jws.StringOf(jwk, "kty") switch
    {
        "EC" => Of(jwk, "crv", "kty", "x", "y"),
        "RSA" => Of(jwk, "e", "kty", "n"),
        "OKP" => Of(jwk, "crv", "kty", "x"),
        _ => null,
    };

    /// <summary>The thumbprint of a key whose members are given in the order of their names, and hold nothing that JSON escapes.</summary>
    public static string Of(ReadOnlySpan<(string Name, string Value)> members)
    {
        var json = new StringBuilder("{");
        foreach (var (name, value) in members)
        {
            json.Append(json.Length > 1 ? ",\"" : "\"").Append(name).Append("\":\"").Append(value).Append('"');
        }

        return Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(json.Append('}').ToString())));
    }

    private static string? Of(JsonElement jwk, params ReadOnlySpan<string> names)
    {
        Span<(string, string)> members = new (string, string)[names.Length];
        for (var i = 0; i < names.Length; i++)
        {
            if (Jws.StringOf(jwk, names[i]) is not { Length: > 0 } value || !IsPlain(value))
            {
                return null;
            }

            members[i] = (names[i], value);
        }

        return Of(members);
    }

    // The alphabet of base64url, in which the names of types and curves are written as well.
    private static bool IsPlain(string value)
    {
        foreach (var character in value)
        {
            if (!char.IsAsciiLetterOrDigit(character) && character is not ('-' or '_'))
            {
                return false;
            }
        }

        return true;
    }
}
