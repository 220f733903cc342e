using Xunit;

namespace Gateway.Tests.Configuration;

/// <summary>
/// Mistakes as data: one line changes the good configuration and names exactly the rules that must say so. Files that it names are
/// gone when the process ends that made them, so that no other may enumerate the data.
/// </summary>
public sealed partial class BadConfigurationTests
{
    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void A_bad_configuration_is_refused_by_exactly_its_rules(string changes, string rules, string fragment)
    {
        var loaded = Given.Loaded(Given.Changed(changes));

        Assert.Equal(rules.Split(' ').Order(), loaded.Problems.Where(problem => !problem.IsWarning).Select(problem => problem.Rule).Order());
        Assert.Contains(loaded.Problems, problem => problem.Message.Contains(fragment, StringComparison.Ordinal));
        Assert.All(loaded.Problems, problem => Assert.True(problem.Message.EndsWith('.') || problem.Message.EndsWith('?'), problem.Message));
    }

    [Theory]
    [MemberData(nameof(Weaker), DisableDiscoveryEnumeration = true)]
    public void A_weakened_default_is_a_warning(string changes, string rule)
    {
        var loaded = Given.Loaded(Given.Changed(changes));

        Assert.False(loaded.HasErrors, string.Join('\n', loaded.Problems.Select(problem => problem.ToString())));
        Assert.Equal(rule.Split(' '), loaded.Problems.Select(problem => problem.Rule));
    }

    [Theory]
    [MemberData(nameof(Unusual), DisableDiscoveryEnumeration = true)]
    public void What_is_unusual_and_right_is_not_refused(string changes) => Assert.Empty(Given.Loaded(Given.Changed(changes)).Problems);
}
