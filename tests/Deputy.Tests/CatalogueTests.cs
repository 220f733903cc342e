using Deputy.Attacks;
using Deputy.Reports;
using Deputy.Staging;
using Xunit;

namespace Deputy.Tests;

public sealed class CatalogueTests
{
    private static string Root => Repository.Find(AppContext.BaseDirectory);

    [Fact]
    public void Every_case_has_an_id_of_its_own_a_claim_and_a_source()
    {
        Assert.True(Catalogue.All.Count >= 120);
        Assert.Equal(Catalogue.All.Count, Catalogue.All.Select(one => one.Id).Distinct().Count());
        Assert.All(Catalogue.All, one => Assert.Matches(@"^[a-z]+\.[A-Za-z0-9-]+$", one.Id));
        Assert.All(Catalogue.All, one => Assert.True(one is { Claim.Length: > 5, Source.Length: > 5 }, one.Id));
    }

    [Fact]
    public void Every_capability_is_needed_by_a_case_and_none_is_unknown()
    {
        var named = Catalogue.All.SelectMany(one => one.Needs.Concat(one.Unless)).ToHashSet();

        Assert.Empty(named.Except(Capabilities.All.Keys));
        Assert.Empty(Capabilities.All.Keys.Except(named));
    }

    [Fact]
    public async Task Every_shipped_target_can_be_read_and_its_templates_hold_known_placeholders_only()
    {
        foreach (var path in Directory.EnumerateFiles(Path.Combine(Root, "tests/Deputy/targets"), "*.json"))
        {
            var target = Target.Read(path);
            await using var stage = new Stage(target, Root, TimeProvider.System);
            Assert.All(target.Files.Values, template => stage.Fill(File.ReadAllText(Path.Combine(target.Directory, template))));
            Assert.All(target.Start.SelectMany(command => command), word => stage.Fill(word));
        }
    }

    [Theory]
    [InlineData("""{"start":["x"],"capabilities":[null]}""", "'capabilities' holds null where a text belongs.")]
    [InlineData("""{"start":["x"],"capabilities":"servers"}""", "'capabilities' is no list.")]
    [InlineData("""{"start":["x"],"name":5}""", "'name' holds 5 where a text belongs.")]
    [InlineData("""{"start":["x"],"files":{"../../evil":"x"}}""", "'files' names '../../evil', which is no name below the working directory.")]
    [InlineData("""{"start":["x"],"files":{"/evil":"x"}}""", "'files' names '/evil', which is no name below the working directory.")]
    [InlineData("""{"start":["x"],"files":{"a":null}}""", "'files:a' holds null where a text belongs.")]
    [InlineData("""{"start":[[]]}""", "'start' holds a command without a program.")]
    [InlineData("""{"start":{}}""", "'start' is no list.")]
    [InlineData("""{"start":[]}""", "'start' is missing.")]
    [InlineData("""{"start":["x"],"files":{"a":"no-template"}}""", "'files:a' names the template 'no-template', which is not beside the description: there is no DIRECTORY/no-template.")]
    public void A_target_that_cannot_be_used_says_what_is_wrong_with_it(string text, string wrong)
    {
        var path = Path.Combine(Directory.CreateTempSubdirectory("target-").FullName, "target.json");
        try
        {
            File.WriteAllText(path, text);

            Assert.Equal($"{path}: {wrong.Replace("DIRECTORY", Path.GetDirectoryName(path), StringComparison.Ordinal)}", Assert.Throws<FormatException>(() => Target.Read(path)).Message);
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
        }
    }

    [Theory]
    [InlineData("${issuer}", "${issuer} names no issuer: ${issuer:corp}, or another of corp, partner, fragile, rotating, brief, watched, fronted.")]
    [InlineData("${public-key:crop}", "${public-key:crop} names no issuer that a case uses: ${public-key:corp}, or another of corp, partner, fragile, rotating, brief, watched, fronted.")]
    [InlineData("${directory:x}", "${directory:x} takes nothing after a colon.")]
    [InlineData("${host}", "${host} is no placeholder; --describe lists them. What is no placeholder is written $${host}.")]
    public async Task A_placeholder_that_is_none_is_told_with_its_place(string placeholder, string wrong)
    {
        var directory = Directory.CreateTempSubdirectory("target-");
        try
        {
            var path = Path.Combine(directory.FullName, "target.json");
            await File.WriteAllTextAsync(path, """{"start":["true"],"files":{"a":"template"}}""", TestContext.Current.CancellationToken);
            await File.WriteAllTextAsync(Path.Combine(directory.FullName, "template"), $"x = {placeholder}", TestContext.Current.CancellationToken);
            await using var stage = new Stage(Target.Read(path), Root, TimeProvider.System);

            Assert.Equal($"{path}: 'files:a' (template): {wrong}", (await Assert.ThrowsAsync<FormatException>(stage.StartAsync)).Message);
            Assert.Equal("${host} ${issuer}", stage.Fill("$${host} $${issuer}"));
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public void Every_server_and_issuer_of_a_case_can_be_named_in_a_template()
    {
        Assert.Empty(Catalogue.All.Select(one => one.Server).Except(Placeholders.Servers));
        Assert.Empty(Placeholders.Servers.Select(Stage.IssuerOf).Except(Placeholders.Issuers));
    }

    [Fact]
    public void Every_capability_that_this_gateway_has_is_attacked_in_one_of_its_modes()
    {
        var named = Directory.EnumerateFiles(Path.Combine(Root, "tests/Deputy/targets"), "gateway.*.json").SelectMany(path => Target.Read(path).Capabilities);

        Assert.Empty(Capabilities.All.Keys.Except(named));
    }

    [Fact]
    public void The_documentation_holds_a_scoreboard_of_every_shipped_target()
    {
        var page = File.ReadAllText(Path.Combine(Root, "docs/deputy-kit.md"));
        var table = page[page.IndexOf(Scoreboard.Begin, StringComparison.Ordinal)..page.IndexOf(Scoreboard.End, StringComparison.Ordinal)];
        var targets = Directory.EnumerateFiles(Path.Combine(Root, "tests/Deputy/targets"), "*.json").Select(Target.Read).Where(target => target.Id is not ("refuse" or "forward"));
        var families = Catalogue.All.Select(one => one.Family).Distinct();

        Assert.All(targets, target => Assert.Contains($"| {target.Name} | ", table, StringComparison.Ordinal));
        Assert.All(families, family => Assert.Contains($"\n| {family} |", table, StringComparison.Ordinal));
    }
}
