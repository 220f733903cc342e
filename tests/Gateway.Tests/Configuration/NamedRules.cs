using System.Text.RegularExpressions;
using Gateway.Tests.Commands;
using Xunit;

namespace Gateway.Tests.Configuration;

/// <summary>The rules of the configuration by the names that its sources give them.</summary>
internal static partial class NamedRules
{
    public static IReadOnlySet<string> All()
    {
        var sources = Directory.GetFiles(Path.Combine(CommandTests.Repository(), "src", "Gateway", "Configuration"), "*.cs", SearchOption.AllDirectories).Select(File.ReadAllText);
        var rules = sources.SelectMany(source => Name().Matches(source)).Select(match => match.Groups[1].Value).ToHashSet();

        // A reading that finds nothing would satisfy whoever looks each of them up.
        Assert.True(rules.Count > 35, $"{rules.Count} rules");
        return rules;
    }

    [GeneratedRegex("""(?:Error|Warn|Report|ConfigurationProblem)\((?:[^"()]*, )?"([a-z]+(?:-[a-z]+)*)",""")]
    private static partial Regex Name();
}
