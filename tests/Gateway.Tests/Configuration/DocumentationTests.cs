using System.Text.Json;
using System.Text.RegularExpressions;
using Gateway.Tests.Commands;
using Xunit;

namespace Gateway.Tests.Configuration;

public sealed partial class DocumentationTests
{
    private static readonly string Guide = File.ReadAllText(Path.Combine(CommandTests.Repository(), "docs", "configuration.md"));

    [Fact]
    public void Every_key_is_in_the_guide()
    {
        using var schema = JsonDocument.Parse(File.ReadAllText(Path.Combine(CommandTests.Repository(), "gateway.schema.json")));

        Assert.DoesNotContain(Keys(schema.RootElement).Distinct(), key => !Guide.Contains($"`{key}`", StringComparison.Ordinal));
    }

    [Fact]
    public void Every_rule_that_the_code_can_name_is_in_the_guide()
    {
        var sources = Directory.GetFiles(Path.Combine(CommandTests.Repository(), "src", "Gateway", "Configuration"), "*.cs", SearchOption.AllDirectories).Select(File.ReadAllText);
        var rules = sources.SelectMany(source => RuleId().Matches(source)).Select(match => match.Groups[1].Value).ToHashSet();

        Assert.True(rules.Count > 35, $"{rules.Count} rules");
        Assert.DoesNotContain(rules, rule => !Guide.Contains($"`{rule}`", StringComparison.Ordinal));
    }

    private static IEnumerable<string> Keys(JsonElement node) => node.ValueKind != JsonValueKind.Object ? [] : node.EnumerateObject().SelectMany(member =>
        member.Name == "properties"
            ? member.Value.EnumerateObject().SelectMany(property => Keys(property.Value).Prepend(property.Name))
            : Keys(member.Value));

    [GeneratedRegex("""(?:Error|Warn|Report|ConfigurationProblem)\((?:[^"()]*, )?"([a-z]+(?:-[a-z]+)*)",""")]
    private static partial Regex RuleId();
}
