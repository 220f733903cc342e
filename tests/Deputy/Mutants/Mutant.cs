using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Deputy.Mutants;

/// <summary>
/// One seeded weakness: a check of the gateway's source removed or weakened, found by its text wherever the file is, and the
/// cases that claim to find it.
/// </summary>
internal sealed record Mutant(string Id, string Weakness, IReadOnlyList<(string Find, string Replace)> Edits, IReadOnlyList<string> Cases, string Target, bool Smoke)
{
    public static IReadOnlyList<Mutant> Read(string path) =>
    [
        .. JsonNode.Parse(File.ReadAllText(path))!.AsArray().Select(node => new Mutant(
            node!["id"]!.GetValue<string>(),
            node["weakness"]!.GetValue<string>(),
            [.. node["edits"]!.AsArray().Select(edit => (edit!["find"]!.GetValue<string>(), edit["replace"]!.GetValue<string>()))],
            [.. node["cases"]!.AsArray().Select(one => one!.GetValue<string>())],
            node["target"]?.GetValue<string>() ?? "gateway.exchange",
            node["smoke"]?.GetValue<bool>() ?? false)),
    ];

    /// <summary>The changed files, each text found exactly once; else a problem. White space counts as white space.</summary>
    public (IReadOnlyDictionary<string, string> Changed, string? Problem) Apply(IReadOnlyDictionary<string, string> sources)
    {
        var changed = new Dictionary<string, string>();
        foreach (var (find, replace) in Edits)
        {
            var pattern = new Regex(string.Join(@"\s+", Regex.Split(find.Trim(), @"\s+").Select(Regex.Escape)), RegexOptions.None, TimeSpan.FromSeconds(5));
            var found = sources.SelectMany(source => pattern.Matches(changed.GetValueOrDefault(source.Key, source.Value)).Select(match => (File: source.Key, Match: match))).ToList();
            if (found is not [var (file, match)])
            {
                return (changed, $"'{find}' is there {found.Count} times{(found.Count > 1 ? ": " + string.Join(", ", found.Select(one => Path.GetFileName(one.File))) : "")}");
            }

            var text = changed.GetValueOrDefault(file, sources[file]);
            changed[file] = text[..match.Index] + replace + text[(match.Index + match.Length)..];
        }

        return (changed, null);
    }

    /// <summary>The C# sources below a directory.</summary>
    public static Dictionary<string, string> Sources(string directory) => Directory.EnumerateFiles(directory, "*.cs", SearchOption.AllDirectories)
        .Where(path => !path.Contains("/obj/", StringComparison.Ordinal) && !path.Contains("/bin/", StringComparison.Ordinal))
        .ToDictionary(path => path, File.ReadAllText);
}
