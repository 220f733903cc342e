using System.Runtime.InteropServices;
using System.Text.Json;

namespace TokenExchange.Jose;

/// <summary>Compares values of JSON that somebody else wrote.</summary>
public static class JsonValues
{
    private const int MostExponentDigits = 9;
    private static readonly JsonReaderOptions Deep = new() { MaxDepth = 1024 };

    /// <summary>
    /// Whether two values are one: the order of members and the spelling of numbers and texts do not count. What holds a number
    /// with an exponent of more than nine digits equals nothing, itself included. Texts must be Unicode.
    /// </summary>
    public static bool AreEqual(JsonElement one, JsonElement other) =>
#pragma warning disable RS0030 // Of larger exponents it throws, or takes those for equal that are 2³² apart.
        !HoldsBeyondCompare(one) && !HoldsBeyondCompare(other) && JsonElement.DeepEquals(one, other);
#pragma warning restore RS0030

    private static bool HoldsBeyondCompare(JsonElement value)
    {
        var reader = new Utf8JsonReader(JsonMarshal.GetRawUtf8Value(value), Deep);
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.Number && reader.ValueSpan.IndexOfAny((byte)'e', (byte)'E') is >= 0 and var at
                && reader.ValueSpan[(at + 1)..].TrimStart("+-0"u8).Length > MostExponentDigits)
            {
                return true;
            }
        }

        return false;
    }
}
