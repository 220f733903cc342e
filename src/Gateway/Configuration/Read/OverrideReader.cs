using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace Gateway.Configuration.Read;

/// <summary>
/// Puts environment variables and command-line options into the tree. Keys are found without regard to case; texts
/// become numbers and booleans where the key wants them. What does not fit is left as it is, for the structure check to name.
/// </summary>
internal static class OverrideReader
{
    public static void Apply(ConfigurationOverride change, ConfigurationTree tree)
    {
        var names = change.Key.Split(':');
        JsonNode node = tree.Root;
        var type = Structure.TypeOf(typeof(ConfigurationFile));
        var key = "";
        for (var i = 0; i < names.Length; i++)
        {
            var (name, next) = Step(node, type, names[i]);
            key = ConfigurationTree.Join(key, name);
            var last = i == names.Length - 1;
            if (last)
            {
                Set(node, name, ValueOf(change.Value, next), key, change, tree);
                return;
            }

            var child = node switch
            {
                JsonObject map => map[name],
                JsonArray list when IndexOf(list, name) is { } index && index < list.Count => list[index],
                _ => null,
            };
            if (child is not (JsonObject or JsonArray))
            {
                child = next?.Kind == JsonTypeInfoKind.Enumerable ? new JsonArray() : new JsonObject();
                if (!Set(node, name, child, key, change, tree))
                {
                    return;
                }
            }

            (node, type) = (child, next);
        }
    }

    /// <summary>The name of a step as the tree or the type spells it, and the type behind it.</summary>
    private static (string Name, JsonTypeInfo? Type) Step(JsonNode node, JsonTypeInfo? type, string name)
    {
        var present = node is JsonObject map
            ? map.Select(member => member.Key).FirstOrDefault(member => member.Equals(name, StringComparison.OrdinalIgnoreCase))
            : null;
        if (type?.Kind == JsonTypeInfoKind.Object)
        {
            var property = type.Properties.FirstOrDefault(property => property.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
            return (property?.Name ?? name, property is null ? null : Structure.TypeOf(property.PropertyType));
        }

        return (present ?? name, type?.ElementType is { } element ? Structure.TypeOf(element) : null);
    }

    private static bool Set(JsonNode node, string name, JsonNode? value, string key, ConfigurationOverride change, ConfigurationTree tree)
    {
        if (node is JsonArray list)
        {
            if (IndexOf(list, name) is not { } index)
            {
                tree.Override(key, change.Source);
                tree.Report("type", key, $"'{name}' is no place in this list; the next free one is {list.Count}.");
                return false;
            }

            if (index < list.Count)
            {
                list[index] = value;
            }
            else
            {
                list.Add(value);
            }
        }
        else
        {
            node.AsObject()[name] = value;
        }

        tree.Override(key, change.Source);
        return true;
    }

    private static int? IndexOf(JsonArray list, string name) =>
        int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index <= list.Count ? index : null;

    private static JsonValue ValueOf(string text, JsonTypeInfo? type) => type?.Type switch
    {
        { } boolean when boolean == typeof(bool) && bool.TryParse(text, out var value) => JsonValue.Create(value),
        { } number when Structure.IsNumber(number) && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) => JsonValue.Create(value),
        { } number when number == typeof(double) && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value) => JsonValue.Create(value),
        _ => JsonValue.Create(text),
    };
}
