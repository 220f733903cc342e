using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Gateway.Observe;
using Xunit;

namespace Gateway.Tests;

/// <summary>What the documents name as a proof exists.</summary>
public sealed partial class DocumentationTests
{
    internal static readonly string Root = RootOf(AppContext.BaseDirectory);

    [Theory]
    [InlineData("DESIGN.md")]
    [InlineData("docs/refusals.md")]
    [InlineData("docs/security-model.md")]
    [InlineData("docs/field-notes.md")]
    public void Every_test_that_a_document_names_exists(string document)
    {
        var sources = Directory.EnumerateFiles(Path.Combine(Root, "tests"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .Select(File.ReadAllText).ToList();
        var named = Names().Matches(File.ReadAllText(Path.Combine(Root, document)));

        Assert.NotEmpty(named);
        foreach (Match name in named)
        {
            var type = $"class {name.Groups[1].Value}";
            var method = name.Groups[2].Value;
            Assert.True(
                sources.Any(source => source.Contains(type, StringComparison.Ordinal) && (method.Length == 0 || source.Contains($" {method}(", StringComparison.Ordinal))),
                $"{document} names {name.Value}");
        }
    }

    [Fact]
    public void The_decisions_and_their_reasons_have_the_same_numbers()
    {
        var decisions = Decisions().Matches(File.ReadAllText(Path.Combine(Root, "DESIGN.md"))).Select(number => int.Parse(number.Groups[1].Value, CultureInfo.InvariantCulture)).ToArray();
        var reasons = Decisions().Matches(File.ReadAllText(Path.Combine(Root, "docs/decisions.md"))).Select(number => int.Parse(number.Groups[1].Value, CultureInfo.InvariantCulture)).ToArray();

        Assert.Equal(Enumerable.Range(1, decisions.Length), decisions);
        Assert.Equal(decisions, reasons);
    }

    [Fact]
    public void Every_decision_that_is_cited_by_its_number_is_one()
    {
        var last = Decisions().Count(File.ReadAllText(Path.Combine(Root, "DESIGN.md")));
        var texts = Pages.Select(page => Path.Combine(Root, page.Data))
            .Concat(new[] { "src", "tests", "samples" }.SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Root, folder), "*.cs", SearchOption.AllDirectories)));
        var cited = texts.SelectMany(path => Cited().Matches(File.ReadAllText(path)).Select(number => (Path: path, Number: int.Parse(number.Groups[1].Value, CultureInfo.InvariantCulture)))).ToArray();

        Assert.NotEmpty(cited);
        Assert.Equal([], cited.Where(one => one.Number < 1 || one.Number > last));
    }

    public static TheoryData<string> Pages =>
    [
        "README.md", "DESIGN.md", "SECURITY.md", "CHANGELOG.md", "CONTRIBUTING.md", "tests/README.md",
        .. new[] { "docs", "deploy", "samples" }.SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Root, folder), "*.md", SearchOption.AllDirectories))
            .Select(page => Path.GetRelativePath(Root, page).Replace('\\', '/')).Order(StringComparer.Ordinal),
    ];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Every_link_of_a_page_leads_to_a_file_and_to_a_heading_in_it(string page)
    {
        var folder = Path.GetDirectoryName(Path.Combine(Root, page))!;
        foreach (Match link in Links().Matches(File.ReadAllText(Path.Combine(Root, page))))
        {
            var target = link.Groups[1].Length == 0 ? Path.Combine(Root, page) : Path.Combine(folder, link.Groups[1].Value);
            Assert.True(File.Exists(target) || Directory.Exists(target), $"{page} links to {link.Groups[1].Value}");
            if (link.Groups[2].Success)
            {
                Assert.True(Anchors(File.ReadAllText(target)).Contains(link.Groups[2].Value), $"{page} links to {link.Value}");
            }
        }
    }

    [Fact]
    public void Every_page_can_be_reached_from_the_README()
    {
        HashSet<string> reached = ["README.md"];
        for (Queue<string> left = new(reached); left.TryDequeue(out var page);)
        {
            var folder = Path.GetDirectoryName(Path.Combine(Root, page))!;
            foreach (Match link in Links().Matches(File.ReadAllText(Path.Combine(Root, page))))
            {
                var target = Path.GetRelativePath(Root, Path.Combine(folder, link.Groups[1].Value)).Replace('\\', '/');
                if (target.EndsWith(".md", StringComparison.Ordinal) && File.Exists(Path.Combine(Root, target)) && reached.Add(target))
                {
                    left.Enqueue(target);
                }
            }
        }

        Assert.Empty(Pages.Select(row => row.Data).Except(reached));
    }

    /// <summary>tests/Docs/run runs every block of commands but those that say why not.</summary>
    [Theory]
    [MemberData(nameof(Pages))]
    public void What_is_not_run_says_why_and_every_remark_for_the_tests_is_understood(string page)
    {
        foreach (Match remark in Remarks().Matches(File.ReadAllText(Path.Combine(Root, page))))
        {
            Assert.Matches("^(?:run|fails|background|file [^ ]+|skip .{20,})(?:, shell [1-9])?(?:, in [^ ,]+)?(?:, (?:expect|until) \"[^\"]+\")?$", remark.Groups[1].Value);
            Assert.Matches("^```", remark.Groups[2].Value);
        }
    }

    /// <summary>The audit that tests/Docs/run asks the questions of docs/operations.md has the fields that the program writes.</summary>
    [Fact]
    public void The_audit_of_the_examples_has_the_fields_of_the_programs_own()
    {
        var record = new RequestRecord { Time = DateTimeOffset.UnixEpoch, Started = 0, RequestId = "1" };
        using var own = JsonDocument.Parse(Encoding.UTF8.GetString(AuditEvent.Write(record, null)));

        foreach (var line in File.ReadLines(Path.Combine(Root, "tests", "Docs", "audit.jsonl")))
        {
            using var example = JsonDocument.Parse(line);
            Assert.Subset(own.RootElement.EnumerateObject().Select(member => member.Name).ToHashSet(), example.RootElement.EnumerateObject().Select(member => member.Name).ToHashSet());
        }
    }

    /// <summary>As GitHub makes them: lower case, blanks as hyphens, without punctuation; and those that a page sets itself.</summary>
    private static HashSet<string> Anchors(string text) =>
        [.. Places().Matches(text).Select(place => place.Groups[1].Value), .. Headings().Matches(text).Select(heading => NoAnchor().Replace(heading.Groups[1].Value.Trim().ToLowerInvariant(), "").Replace(' ', '-'))];

    [Fact]
    public void The_code_that_the_page_about_MCP_servers_shows_is_the_code_that_is_tested()
    {
        var blocks = Blocks().Matches(File.ReadAllText(Path.Combine(Root, "docs/mcp-servers.md")));

        Assert.Equal(4, blocks.Count);
        foreach (Match block in blocks)
        {
            var tested = File.ReadLines(Path.Combine(Root, block.Groups[1].Value)).Select(line => line.Trim()).GetEnumerator();
            foreach (var shown in block.Groups[2].Value.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0))
            {
                while (tested.Current != shown)
                {
                    Assert.True(tested.MoveNext(), $"{block.Groups[1].Value} does not hold, in this order: {shown}");
                }
            }
        }
    }

    private static string RootOf(string directory) =>
        File.Exists(Path.Combine(directory, "Gateway.sln")) ? directory : RootOf(Path.GetDirectoryName(directory)!);

    [GeneratedRegex(@"`(\w+(?:Tests|Properties))(?:\.(\w+))?`")]
    private static partial Regex Names();

    [GeneratedRegex(@"<!-- (tests/\S+) -->\n```\w+\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Blocks();

    [GeneratedRegex(@"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)")]
    private static partial Regex Links();

    [GeneratedRegex("^#+ (.*)$", RegexOptions.Multiline)]
    private static partial Regex Headings();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NoAnchor();

    [GeneratedRegex("""<a id="([^"]+)"></a>""")]
    private static partial Regex Places();

    [GeneratedRegex(@"^(\d+)\. ", RegexOptions.Multiline)]
    private static partial Regex Decisions();

    [GeneratedRegex(@"\b[Dd]ecisions? (\d+)\b")]
    private static partial Regex Cited();

    [GeneratedRegex("^<!-- test: (.*) -->\n(.*)$", RegexOptions.Multiline)]
    private static partial Regex Remarks();
}
