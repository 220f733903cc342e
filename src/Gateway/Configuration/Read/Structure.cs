using System.ComponentModel.DataAnnotations;
using System.Security.Authentication;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization.Metadata;
using Gateway.Configuration.Rules;

namespace Gateway.Configuration.Read;

/// <summary>
/// Holds the tree against the option types: every unknown key and every value of the wrong type, not just the first. What
/// cannot be read is taken out of the tree, so that the rules can judge the rest in the same run.
/// </summary>
internal sealed class Structure(ConfigurationTree tree)
{
    /// <summary>Names of YARP and of other products that people try here, and what to write in their place.</summary>
    private static readonly Dictionary<string, string> Hints = new(StringComparer.OrdinalIgnoreCase)
    {
        ["ActivityTimeout"] = "write StreamIdleTimeout of the server.",
        ["MaxRequestBodySize"] = "write MaxRequestBody of the server.",
        ["SessionAffinity"] = "sessions name their destination themselves.",
        ["ReverseProxy"] = "servers are written under Gateway:Servers.",
        ["Routes"] = "servers are written under Gateway:Servers.",
        ["Clusters"] = "servers are written under Gateway:Servers.",
        ["Urls"] = "listening addresses are options (--urls) or Kestrel:Endpoints.",
    };

    public static JsonTypeInfo TypeOf(Type type) =>
        ConfigurationJson.Default.GetTypeInfo(Nullable.GetUnderlyingType(type) ?? type)
        ?? throw new InvalidOperationException($"{type} is not part of {nameof(ConfigurationJson)}.");

    public static bool IsNumber(Type type) => type == typeof(int) || type == typeof(long);

    public void Check() => CheckObject("", tree.Root, TypeOf(typeof(ConfigurationFile)));

    /// <summary>Whether a value can be read as its type; what is wrong inside it was taken out.</summary>
    private bool Check(string key, JsonNode? node, JsonTypeInfo type, JsonPropertyInfo? property)
    {
        if (node is null)
        {
            tree.Report("type", key, "This entry is null; write a value or remove it.");
            return false;
        }

        if (type.Type == typeof(JsonObject))
        {
            return node is JsonObject || Refuse(key, node, "an object { … }");
        }

        if (type.Type == typeof(SslProtocols))
        {
            return node is JsonArray protocols
                ? protocols.Select((value, i) => CheckChoice($"{key}:{i}", value, SslProtocolsConverter.Values)).Aggregate(true, (all, one) => all && one)
                : Refuse(key, node, $"a list of {Choices(SslProtocolsConverter.Values)}");
        }

        return type.Kind switch
        {
            JsonTypeInfoKind.Object => node is JsonObject members ? CheckObject(key, members, type) : Refuse(key, node, "an object { … }"),
            JsonTypeInfoKind.Dictionary => node is JsonObject entries ? CheckDictionary(key, entries, type) : Refuse(key, node, "an object { … } with names of your choice"),
            JsonTypeInfoKind.Enumerable => node is JsonArray elements ? CheckList(key, elements, type, property) : Refuse(key, node, ListOf(node)),
            _ => CheckValue(key, node, type.Type, property) && CheckLimits(key, node, property),
        };
    }

    private bool CheckObject(string key, JsonObject members, JsonTypeInfo type)
    {
        var known = type.Properties.ToDictionary(property => property.Name, StringComparer.Ordinal);
        foreach (var (name, node) in members.ToArray())
        {
            var path = ConfigurationTree.Join(key, name);
            var hint = Hints.GetValueOrDefault(name) ?? (key.Length == 0 && IsOfGateway(name) ? "it belongs into the object 'Gateway'." : null);
            if (!known.TryGetValue(name, out var property) || (name == "ActivityTimeout" && hint is not null))
            {
                CheckUnknown(path, key, name, node, members, known, hint);
                continue;
            }

            if (node is null)
            {
                // Null is the default, as if the key were not there.
                members.Remove(name);
            }
            else if (!Check(path, node, TypeOf(property.PropertyType), property))
            {
                members.Remove(name);
                tree.Doubt(path);
            }
        }

        return true;
    }

    private static bool IsOfGateway(string name) => TypeOf(typeof(Options.GatewayOptions)).Properties.Any(property => property.Name == name);

    /// <summary>An unknown key is read as the one that was probably meant, so that one slip is not reported twice.</summary>
    private void CheckUnknown(string path, string key, string name, JsonNode? node, JsonObject members, Dictionary<string, JsonPropertyInfo> known, string? hint)
    {
        members.Remove(name);
        var nearest = hint is null ? NearestName.Of(name, known.Keys) : null;
        tree.Report("unknown-key", path, (hint, nearest) switch
        {
            ({ } text, _) => $"'{name}' is not a key here; {text}",
            (_, { } meant) => $"'{name}' is not a key here; did you mean '{meant}'?",
            _ => $"'{name}' is not a key here; known are {Choices(known.Keys)}.",
        });
        if (nearest is null || members.ContainsKey(nearest))
        {
            return;
        }

        var intended = ConfigurationTree.Join(key, nearest);
        if (node is not null && Check(path, node, TypeOf(known[nearest].PropertyType), known[nearest]))
        {
            members[nearest] = node;
            tree.ReadAs(intended, path);
        }
        else
        {
            tree.Doubt(intended);
        }
    }

    private bool CheckDictionary(string key, JsonObject entries, JsonTypeInfo type)
    {
        foreach (var (name, node) in entries.ToArray())
        {
            var path = ConfigurationTree.Join(key, name);
            if (!Check(path, node, TypeOf(type.ElementType!), null))
            {
                entries.Remove(name);
                tree.Doubt(path);
                tree.Doubt(key);
            }
        }

        return true;
    }

    private bool CheckList(string key, JsonArray elements, JsonTypeInfo type, JsonPropertyInfo? property)
    {
        var readable = true;
        for (var i = 0; i < elements.Count; i++)
        {
            readable &= Check(ConfigurationTree.Join(key, $"{i}"), elements[i], TypeOf(type.ElementType!), property);
        }

        // A list without one of its elements could mean something else altogether: all of it, or none.
        return readable;
    }

    private bool CheckValue(string key, JsonNode node, Type type, JsonPropertyInfo? property)
    {
        var kind = node.GetValueKind();
        if (type == typeof(bool))
        {
            return kind is JsonValueKind.True or JsonValueKind.False || Refuse(key, node, "true or false");
        }

        if (IsNumber(type))
        {
            return (kind == JsonValueKind.Number && Fits(node, type)) || Refuse(key, node, WholeNumber(node, kind));
        }

        if (type == typeof(double))
        {
            return (kind == JsonValueKind.Number && node.AsValue().TryGetValue<double>(out var number) && double.IsFinite(number)) || Refuse(key, node, "a number");
        }

        if (type == typeof(TimeSpan))
        {
            return (kind == JsonValueKind.String && DurationConverter.TryParse(node.GetValue<string>(), out _)) || Refuse(key, node, DurationConverter.ShapeFor(node.ToString()));
        }

        if (type == typeof(Version))
        {
            return CheckChoice(key, node, HttpVersionConverter.Values);
        }

        if (type.IsEnum)
        {
            return CheckChoice(key, node, ValuesOf(type));
        }

        if (type == typeof(Uri))
        {
            return (kind == JsonValueKind.String && Uri.TryCreate(node.GetValue<string>(), UriKind.Absolute, out _)) || Refuse(key, node, "an absolute URL");
        }

        return ChoicesOf(property) is { } values ? CheckChoice(key, node, values) : kind == JsonValueKind.String || Refuse(key, node, "a text in quotes", property);
    }

    private bool CheckLimits(string key, JsonNode node, JsonPropertyInfo? property)
    {
        if (property is null || Limits.Broken(property, node) is not { } broken)
        {
            return true;
        }

        tree.Report(broken.Rule, key, broken.Message);
        return false;
    }

    /// <summary>For one text in place of a list, the list that was probably meant.</summary>
    private static string ListOf(JsonNode node) => AddressesIn(node) is { Length: > 0 } addresses ? $"a list of addresses, without names: [{addresses}]" : node.GetValueKind() == JsonValueKind.String && node.GetValue<string>() is { Length: > 0 and <= 80 } text
        ? $"a list: [{string.Join(", ", text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(entry => $"\"{entry}\""))}]"
        : "a list [ … ]";

    /// <summary>The addresses of destinations as YARP writes them, each by a name.</summary>
    private static string AddressesIn(JsonNode node) => node is not JsonObject named ? "" : string.Join(", ",
        from destination in named
        let address = destination.Value is JsonObject written ? written["Address"] : destination.Value
        where address?.GetValueKind() == JsonValueKind.String && address.GetValue<string>() is { Length: <= 200 } text && text.Contains("://", StringComparison.Ordinal)
        select $"\"{ConfiguredUrl.WithoutUser(address.GetValue<string>())}\"");

    private static string WholeNumber(JsonNode node, JsonValueKind kind) => (kind, node.ToString().All(char.IsAsciiDigit)) switch
    {
        (JsonValueKind.Number, true) => "a smaller whole number",
        (JsonValueKind.String, true) => "a whole number without quotes",
        _ => "a whole number",
    };

    private bool CheckChoice(string key, JsonNode? node, IReadOnlyCollection<string> values)
    {
        if (node?.GetValueKind() == JsonValueKind.String)
        {
            var value = node.GetValue<string>();
            if (values.Contains(value))
            {
                return true;
            }

            if (NearestName.Of(value, values) is { } meant)
            {
                tree.Report("type", key, $"This is {Show(node)}; it must be one of {Choices(values)}: did you mean '{meant}'?");
                return false;
            }
        }

        return Refuse(key, node, $"one of {Choices(values)}");
    }

    private bool Refuse(string key, JsonNode? node, string wanted, JsonPropertyInfo? property = null)
    {
        // By the option and not by the key, which may be misspelt.
        var shown = property?.Name is nameof(Options.ClientOptions.Secret) or nameof(Options.KestrelCertificateOptions.Password) ? "not a text" : Show(node);
        tree.Report("type", key, $"This is {shown}; it must be {wanted}.");
        return false;
    }

    /// <summary>A value as far as it may be shown: never a whole document.</summary>
    private static string Show(JsonNode? node)
    {
        var text = node switch
        {
            null => "null",
            JsonObject => "an object",
            JsonArray => "a list",
            _ when node.GetValueKind() == JsonValueKind.String => $"'{ConfiguredUrl.WithoutUser(node.GetValue<string>())}'",
            _ => node.ToJsonString(),
        };
        return text.Length <= 80 ? text : text[..80] + "…";
    }

    private static bool Fits(JsonNode node, Type type) =>
        node.AsValue().TryGetValue<long>(out var value) && (type == typeof(long) || value is >= int.MinValue and <= int.MaxValue);

    /// <summary>The values of an enumeration as the file spells them: the serializer's own answer, so that both agree.</summary>
    internal static string[] ValuesOf(Type type) =>
        [.. TypeOf(type).GetJsonSchemaAsNode()["enum"]!.AsArray().Select(value => value!.GetValue<string>())];

    internal static string[]? ChoicesOf(JsonPropertyInfo? property) =>
        property?.AttributeProvider?.GetCustomAttributes(typeof(AllowedValuesAttribute), inherit: false) is [AllowedValuesAttribute allowed, ..]
            ? [.. allowed.Values.Cast<string>()]
            : null;

    private static string Choices(IEnumerable<string> values) => string.Join(", ", values);
}
