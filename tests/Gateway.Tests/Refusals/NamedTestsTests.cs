using System.Text.RegularExpressions;
using Xunit;

namespace Gateway.Tests.Refusals;

/// <summary>A promise that names a test has one: every test that the documents name is there.</summary>
public sealed partial class NamedTestsTests
{
    [Theory]
    [InlineData("DESIGN.md")]
    [InlineData("docs/security-model.md")]
    public void Every_test_that_a_document_names_exists(string document)
    {
        var root = Root();
        var sources = Directory.EnumerateFiles(Path.Combine(root, "tests"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal))
            .Select(File.ReadAllText)
            .ToArray();
        var names = Name().Matches(File.ReadAllText(Path.Combine(root, document)));

        Assert.NotEmpty(names);
        Assert.All(names, name =>
        {
            var test = name.Groups["test"].Value;
            Assert.Contains(sources, source =>
                source.Contains($"class {name.Groups["class"].Value}", StringComparison.Ordinal)
                && (test.Length == 0 || source.Contains($" {test}(", StringComparison.Ordinal)));
        });
    }

    [GeneratedRegex("`(?<class>[A-Z][A-Za-z]*(Tests|Properties))(\\.(?<test>[A-Z]\\w+))?`")]
    private static partial Regex Name();

    private static string Root()
    {
        var directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "Gateway.sln")))
        {
            directory = Path.GetDirectoryName(directory)!;
        }

        return directory;
    }
}
