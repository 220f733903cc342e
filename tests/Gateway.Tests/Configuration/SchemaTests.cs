using System.Text.Json.Nodes;
using Gateway.Configuration;
using Xunit;

namespace Gateway.Tests.Configuration;

/// <summary>What an editor shows of the schema: a meaning for every key, and examples that are right.</summary>
public sealed class SchemaTests
{
    private static readonly JsonNode Schema = JsonNode.Parse(ConfigurationSchema.Text())!;

    [Fact]
    public void Every_key_has_a_description_that_is_a_sentence()
    {
        var descriptions = Keys(Schema, "").ToDictionary(key => key.Path, key => (string?)key.Node["description"]);

        Assert.True(descriptions.Count > 130, $"{descriptions.Count} keys");
        Assert.DoesNotContain(descriptions, entry => entry.Value is not [.., '.' or ')']);
    }

    [Fact]
    public void Durations_and_addresses_and_lists_of_texts_have_examples()
    {
        var without =
            from key in Keys(Schema, "")
            where key.Node["examples"] is null && key.Node["enum"] is null
            where key.Node["pattern"] is not null || key.Path.EndsWith("Url", StringComparison.Ordinal) || key.Path.EndsWith("File", StringComparison.Ordinal) || key.Node["items"] is JsonObject
            select key.Path;

        Assert.Empty(without);
    }

    [Fact]
    public void Every_example_is_read_without_a_complaint_about_its_keys_and_types()
    {
        var count = 0;
        foreach (var (path, node) in Keys(Schema, ""))
        {
            foreach (var example in (node["examples"] as JsonArray) ?? [])
            {
                count++;
                var file = Nested(path.Split('/', StringSplitOptions.RemoveEmptyEntries), example!.DeepClone()).ToJsonString();
                Assert.DoesNotContain(Given.Loaded(file).Problems, problem => problem.Rule is "syntax" or "type" or "unknown-key");
            }
        }

        Assert.True(count > 70, $"{count} examples");
    }

    private static JsonNode Nested(string[] path, JsonNode value) => path switch
    {
        [] => value,
        ["*", ..] => new JsonObject { ["name"] = Nested(path[1..], value) },
        ["[]", ..] => new JsonArray(Nested(path[1..], value)),
        _ => new JsonObject { [path[0]] = Nested(path[1..], value) },
    };

    private static IEnumerable<(string Path, JsonNode Node)> Keys(JsonNode node, string path)
    {
        foreach (var (name, inner) in node["properties"] as JsonObject ?? [])
        {
            yield return ($"{path}/{name}", inner!);
            foreach (var key in Keys(inner!, $"{path}/{name}"))
            {
                yield return key;
            }
        }

        foreach (var (keyword, step) in new[] { ("additionalProperties", "*"), ("items", "[]") })
        {
            foreach (var key in node[keyword] is JsonObject inner ? Keys(inner, $"{path}/{step}") : [])
            {
                yield return key;
            }
        }
    }
}
