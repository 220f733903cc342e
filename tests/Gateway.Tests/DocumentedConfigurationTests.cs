using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Gateway.Configuration;
using Xunit;

namespace Gateway.Tests;

/// <summary>What a page tells its reader to write is what the gateway accepts.</summary>
public sealed partial class DocumentedConfigurationTests
{
    private static readonly JsonDocumentOptions Relaxed = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    public static TheoryData<string> Pages => DocumentationTests.Pages;

    [Theory]
    [MemberData(nameof(Pages))]
    public void Every_configuration_of_a_page_passes_check(string page)
    {
        foreach (var text in Blocks(page).Where(block => block.Contains("\"Gateway\": {", StringComparison.Ordinal)))
        {
            AssertSound(page, text);
        }
    }

    /// <summary>Whoever copies it is to read nothing of a mistake; that a file is elsewhere is so on every machine but one.</summary>
    [Theory]
    [MemberData(nameof(Pages))]
    public void A_whole_configuration_of_a_page_draws_no_warning_of_what_is_missing_in_it(string page)
    {
        foreach (var text in Blocks(page).Where(block => block.Contains("\"Gateway\": {", StringComparison.Ordinal)))
        {
            Assert.Empty(Loaded(text).Problems.Where(problem => problem.Rule is "nothing-advertised" or "none-remote").Select(problem => problem.ToString()));
        }
    }

    [Theory]
    [InlineData("README.md")]
    [InlineData("docs/outbound-modes.md")]
    public void The_first_configurations_are_clean(string page)
    {
        var text = Blocks(page).First(block => block.Contains("\"Gateway\": {", StringComparison.Ordinal));

        Assert.Empty(Loaded(text).Problems.Where(problem => problem.Rule != "file-missing").Select(problem => problem.ToString()));
    }

    [Fact]
    public void The_configuration_of_every_sample_passes_check()
    {
        string[] samples = [.. new[] { "samples", "deploy" }.SelectMany(folder => Directory.EnumerateFiles(Path.Combine(DocumentationTests.Root, folder), "gateway.json", SearchOption.AllDirectories))
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}bin{Path.DirectorySeparatorChar}", StringComparison.Ordinal))];

        Assert.True(samples.Length > 4, string.Join(", ", samples));
        Assert.All(samples, sample => AssertSound(sample, File.ReadAllText(sample)));
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Every_piece_of_a_configuration_on_a_page_is_json(string page)
    {
        foreach (var text in Blocks(page))
        {
            using var _ = JsonDocument.Parse(text.TrimStart().StartsWith('{') ? text : $"{{{text}}}", Relaxed);
        }
    }

    private static void AssertSound(string where, string text)
    {
        var loaded = Loaded(text);
        Assert.False(loaded.HasErrors, $"{where}: {string.Join('\n', loaded.Problems)}");
    }

    private static LoadedConfiguration Loaded(string text) =>
        ConfigurationLoader.Load(Encoding.UTF8.GetBytes(text), new ConfigurationInput { Path = "gateway.json", FilesMustExist = false });

    private static IEnumerable<string> Blocks(string page) =>
        Json().Matches(File.ReadAllText(Path.Combine(DocumentationTests.Root, page))).Select(match => match.Groups[1].Value);

    [GeneratedRegex("^```jsonc?\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Json();
}
