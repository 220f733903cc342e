using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Deputy.Tokens;

/// <summary>Base64url and what is made of it.</summary>
internal static class Encoded
{
    public static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

    public static string Encode(byte[] bytes) => Base64Url.EncodeToString(bytes);

    public static bool TryDecode(string text, out byte[] bytes)
    {
        try
        {
            bytes = Base64Url.DecodeFromChars(text);
            return true;
        }
        catch (FormatException)
        {
            bytes = [];
            return false;
        }
    }

    /// <summary>base64url(SHA-256), as <c>ath</c> and thumbprints are written.</summary>
    public static string Digest(string text) => Encode(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>The payload of a compact token; null when there is none to be read.</summary>
    public static JsonObject? Payload(string? token) => Part(token, 1);

    public static JsonObject? Header(string? token) => Part(token, 0);

    /// <summary>As people read it and most issuers write it: nothing escaped that need not be.</summary>
    [return: NotNullIfNotNull(nameof(json))]
    public static string? Plain(JsonObject? json) => json?.ToJsonString(Readable);

    private static readonly JsonSerializerOptions Readable = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping, TypeInfoResolver = new System.Text.Json.Serialization.Metadata.DefaultJsonTypeInfoResolver() };

    private static JsonObject? Part(string? token, int index)
    {
        if (token?.Split('.') is not { Length: >= 2 } parts || !TryDecode(parts[index], out var bytes))
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(bytes);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                return null;
            }

            // Of members that are there twice the last counts, as for most readers.
            var json = new JsonObject();
            foreach (var member in document.RootElement.EnumerateObject())
            {
                json[member.Name] = JsonNode.Parse(member.Value.GetRawText());
            }

            return json;
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException or InvalidOperationException)
        {
            return null;
        }
    }
}
