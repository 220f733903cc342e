using System.Buffers;
using System.Text;
using System.Text.Json;

namespace TokenExchange.Issuers.Errors;

/// <summary>The claims that an authorization server wants the user's next token to fulfil.</summary>
/// <remarks>OpenID Connect Core 1.0 §5.5; Entra puts the object into a string.</remarks>
internal static class ClaimsChallenge
{
    private const int MaxBytes = 4096;

    /// <summary>The object, written anew without a byte of the original's layout; null when there is none worth passing on.</summary>
    public static string? Read(JsonElement error)
    {
        if (error.Text("claims") is not { Length: <= MaxBytes } text || AnswerReader.ParseObject(Encoding.UTF8.GetBytes(text)) is not { } claims)
        {
            return null;
        }

        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            try
            {
                claims.WriteTo(writer);
            }
            catch (InvalidOperationException)
            {
                // A lone surrogate somewhere in a value.
                return null;
            }
        }

        return buffer.WrittenCount <= MaxBytes ? Encoding.ASCII.GetString(buffer.WrittenSpan) : null;
    }
}
