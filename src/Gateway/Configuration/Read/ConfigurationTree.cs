using System.Globalization;
using System.Text.Json.Nodes;

namespace Gateway.Configuration.Read;

/// <summary>
/// gateway.json as a tree, and where each key of it came from. Keys are paths joined with colons, as the .NET
/// configuration writes them.
/// </summary>
internal sealed class ConfigurationTree
{
    private readonly Dictionary<string, (int Line, int Column)> positions = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> overridden = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> misspelt = new(StringComparer.Ordinal);
    private readonly HashSet<string> doubtful = new(StringComparer.Ordinal);

    // Values with a password in them, each as it may be shown; null until a message may quote one, and again when one was overridden.
    private Dictionary<string, string>? unshown;

    public JsonObject Root { get; set; } = [];

    public List<ConfigurationProblem> Problems { get; } = [];

    /// <summary>The key of a member or element of another key.</summary>
    public static string Join(string key, string name) => key.Length == 0 ? name : $"{key}:{name}";

    public void Locate(string key, int line, int column) => positions[key] = (line, column);

    public void Override(string key, string source) => (overridden[key], unshown) = (source, null);

    /// <summary>Reads what is written at one key as if it were written at another.</summary>
    public void ReadAs(string meant, string written) => misspelt[meant] = written;

    /// <summary>Whether a key is given; a null is not.</summary>
    public bool IsGiven(string key) => Find(key) is not null;

    /// <summary>The node at a key. Names that hold colons themselves are found too: they are joined as they stand.</summary>
    public JsonNode? Find(string key)
    {
        return Find(Root, key);

        static JsonNode? Find(JsonNode? node, string rest)
        {
            if (rest.Length == 0)
            {
                return node;
            }

            for (var end = rest.IndexOf(':', StringComparison.Ordinal); ; end = rest.IndexOf(':', end + 1))
            {
                var name = end < 0 ? rest : rest[..end];
                var child = node switch
                {
                    JsonObject map => map[name],
                    JsonArray list when int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < list.Count => list[index],
                    _ => null,
                };
                if (child is not null && Find(child, end < 0 ? "" : rest[(end + 1)..]) is { } found)
                {
                    return found;
                }

                if (end < 0)
                {
                    return null;
                }
            }
        }
    }

    /// <summary>Notes a problem at a key, with the place of the key or of the nearest one around it.</summary>
    public void Report(string rule, string key, string message, bool isWarning = false)
    {
        message = WithoutPasswords(message);
        if (SourceOf(key) is { } source)
        {
            Problems.Add(new ConfigurationProblem(rule, key, message, IsWarning: isWarning) { Source = source });
            return;
        }

        var (line, column) = PositionOf(key);
        Problems.Add(new ConfigurationProblem(rule, key, message, line, column, isWarning));
    }

    /// <summary>Marks a key whose value was left out because it could not be read; no rule judges it as missing.</summary>
    public void Doubt(string key) => doubtful.Add(key);

    /// <summary>Whether a key, or one that holds it, could not be read.</summary>
    public bool IsDoubtful(string key)
    {
        for (var end = key.Length; end > 0; end = key.LastIndexOf(':', end - 1))
        {
            if (doubtful.Contains(key[..end]))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The message as it may be shown, whoever wrote it: libraries quote the whole URL that they do not like.</summary>
    private string WithoutPasswords(string message)
    {
        if (!message.Contains('@', StringComparison.Ordinal))
        {
            return message;
        }

        if (unshown is null)
        {
            unshown = [];
            Collect(Root, unshown);
        }

        foreach (var (text, shown) in unshown)
        {
            message = message.Replace(text, shown, StringComparison.Ordinal);
        }

        return message;
    }

    private static void Collect(JsonNode? node, Dictionary<string, string> found)
    {
        switch (node)
        {
            case JsonObject map:
                foreach (var (_, value) in map)
                {
                    Collect(value, found);
                }

                break;
            case JsonArray list:
                foreach (var value in list)
                {
                    Collect(value, found);
                }

                break;
            case JsonValue value when value.TryGetValue<string>(out var text) && Rules.ConfiguredUrl.WithoutUser(text) is var shown && shown != text:
                found[text] = shown;
                break;
        }
    }

    private string? SourceOf(string key) => Nearest(overridden, key);

    private (int Line, int Column) PositionOf(string key) => Nearest(positions, key) is { Line: > 0 } position ? position : (1, 1);

    /// <summary>What is known about a key as it is written in the file, or about the nearest one that holds it.</summary>
    private T? Nearest<T>(Dictionary<string, T> known, string key)
    {
        for (var end = key.Length; end > 0; end = key.LastIndexOf(':', end - 1))
        {
            var prefix = key[..end];
            if (known.TryGetValue(prefix, out var found))
            {
                return found;
            }

            if (misspelt.TryGetValue(prefix, out var written))
            {
                return Nearest(known, written + key[end..]);
            }
        }

        return default;
    }
}
