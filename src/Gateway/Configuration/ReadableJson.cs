using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Gateway.Configuration;

/// <summary>JSON for programs that people read, too: indented, with nothing escaped that need not be, and a line break at the end.</summary>
internal static class ReadableJson
{
    /// <summary>The text of one object.</summary>
    /// <param name="write">Writes its members.</param>
    public static string ObjectOf(Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray()) + Environment.NewLine;
    }

    /// <summary>An array of objects as a member of the one that is being written.</summary>
    /// <param name="json">Where it is being written.</param>
    /// <param name="name">The name of the member.</param>
    /// <param name="items">What stands for an object each.</param>
    /// <param name="write">Writes the members of one.</param>
    public static void WriteObjects<T>(this Utf8JsonWriter json, string name, IEnumerable<T> items, Action<T> write)
    {
        json.WriteStartArray(name);
        foreach (var item in items)
        {
            json.WriteStartObject();
            write(item);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
