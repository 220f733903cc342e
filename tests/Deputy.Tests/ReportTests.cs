using System.Diagnostics;
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
        Assert.Contains("A claim with <markup>. (RFC 1)", suite.Descendants("failure").Single().Value, StringComparison.Ordinal);
        Assert.Equal(["family.0", "family.1", "family.2", "family.3"], suite.Elements("testcase").Select(test => test.Attribute("name")!.Value));
        Assert.Equal(["4", "1", "1", "1", "4.000"], new[] { "tests", "failures", "errors", "skipped", "time" }.Select(name => suite.Parent!.Attribute(name)!.Value));
    }

    [Fact]
    public void Json_has_the_members_that_the_documentation_names()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Find(AppContext.BaseDirectory), "docs/deputy-kit.md"));
        var example = JsonNode.Parse(page.Split("```json\n").Single(block => block.StartsWith("{\n  \"target\":", StringComparison.Ordinal)).Split("```")[0])!.AsObject();
        var result = JsonReport.Of(All);

        Assert.Equal(result.Select(member => member.Key), example.Select(member => member.Key));
        Assert.Equal(result["counts"]!.AsObject().Select(member => member.Key), example["counts"]!.AsObject().Select(member => member.Key));
        Assert.Equal(result["cases"]![0]!.AsObject().Select(member => member.Key), example["cases"]![0]!.AsObject().Select(member => member.Key));
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
        Assert.Equal((2, "'no-such' is no case and no family; --describe lists them. --help says what there is.\n"), await Say("attack", "x.json", "--case", "audience", "no-such"));
        Assert.Equal((2, "--case needs an id or the name of a family. --help says what there is.\n"), await Say("attack", "x.json", "--case", "--verbose"));
        Assert.Equal((2, "--junit is of no use with --mutants. --help says what there is.\n"), await Say("attack", "x.json", "--mutants", "--junit", "y"));
        Assert.Equal((2, "--everything is of no use without --mutants. --help says what there is.\n"), await Say("attack", "x.json", "--everything"));
        Assert.Equal(2, (await Say("scoreboard", "missing.md", "missing.json")).Exit);
        var noResult = Path.Combine(AppContext.BaseDirectory, "targets", "refuse.json");
        Assert.Equal((2, $"{noResult} is no result of an attack (--json).\n"), await Say("scoreboard", "missing.md", noResult));
    }

    [Theory]
    [InlineData("--json")]
    [InlineData("--junit")]
    [InlineData("--html")]
    public async Task A_report_that_cannot_be_written_is_told_before_anything_is_started(string option)
    {
        var directory = Directory.CreateTempSubdirectory("target-");
        try
        {
            var target = Path.Combine(directory.FullName, "target.json");
            var error = new StringWriter();
            await File.WriteAllTextAsync(target, $$"""{"start":["touch","{{directory.FullName}}/started"],"build":["touch","{{directory.FullName}}/built"]}""", TestContext.Current.CancellationToken);

            Assert.Equal(2, await Command.RunAsync(["attack", target, option, "/no/such/place"], TextWriter.Null, error));
            Assert.StartsWith($"{option} /no/such/place cannot be written: ", error.ToString(), StringComparison.Ordinal);
            Assert.Equal([target], Directory.EnumerateFiles(directory.FullName));
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("""["no-such-program"]""", "'start': 'no-such-program' cannot be started: No such file or directory.")]
    [InlineData("""["sh", "-c", "echo why; exit 3"]""", "'sh' ended with 3:\nwhy")]
    public async Task A_target_that_does_not_start_is_told_with_its_last_words(string start, string wrong)
    {
        var directory = Directory.CreateTempSubdirectory("target-");
        try
        {
            var target = Path.Combine(directory.FullName, "target.json");
            var error = new StringWriter();
            await File.WriteAllTextAsync(target, $$"""{"start":{{start}}}""", TestContext.Current.CancellationToken);

            Assert.Equal(2, await Command.RunAsync(["attack", target], TextWriter.Null, error));
            Assert.EndsWith(wrong + "\n", error.ToString(), StringComparison.Ordinal);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("INT", 130)]
    [InlineData("TERM", 143)]
    public async Task An_attack_that_is_broken_off_leaves_no_process_and_no_directory(string signal, int exit)
    {
        var directory = Directory.CreateTempSubdirectory("target-");
        try
        {
            // A target that never gets ready, and starts another process; where it works is written down.
            var note = Path.Combine(directory.FullName, "note");
            var target = Path.Combine(directory.FullName, "target.json");
            await File.WriteAllTextAsync(target, $$"""{"start":["sh","-c","sleep 600 & echo $! $PWD > {{note}}.new; mv {{note}}.new {{note}}; wait"]}""", TestContext.Current.CancellationToken);
            using var kit = Process.Start(new ProcessStartInfo("dotnet", [typeof(Command).Assembly.Location, "attack", target]) { RedirectStandardError = true })!;
            for (var tries = 0; tries < 600 && !File.Exists(note); tries++)
            {
                await Task.Delay(50, TestContext.Current.CancellationToken);
            }

            var words = (await File.ReadAllTextAsync(note, TestContext.Current.CancellationToken)).Trim().Split(' ');
            await Process.Start("kill", [$"-{signal}", $"{kit.Id}"]).WaitForExitAsync(TestContext.Current.CancellationToken);
            await kit.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

            Assert.Equal(exit, kit.ExitCode);
            Assert.False(Directory.Exists(words[1]));
            Assert.DoesNotContain("sleep", File.Exists($"/proc/{words[0]}/cmdline") ? await File.ReadAllTextAsync($"/proc/{words[0]}/cmdline", TestContext.Current.CancellationToken) : "", StringComparison.Ordinal);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }
}
