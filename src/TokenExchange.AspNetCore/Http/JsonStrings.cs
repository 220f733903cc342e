using System.Text.Json;

namespace TokenExchange.AspNetCore.Http;

/// <summary>Lists of texts in JSON.</summary>
internal static class JsonStrings
{
    /// <summary>A member that is a list of texts; an empty one where there are none.</summary>
    public static void WriteStrings(this Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }
}
