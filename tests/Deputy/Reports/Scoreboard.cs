using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Deputy.Reports;

/// <summary>The table of all targets in a page of documentation, between two comments; what stands around it is written by people.</summary>
internal static class Scoreboard
{
    public const string Begin = "<!-- scoreboard: written by `deputy scoreboard` -->";
    public const string End = "<!-- end of the scoreboard -->";

    public static async Task WriteAsync(string page, string[] results)
    {
        var runs = results.Select(path => JsonNode.Parse(File.ReadAllText(path)) is JsonObject run && run["counts"] is JsonObject && run["cases"] is JsonArray ? run : throw new FormatException($"{path} is no result of an attack (--json).")).ToList();
        var text = await File.ReadAllTextAsync(page);
        var (begin, end) = (text.IndexOf(Begin, StringComparison.Ordinal), text.IndexOf(End, StringComparison.Ordinal));
        if (begin < 0 || end < begin)
        {
            throw new FormatException($"{page} has no place for the scoreboard.");
        }

        await File.WriteAllTextAsync(page, text[..begin] + Begin + "\n" + Table(runs) + text[end..]);
    }

    public static string Table(IReadOnlyList<JsonObject> runs)
    {
        var table = new StringBuilder("\n| target | held | broken | error | not applicable | seconds |\n|---|---:|---:|---:|---:|---:|\n");
        foreach (var run in runs)
        {
            var counts = run["counts"]!;
            table.Append(CultureInfo.InvariantCulture, $"| {run["name"]} | {counts["held"]} | {counts["broken"]} | {counts["error"]} | {counts["not applicable"]} | {run["seconds"]} |\n");
        }

        table.Append("\nHeld of applicable, by family:\n\n| family |").Append(string.Concat(runs.Select(run => $" {run["target"]} |"))).Append("\n|---|").Append(string.Concat(runs.Select(_ => "---:|"))).Append('\n');
        foreach (var family in runs.SelectMany(Cases).Select(Family).Distinct())
        {
            table.Append(CultureInfo.InvariantCulture, $"| {family} |");
            foreach (var run in runs)
            {
                var cases = Cases(run).Where(one => Family(one) == family && one["outcome"]!.ToString() != "not applicable").ToList();
                table.Append(cases.Count == 0 ? " n/a |" : $" {cases.Count(one => one["outcome"]!.ToString() == "held")}/{cases.Count} |");
            }

            table.Append('\n');
        }

        return table.Append('\n').ToString();
    }

    private static IEnumerable<JsonObject> Cases(JsonObject run) => run["cases"]!.AsArray().Select(one => one!.AsObject());

    private static string Family(JsonObject one) => one["id"]!.ToString().Split('.')[0];
}
