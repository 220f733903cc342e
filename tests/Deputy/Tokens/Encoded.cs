using System.Buffers.Text;
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

    private static JsonObject? Part(string? token, int index)
    {
        if (token?.Split('.') is not { Length: >= 2 } parts || !TryDecode(parts[index], out var bytes))
        {
            return null;
        }

        try
        {
            return JsonNode.Parse(bytes) as JsonObject;
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException)
        {
            return null;
        }
    }
}
