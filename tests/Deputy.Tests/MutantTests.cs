using Deputy.Attacks;
using Deputy.Mutants;
using Deputy.Staging;
using Xunit;

namespace Deputy.Tests;

public sealed class MutantTests
{
    private static string Root => Repository.Find(AppContext.BaseDirectory);

    [Fact]
    public void Every_seeded_weakness_finds_its_place_in_the_source_and_names_cases()
    {
        var mutants = Mutant.Read(Path.Combine(Root, "tests/Deputy/Mutants/mutants.json"));
        var sources = Mutant.Sources(Path.Combine(Root, "src"));
        var ids = Catalogue.All.Select(one => one.Id).ToHashSet();

        Assert.True(mutants.Count >= 40, $"There are {mutants.Count}.");
        Assert.Equal(mutants.Count, mutants.Select(mutant => mutant.Id).Distinct().Count());
        Assert.Contains(mutants, mutant => mutant.Smoke);
        Assert.All(mutants, mutant => Assert.NotEmpty(mutant.Cases));
        Assert.Empty(mutants.SelectMany(mutant => mutant.Cases).Except(ids));
        Assert.All(mutants, mutant => Assert.Null(mutant.Apply(sources).Problem));
    }
}
