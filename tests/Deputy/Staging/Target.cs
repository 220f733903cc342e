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
        Capabilities = Strings(json["capabilities"], "capabilities").ToHashSet();
        Build = Commands(json["build"], "build");
        Start = Commands(json["start"], "start");
        Files = Map(json["files"], "files");
        Environment = Map(json["environment"], "environment");
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
        var options = new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, AllowDuplicateProperties = false };
        if (Parse() is not JsonObject json)
        {
            throw new FormatException($"{path} is no JSON object.");
        }

        string[] known = ["name", "about", "source", "ready", "capabilities", "build", "start", "files", "environment"];
        if (json.Select(member => member.Key).FirstOrDefault(key => !known.Contains(key)) is { } unknown)
        {
            throw new FormatException($"{path}: '{unknown}' is no key of a target; those are {string.Join(", ", known)}.");
        }

        try
        {
            return new Target(full, json).Checked();
        }
        catch (FormatException wrong)
        {
            throw new FormatException($"{path}: {wrong.Message}", wrong);
        }

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
            catch (FileNotFoundException)
            {
                throw new FormatException($"There is no {full}.");
            }
            catch (UnauthorizedAccessException)
            {
                throw new FormatException($"{path} cannot be read: access is denied, or it is a directory.");
            }
        }
    }

    private Target Checked() =>
        Start.Count == 0 ? throw new FormatException("'start' is missing.")
        : Capabilities.FirstOrDefault(capability => !Staging.Capabilities.All.ContainsKey(capability)) is { } strange ? throw new FormatException($"'{strange}' is no capability; --describe lists them.")
        : Files.Keys.FirstOrDefault(name => System.IO.Path.IsPathRooted(name) || name.Split('/', '\\').Any(part => part is "" or "." or "..")) is { } outside ? throw new FormatException($"'files' names '{outside}', which is no name below the working directory.")
        : Files.FirstOrDefault(file => !File.Exists(System.IO.Path.Combine(Directory, file.Value))) is { Key: { } name, Value: { } template } ? throw new FormatException($"'files:{name}' names the template '{template}', which is not beside the description: there is no {System.IO.Path.Combine(Directory, template)}.")
        : this;

    private static string? Text(JsonObject json, string key) => json[key] is { } node ? Text(node, key) : null;

    private static string Text(JsonNode? node, string key) =>
        node?.GetValueKind() == JsonValueKind.String ? node.GetValue<string>() : throw new FormatException($"'{key}' holds {node?.ToJsonString() ?? "null"} where a text belongs.");

    private static IEnumerable<string> Strings(JsonNode? node, string key) => node switch
    {
        null => [],
        JsonArray array => array.Select(item => Text(item, key)),
        _ => throw new FormatException($"'{key}' is no list."),
    };

    private static IReadOnlyList<IReadOnlyList<string>> Commands(JsonNode? node, string key)
    {
        IReadOnlyList<IReadOnlyList<string>> commands = node is JsonArray { Count: > 0 } array && array[0] is JsonArray
            ? [.. array.Select(item => (IReadOnlyList<string>)[.. Strings(item, key)])]
            : node is null or JsonArray { Count: 0 } ? [] : [[.. Strings(node, key)]];
        return commands.Any(command => command.Count == 0) ? throw new FormatException($"'{key}' holds a command without a program.") : commands;
    }

    private static Dictionary<string, string> Map(JsonNode? node, string key) => node switch
    {
        null => [],
        JsonObject map => map.ToDictionary(member => member.Key, member => Text(member.Value, $"{key}:{member.Key}")),
        _ => throw new FormatException($"'{key}' is no object."),
    };
}
