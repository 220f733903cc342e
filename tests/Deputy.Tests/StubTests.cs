using System.Text.Json.Nodes;
using Deputy.Attacks;
using Deputy.Staging;
using Xunit;

namespace Deputy.Tests;

/// <summary>A case that always holds or always breaks says nothing: two gateways that are none tell such cases.</summary>
public sealed class StubTests
{
    private static string Targets => Path.Combine(AppContext.BaseDirectory, "targets");

    [Fact]
    public async Task Nothing_is_held_by_a_target_that_refuses_everything()
    {
        var run = await AttackAsync("refuse");

        Assert.DoesNotContain(run.Results, result => result.Verdict.Outcome is Outcome.Held or Outcome.Broken);
        Assert.All(run.Results, result => Assert.Equal(Applies(result.Case, run.Target) ? Outcome.Error : Outcome.NotApplicable, result.Verdict.Outcome));
        Assert.False(run.Holds);
    }

    [Fact]
    public async Task A_target_that_forwards_everything_is_broken_but_where_forwarding_is_right()
    {
        var run = await AttackAsync("forward");
        var pinned = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "forward-everything.json"), TestContext.Current.CancellationToken))!.AsObject();

        string Expected(CaseResult result) => !Applies(result.Case, run.Target) ? "NotApplicable" : pinned[result.Case.Id]?.GetValue<string>() ?? "Broken";
        var differing = run.Results.Where(result => result.Verdict.Outcome.ToString() != Expected(result)).Select(result => $"{result.Case.Id}: {result.Verdict.Outcome}, not {Expected(result)} ({result.Verdict.Why})");

        Assert.Empty(differing);
        Assert.Empty(pinned.Select(member => member.Key).Except(run.Results.Where(result => Applies(result.Case, run.Target)).Select(result => result.Case.Id)));
        Assert.False(run.Holds);
    }

    private static bool Applies(Case one, Target target) => one.Needs.All(target.Capabilities.Contains) && !one.Unless.Any(target.Capabilities.Contains);

    private static Task<AttackRun> AttackAsync(string target) =>
        AttackRun.RunAsync(Target.Read(Path.Combine(Targets, target + ".json")), Repository.Find(AppContext.BaseDirectory), Catalogue.All);
}
