using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using TokenExchange.Jose;

namespace TokenExchange.Issuers.ClientAuthentication;

/// <summary>A client's signed statement of who it is: for one authorization server, once, for at most a minute.</summary>
/// <remarks>RFC 7523 §3; the type and the single audience are those of RFC 7523bis.</remarks>
internal static class ClientAssertion
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(60);

    public static string Create(ClientKey key, string typ, string? keyId, string? thumbprint, string clientId, string audience, DateTimeOffset now)
    {
        var header = Json(writer =>
        {
            writer.WriteString("alg", key.Algorithm);
            writer.WriteString("typ", typ);
            WriteIfGiven(writer, "kid", keyId);
            WriteIfGiven(writer, "x5t#S256", thumbprint);
        });
        var issuedAt = now.ToUnixTimeSeconds();
        var payload = Json(writer =>
        {
            writer.WriteString("iss", clientId);
            writer.WriteString("sub", clientId);
            writer.WriteString("aud", audience);
            writer.WriteString("jti", Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16)));
            writer.WriteNumber("iat", issuedAt);
            writer.WriteNumber("nbf", issuedAt);
            writer.WriteNumber("exp", issuedAt + (long)Lifetime.TotalSeconds);
        });
        var signed = Base64Url.EncodeToString(header) + "." + Base64Url.EncodeToString(payload);
        return signed + "." + Base64Url.EncodeToString(key.Sign(Encoding.ASCII.GetBytes(signed)));
    }

    private static ReadOnlySpan<byte> Json(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, JoseJson.Options))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan;
    }

    private static void WriteIfGiven(Utf8JsonWriter writer, string name, string? value)
    {
        if (value is not null)
        {
            writer.WriteString(name, value);
        }
    }
}
