using System.Buffers;
using System.Text.Json;

namespace TokenExchange.Outbound.Local;

/// <summary>
/// What the local issuer says about itself: where its keys are. It has no endpoint that grants anything; the members
/// after <c>jwks_uri</c> stand there because readers of RFC 8414 or OpenID discovery require them.
/// </summary>
/// <remarks>RFC 8414 §2; OpenID Connect Discovery 1.0 §3.</remarks>
internal static class LocalMetadata
{
    public static ReadOnlyMemory<byte> Of(string issuer, string algorithm)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteString("issuer", issuer);
        json.WriteString("jwks_uri", issuer.TrimEnd('/') + "/jwks");
        json.WriteStartArray("response_types_supported");
        json.WriteEndArray();
        json.WriteStartArray("subject_types_supported");
        json.WriteStringValue("public");
        json.WriteEndArray();
        json.WriteStartArray("id_token_signing_alg_values_supported");
        json.WriteStringValue(algorithm);
        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }
}
