using System.Diagnostics;
using Deputy.Staging;

namespace Deputy.Attacks;

/// <summary>One whole attack on one target, and what came of it.</summary>
internal sealed record AttackRun(Target Target, IReadOnlyList<CaseResult> Results, TimeSpan Duration)
{
    /// <summary>How many cases run at once.</summary>
    private const int Parallel = 8;

    public bool Holds => Results.All(result => result.Verdict.Outcome is Outcome.Held or Outcome.NotApplicable) && Count(Outcome.Held) > 0;

    public int Count(Outcome outcome) => Results.Count(result => result.Verdict.Outcome == outcome);

    public static async Task<AttackRun> RunAsync(Target target, string repository, IReadOnlyList<Case> cases)
    {
        var start = Stopwatch.GetTimestamp();
        await using var stage = new Stage(target, repository, TimeProvider.System);
        await stage.StartAsync();
        var results = await new Runner(stage, Parallel).RunAsync(cases);
        return new AttackRun(target, results, Stopwatch.GetElapsedTime(start));
    }
}
