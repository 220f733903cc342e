using System.Collections;
using System.ComponentModel;
using System.Globalization;
using System.Security.Authentication;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization.Metadata;
using Gateway.Configuration.Options;
using Gateway.Configuration.Read;

namespace Gateway.Configuration;

/// <summary>The JSON Schema of gateway.json, out of the same types that it is read into.</summary>
internal static class ConfigurationSchema
{
    public static string Text() => Create().ToJsonString(new JsonSerializerOptions(ConfigurationJson.Default.Options)
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    }) + "\n";

    private static JsonObject Create()
    {
        var schema = ConfigurationJson.Default.ConfigurationFile.GetJsonSchemaAsNode(new JsonSchemaExporterOptions
        {
            TreatNullObliviousAsNonNullable = true,
            TransformSchemaNode = Describe,
        }).AsObject();
        schema.Insert(0, "$schema", "https://json-schema.org/draft/2020-12/schema");
        schema.Insert(1, "title", "gateway.json");
        return schema;
    }

    private static JsonObject Describe(JsonSchemaExporterContext context, JsonNode node)
    {
        var schema = OfType(context.TypeInfo, node as JsonObject ?? []);
        if (context.PropertyInfo is not { } property)
        {
            return schema;
        }

        if (Structure.ChoicesOf(property) is { } choices)
        {
            var single = schema["items"] as JsonObject ?? schema;
            single["enum"] = Texts(choices);
        }

        if (Limits.OfNumber(property) is { } numbers)
        {
            (schema["minimum"], schema["maximum"]) = (Convert.ToInt64(numbers.Minimum, CultureInfo.InvariantCulture), Convert.ToInt64(numbers.Maximum, CultureInfo.InvariantCulture));
        }

        if (DescriptionOf(property) is { } description)
        {
            schema.Insert(0, "description", description);
        }

        if (ExamplesOf(property) is { Count: > 0 } examples)
        {
            schema["examples"] = examples;
        }

        if (DefaultOf(property) is { } value)
        {
            schema["default"] = value;
        }

        // Null is the default everywhere.
        if (schema["type"] is JsonValue written)
        {
            schema["type"] = new JsonArray(written.GetValue<string>(), "null");
        }

        (schema["enum"] as JsonArray)?.Add(null);
        return schema;
    }

    /// <summary>What may stand there by its type alone, as <see cref="Structure"/> and the converters take it.</summary>
    private static JsonObject OfType(JsonTypeInfo info, JsonObject schema)
    {
        var type = Nullable.GetUnderlyingType(info.Type) ?? info.Type;
        if (type == typeof(TimeSpan))
        {
            return new JsonObject { ["type"] = "string", ["pattern"] = DurationConverter.Pattern };
        }

        if (type == typeof(Version))
        {
            return new JsonObject { ["enum"] = Texts(HttpVersionConverter.Values) };
        }

        if (type == typeof(SslProtocols))
        {
            return new JsonObject { ["type"] = "array", ["items"] = new JsonObject { ["enum"] = Texts(SslProtocolsConverter.Values) } };
        }

        if (type.IsEnum)
        {
            return new JsonObject { ["enum"] = Texts(Structure.ValuesOf(type)) };
        }

        if (info.Kind == JsonTypeInfoKind.Object)
        {
            schema["additionalProperties"] = false;
            schema["type"] = "object";

            // YARP's key for what StreamIdleTimeout of the server says.
            (schema["properties"] as JsonObject)?.Remove("ActivityTimeout");
        }
        else if (info.Kind != JsonTypeInfoKind.None || type == typeof(JsonObject))
        {
            schema["type"] = info.Kind == JsonTypeInfoKind.Enumerable && type != typeof(JsonObject) ? "array" : "object";
        }
        else
        {
            schema["type"] = type == typeof(bool) ? "boolean" : Structure.IsNumber(type) ? "integer" : type == typeof(double) ? "number" : "string";
            schema.Remove("pattern");
        }

        return schema;
    }

    // JSON Schema knows no limits of texts that are durations.
    private static string? DescriptionOf(JsonPropertyInfo property) =>
        AttributesOf<DescriptionAttribute>(property) is [{ Description: var description }, ..]
            ? Limits.OfDuration(property) is { } durations ? $"{description} Between {Short(durations.Least)} and {Short(durations.Most)}." : description
            : YarpDescriptions.Of(property.DeclaringType, property.Name).Description;

    /// <summary>As people write it: without the zeros at the end of a fraction.</summary>
    private static string Short(TimeSpan duration) => duration.ToString("c", CultureInfo.InvariantCulture) is var text && text.LastIndexOf('.') > text.LastIndexOf(':') ? text.TrimEnd('0') : text;

    private static JsonArray ExamplesOf(JsonPropertyInfo property)
    {
        var texts = YarpDescriptions.Of(property.DeclaringType, property.Name).Example is { } example
            ? [example]
            : AttributesOf<ExampleAttribute>(property).Select(example => example.Text);
        return [.. texts.Select(text => text is ['[' or '{', ..] ? JsonNode.Parse(text) : JsonValue.Create(text))];
    }

    private static T[] AttributesOf<T>(JsonPropertyInfo property)
        where T : Attribute => [.. property.AttributeProvider?.GetCustomAttributes(typeof(T), inherit: false).Cast<T>() ?? []];

    /// <summary>What a fresh object holds; nothing, where that is nothing worth writing.</summary>
    private static JsonNode? DefaultOf(JsonPropertyInfo property)
    {
        if (property.DeclaringType.Namespace?.StartsWith("Gateway.", StringComparison.Ordinal) != true
            || Structure.TypeOf(property.DeclaringType).CreateObject?.Invoke() is not { } fresh
            || property.Get?.Invoke(fresh) is not { } value
            || (value is IEnumerable entries and not string && !entries.Cast<object>().Any()))
        {
            return null;
        }

        var type = Structure.TypeOf(value.GetType());
        return type.Kind == JsonTypeInfoKind.Object ? null : JsonSerializer.SerializeToNode(value, type);
    }

    private static JsonArray Texts(IEnumerable<string> values) => [.. values.Select(value => (JsonNode)value)];
}
