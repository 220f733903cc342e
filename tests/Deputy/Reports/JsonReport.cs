using System.Text.Json;
using System.Text.Json.Nodes;
using Deputy.Attacks;

namespace Deputy.Reports;

/// <summary>The result for programs, and for the scoreboard.</summary>
internal static class JsonReport
{
    private static readonly JsonWriterOptions Indented = new() { Indented = true };

    public static void Write(string path, AttackRun run)
    {
        using var file = File.Create(path);
        using var writer = new Utf8JsonWriter(file, Indented);
        Of(run).WriteTo(writer);
    }

    public static JsonObject Of(AttackRun run) => new()
    {
        ["target"] = run.Target.Id,
        ["name"] = run.Target.Name,
        ["about"] = run.Target.About,
        ["source"] = run.Target.Source,
        ["seconds"] = Math.Round(run.Duration.TotalSeconds, 1),
        ["counts"] = new JsonObject
        {
            ["held"] = run.Count(Outcome.Held),
            ["broken"] = run.Count(Outcome.Broken),
            ["error"] = run.Count(Outcome.Error),
            ["not applicable"] = run.Count(Outcome.NotApplicable),
        },
        ["cases"] = new JsonArray([.. run.Results.Select(result => new JsonObject
        {
            ["id"] = result.Case.Id,
            ["claim"] = result.Case.Claim,
            ["source"] = result.Case.Source,
            ["outcome"] = TerminalReport.Word(result.Verdict.Outcome).ToLowerInvariant(),
            ["why"] = result.Verdict.Why,
            ["wire"] = new JsonArray([.. result.Verdict.Wire.Select(line => JsonValue.Create(line))]),
            ["milliseconds"] = Math.Round(result.Duration.TotalMilliseconds),
        })]),
    };
}
