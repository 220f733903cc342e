using System.Globalization;
using Deputy.Attacks;

namespace Deputy.Reports;

/// <summary>The table for people: a line a family, then what broke with the wire that proves it.</summary>
internal static class TerminalReport
{
    public static void Write(TextWriter output, AttackRun run, bool verbose)
    {
        output.WriteLine($"{run.Target.Name}: {run.Results.Count} cases in {run.Duration.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture)} s");
        output.WriteLine();
        output.WriteLine($"{"family",-14} {"held",6} {"broken",7} {"error",6} {"n/a",5}");
        foreach (var family in run.Results.GroupBy(result => result.Case.Family))
        {
            int Count(Outcome outcome) => family.Count(result => result.Verdict.Outcome == outcome);
            output.WriteLine($"{family.Key,-14} {Count(Outcome.Held),6} {Count(Outcome.Broken),7} {Count(Outcome.Error),6} {Count(Outcome.NotApplicable),5}");
        }

        output.WriteLine($"{"all",-14} {run.Count(Outcome.Held),6} {run.Count(Outcome.Broken),7} {run.Count(Outcome.Error),6} {run.Count(Outcome.NotApplicable),5}");
        foreach (var result in run.Results.Where(result => verbose || result.Verdict.Outcome is Outcome.Broken or Outcome.Error))
        {
            output.WriteLine();
            output.WriteLine($"{Word(result.Verdict.Outcome)} {result.Case.Id}: {result.Case.Claim} ({result.Case.Source})");
            if (result.Verdict.Why.Length > 0)
            {
                output.WriteLine($"  {result.Verdict.Why}");
            }

            foreach (var line in result.Verdict.Wire)
            {
                output.WriteLine($"    {line}");
            }
        }

        output.WriteLine();
        output.WriteLine($"{run.Count(Outcome.Held)} held, {run.Count(Outcome.Broken) + run.Count(Outcome.Error)} not");
    }

    public static string Word(Outcome outcome) => outcome switch
    {
        Outcome.Held => "held",
        Outcome.Broken => "BROKEN",
        Outcome.NotApplicable => "not applicable",
        _ => "ERROR",
    };
}
