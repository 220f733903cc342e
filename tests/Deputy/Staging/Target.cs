using System.Text.Json;
using System.Text.Json.Nodes;

namespace Deputy.Staging;

/// <summary>A gateway to attack: how to build, configure and start it, and what it is able to do.</summary>
internal sealed class Target
{
    private Target(string path, JsonObject json)
    {
        Path = path;
        Id = System.IO.Path.GetFileNameWithoutExtension(path);
        Name = Text(json, "name") ?? Id;
        About = Text(json, "about") ?? "";
        Source = Text(json, "source") ?? "";
        Ready = Text(json, "ready") ?? "http://127.0.0.1:${port}/";
        Capabilities = Strings(json["capabilities"]).ToHashSet();
        Build = Commands(json["build"]);
        Start = Commands(json["start"]);
        Files = Map(json["files"]);
        Environment = Map(json["environment"]);
    }

    public string Path { get; }

    public string Directory => System.IO.Path.GetDirectoryName(Path)!;

    /// <summary>The name of the file, without its ending.</summary>
    public string Id { get; }

    public string Name { get; }

    public string About { get; }

    /// <summary>Where its configuration is taken from.</summary>
    public string Source { get; }

    /// <summary>Answers anything below 500 once the gateway serves.</summary>
    public string Ready { get; }

    public IReadOnlySet<string> Capabilities { get; }

    public IReadOnlyList<IReadOnlyList<string>> Build { get; }

    public IReadOnlyList<IReadOnlyList<string>> Start { get; }

    /// <summary>Files to write into the working directory, by the template beside the description.</summary>
    public IReadOnlyDictionary<string, string> Files { get; }

    public IReadOnlyDictionary<string, string> Environment { get; }

    public static Target Read(string path)
    {
        var full = System.IO.Path.GetFullPath(path);
        var options = new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };
        if (Parse() is not JsonObject json)
        {
            throw new FormatException($"{path} is no JSON object.");
        }

        string[] known = ["name", "about", "source", "ready", "capabilities", "build", "start", "files", "environment"];
        if (json.Select(member => member.Key).FirstOrDefault(key => !known.Contains(key)) is { } unknown)
        {
            throw new FormatException($"{path}: '{unknown}' is no key of a target; those are {string.Join(", ", known)}.");
        }

        var target = new Target(full, json);
        return target.Start.Count == 0 ? throw new FormatException($"{path}: 'start' is missing.")
            : target.Capabilities.FirstOrDefault(capability => !Staging.Capabilities.All.ContainsKey(capability)) is { } strange
                ? throw new FormatException($"{path}: '{strange}' is no capability; --describe lists them.")
                : target;

        JsonNode? Parse()
        {
            try
            {
                return JsonNode.Parse(File.ReadAllText(full), documentOptions: options);
            }
            catch (JsonException exception)
            {
                throw new FormatException($"{path} is no JSON: {exception.Message}");
            }
        }
    }

    private static string? Text(JsonObject json, string key) => json[key]?.GetValue<string>();

    private static IEnumerable<string> Strings(JsonNode? node) => node is JsonArray array ? array.Select(item => item!.GetValue<string>()) : [];

    private static IReadOnlyList<IReadOnlyList<string>> Commands(JsonNode? node) => node switch
    {
        JsonArray { Count: > 0 } array when array[0] is JsonArray => [.. array.Select(item => (IReadOnlyList<string>)[.. Strings(item)])],
        JsonArray { Count: > 0 } array => [[.. Strings(array)]],
        _ => [],
    };

    private static Dictionary<string, string> Map(JsonNode? node) =>
        node is JsonObject map ? map.ToDictionary(member => member.Key, member => member.Value!.GetValue<string>()) : [];
}
