using System.Text.Json;
using Gateway.Tests.Commands;
using Xunit;

namespace Gateway.Tests.Configuration;

public sealed class DocumentationTests
{
    private static readonly string Guide = File.ReadAllText(Path.Combine(CommandTests.Repository(), "docs", "configuration.md"));

    [Fact]
    public void Every_key_is_in_the_guide()
    {
        using var schema = JsonDocument.Parse(File.ReadAllText(Path.Combine(CommandTests.Repository(), "gateway.schema.json")));

        Assert.DoesNotContain(Properties(schema.RootElement).Select(property => property.Name).Distinct(), key => !Guide.Contains($"`{key}`", StringComparison.Ordinal));
    }

    [Fact]
    public void The_guide_says_of_every_key_what_the_schema_says_of_it()
    {
        using var schema = JsonDocument.Parse(File.ReadAllText(Path.Combine(CommandTests.Repository(), "gateway.schema.json")));
        var rows = Guide.Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal)).ToLookup(line => line.Split('`')[1], line => line.Replace("`", "", StringComparison.Ordinal));
        var properties = Properties(schema.RootElement.GetProperty("properties").GetProperty("Gateway")).Where(property => rows.Contains(property.Name)).ToArray();

        Assert.True(properties.Length > 100, $"{properties.Length} keys");
        Assert.DoesNotContain(properties, property => !rows[property.Name].Any(row => Said(property.Value).All(said => row.Contains(said, StringComparison.Ordinal))));
    }

    [Fact]
    public void Every_rule_that_the_code_can_name_is_in_the_guide()
    {
        Assert.DoesNotContain(NamedRules.All(), rule => !Guide.Contains($"`{rule}`", StringComparison.Ordinal));
    }

    [Fact]
    public void Both_guides_say_the_same_of_every_rule()
    {
        var troubles = File.ReadAllText(Path.Combine(CommandTests.Repository(), "docs", "troubleshooting.md"));
        var rows = Guide[Guide.IndexOf("## Rules", StringComparison.Ordinal)..].Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal)).ToArray();

        Assert.True(rows.Length > 80, $"{rows.Length} rows");
        Assert.DoesNotContain(rows, row => !troubles.Contains(row.Split(" | ")[1].TrimEnd(' ', '|'), StringComparison.Ordinal));
    }

    private static IEnumerable<JsonProperty> Properties(JsonElement node) => node.ValueKind != JsonValueKind.Object ? [] : node.EnumerateObject().SelectMany(member =>
        member.Name == "properties"
            ? member.Value.EnumerateObject().SelectMany(property => Properties(property.Value).Prepend(property))
            : Properties(member.Value));

    private static IEnumerable<string> Said(JsonElement property)
    {
        if (property.TryGetProperty("description", out var description))
        {
            yield return description.GetString()!.Replace("|", "\\|", StringComparison.Ordinal);
        }

        var values = property.TryGetProperty("items", out var items) ? items : property;
        foreach (var value in values.TryGetProperty("enum", out var named) ? named.EnumerateArray().Where(value => value.ValueKind == JsonValueKind.String) : [])
        {
            yield return value.GetString()!;
        }
    }
}
