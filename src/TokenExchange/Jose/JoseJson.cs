using System.Text.Encodings.Web;
using System.Text.Json;

namespace TokenExchange.Jose;

/// <summary>How the JSON of what we sign is written: as short as it can be said, and each text as any other implementation would write it.</summary>
internal static class JoseJson
{
    /// <summary>What is encoded never meets HTML; the default would write a plus sign, and every letter beyond ASCII, as six.</summary>
    public static JsonWriterOptions Options { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };
}
