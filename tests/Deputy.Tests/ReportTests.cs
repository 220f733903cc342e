using System.Text.Json.Nodes;
using System.Xml.Linq;
using Deputy.Attacks;
using Deputy.Commands;
using Deputy.Reports;
using Deputy.Staging;
using Xunit;

namespace Deputy.Tests;

public sealed class ReportTests
{
    private static readonly Case One = new("family.one", "A claim with <markup>.", "RFC 1", _ => Task.FromResult(Verdict.Held));

    private static AttackRun Run(params Verdict[] verdicts) => new(
        Target.Read(Path.Combine(AppContext.BaseDirectory, "targets", "refuse.json")),
        [.. verdicts.Select((verdict, index) => new CaseResult(One with { Id = $"family.{index}" }, verdict, TimeSpan.FromSeconds(1)))],
        TimeSpan.FromSeconds(2));

    private static AttackRun All => Run(Verdict.Held, Verdict.Broken("It broke.", "sent  a\u0001b", "got   <b>", "seen  c"), Verdict.Error("It erred."), new Verdict(Outcome.NotApplicable, "needs x"));

    [Fact]
    public void A_run_holds_only_when_something_held_and_nothing_broke_or_erred()
    {
        Assert.True(Run(Verdict.Held, new Verdict(Outcome.NotApplicable, "")).Holds);
        Assert.False(Run(new Verdict(Outcome.NotApplicable, "")).Holds);
        Assert.False(Run(Verdict.Held, Verdict.Broken("")).Holds);
        Assert.False(Run(Verdict.Held, Verdict.Error("")).Holds);
    }

    [Fact]
    public void Junit_counts_what_broke_erred_and_did_not_apply()
    {
        var path = Path.GetTempFileName();
        JunitReport.Write(path, All);
        var suite = XDocument.Load(path).Root!.Element("testsuite")!;
        File.Delete(path);

        Assert.Equal(["4", "1", "1", "1"], new[] { "tests", "failures", "errors", "skipped" }.Select(name => suite.Attribute(name)!.Value));
        Assert.Contains("got   <b>", suite.Descendants("failure").Single().Value, StringComparison.Ordinal);
    }

    [Fact]
    public void The_page_needs_nothing_from_elsewhere_and_shows_what_broke_as_text()
    {
        var page = HtmlReport.Page(All);

        Assert.DoesNotContain("<script", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("src=", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<b>", page, StringComparison.Ordinal);
        Assert.Contains("got   &lt;b&gt;", page, StringComparison.Ordinal);
    }

    [Fact]
    public void The_scoreboard_counts_held_of_applicable_by_family()
    {
        var table = Scoreboard.Table([JsonReport.Of(All)]);

        Assert.Contains("| Refuses everything | 1 | 1 | 1 | 1 | 2 |", table, StringComparison.Ordinal);
        Assert.Contains("| family | 1/3 |", table, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mistakes_on_the_command_line_and_in_a_target_are_named()
    {
        async Task<(int Exit, string Error)> Say(params string[] arguments)
        {
            var error = new StringWriter();
            return (await Command.RunAsync(arguments, TextWriter.Null, error), error.ToString());
        }

        var path = Path.GetTempFileName();
        await File.WriteAllTextAsync(path, new JsonObject { ["start"] = new JsonArray("true"), ["capabilites"] = new JsonArray() }.ToJsonString(), TestContext.Current.CancellationToken);
        var unknown = await Say("attack", path);
        await File.WriteAllTextAsync(path, "{", TestContext.Current.CancellationToken);
        var broken = await Say("attack", path);
        File.Delete(path);

        Assert.Equal(2, unknown.Exit);
        Assert.Contains("'capabilites' is no key", unknown.Error, StringComparison.Ordinal);
        Assert.Equal(2, broken.Exit);
        Assert.Contains(path, broken.Error, StringComparison.Ordinal);
        Assert.Equal(2, (await Say("attack")).Exit);
        Assert.Equal((0, ""), await Say("--help"));
        Assert.Equal((0, ""), await Say("attack", "--help"));
        Assert.Equal(2, (await Say("attack", "x.json", "--jsn", "y")).Exit);
        Assert.Equal(2, (await Say("attack", "x.json", "--case", "no.such")).Exit);
        Assert.Equal(2, (await Say("attack", "missing.json")).Exit);
    }
}
