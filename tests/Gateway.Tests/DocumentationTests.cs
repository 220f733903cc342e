using System.Text.RegularExpressions;
using Xunit;

namespace Gateway.Tests;

/// <summary>What the documents name as a proof exists.</summary>
public sealed partial class DocumentationTests
{
    private static readonly string Root = RootOf(AppContext.BaseDirectory);

    [Theory]
    [InlineData("DESIGN.md")]
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

    [Theory]
    [InlineData("README.md")]
    [InlineData("DESIGN.md")]
    [InlineData("docs/security-model.md")]
    [InlineData("docs/field-notes.md")]
    public void Every_file_that_a_document_links_to_exists(string document)
    {
        var folder = Path.GetDirectoryName(Path.Combine(Root, document))!;
        foreach (Match link in Links().Matches(File.ReadAllText(Path.Combine(Root, document))))
        {
            var target = Path.Combine(folder, link.Groups[1].Value);
            Assert.True(File.Exists(target) || Directory.Exists(target), $"{document} links to {link.Groups[1].Value}");
        }
    }

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

    [GeneratedRegex(@"\]\((?!https?:)([^)#]+)\)")]
    private static partial Regex Links();
}
