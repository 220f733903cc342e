using System.Collections.Concurrent;
using System.Diagnostics;
using Deputy.Staging;

namespace Deputy.Attacks;

/// <summary>
/// Runs cases against a stage: the honest call, the attack, the honest call again. Whatever keeps the kit from telling a refusal
/// from a target that refuses everything, or is gone, is an error and never "held".
/// </summary>
internal sealed class Runner(Stage stage, int parallel)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public async Task<IReadOnlyList<CaseResult>> RunAsync(IReadOnlyList<Case> cases)
    {
        var results = new ConcurrentDictionary<string, CaseResult>(StringComparer.Ordinal);
        var lanes = cases.Where(one => one is { Lane: not null, Late: false }).GroupBy(one => one.Lane!).Select(lane => RunLaneAsync(lane, results));
        var alone = Parallel.ForEachAsync(
            cases.Where(one => one is { Lane: null, Late: false }),
            new ParallelOptions { MaxDegreeOfParallelism = parallel },
            async (one, _) => results[one.Id] = await RunAsync(one));
        await Task.WhenAll([.. lanes, alone]);
        await RunLaneAsync(cases.Where(one => one.Late), results);
        if (await stage.ReviveAsync())
        {
            // Somebody ended the target: who it was shows when each that saw it gone is run by itself.
            foreach (var one in cases.Where(one => results[one.Id].Verdict.Outcome == Outcome.Error))
            {
                var result = await RunAsync(one);
                results[one.Id] = await stage.ReviveAsync() ? result with { Verdict = Verdict.Error("The target ended.", result.Verdict.Wire) } : result;
            }
        }

        return [.. cases.Select(one => results[one.Id])];
    }

    private async Task RunLaneAsync(IEnumerable<Case> lane, ConcurrentDictionary<string, CaseResult> results)
    {
        foreach (var one in lane)
        {
            results[one.Id] = await RunAsync(one);
        }
    }

    private async Task<CaseResult> RunAsync(Case one)
    {
        var start = Stopwatch.GetTimestamp();
        var verdict = await JudgeAsync(one);
        return new CaseResult(one, verdict, Stopwatch.GetElapsedTime(start));
    }

    private async Task<Verdict> JudgeAsync(Case one)
    {
        var can = stage.Target.Capabilities;
        if (one.Needs.Where(need => !can.Contains(need)).ToArray() is { Length: > 0 } lacking)
        {
            return new Verdict(Outcome.NotApplicable, $"needs {string.Join(", ", lacking)}");
        }

        if (one.Unless.FirstOrDefault(can.Contains) is { } without)
        {
            return new Verdict(Outcome.NotApplicable, $"means nothing with {without}");
        }

        var attack = new Attack(stage);
        Task<string?> ControlAsync() => one.Control is { } control ? control(attack) : attack.HonestAsync(one.Server);
        try
        {
            if (await ControlAsync().WaitAsync(Limit) is { } before)
            {
                return Verdict.Error($"Before the attack, {before}.");
            }

            var verdict = await one.Run(attack).WaitAsync(Limit);
            return verdict.Outcome == Outcome.Held && one.ControlAfter && await ControlAsync().WaitAsync(Limit) is { } after
                ? Verdict.Error($"After the attack, {after}.")
                : verdict;
        }
        catch (InapplicableException exception)
        {
            return new Verdict(Outcome.NotApplicable, exception.Message);
        }
        catch (Exception exception)
        {
            return Verdict.Error($"{exception.GetType().Name}: {exception.Message}");
        }
    }
}
