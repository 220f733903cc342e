using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Gateway.Configuration;
using Gateway.Configuration.Options;
using Gateway.Configuration.Read;
using Gateway.Generations;
using Gateway.Tests.Commands;
using TokenExchange.Outbound.Profiles;
using Xunit;

namespace Gateway.Tests.Configuration;

public sealed class ShippedExampleTests
{
    private static readonly string Example = File.ReadAllText(Path.Combine(CommandTests.Repository(), "gateway.json"));

    [Fact]
    public void The_shipped_example_is_right_but_for_files_of_another_machine()
    {
        var loaded = ConfigurationLoader.Load(new ConfigurationInput { Path = Path.Combine(CommandTests.Repository(), "gateway.json"), FilesMustExist = false });

        Assert.False(loaded.HasErrors);
        Assert.All(loaded.Problems, problem => Assert.Equal("file-missing", problem.Rule));
        Assert.Equal(2, loaded.Options!.Servers.Count);
    }

    [Fact]
    public void Every_profile_can_be_configured() =>
        Assert.Equal(ExchangeProfile.Names, Structure.ChoicesOf(Structure.TypeOf(typeof(AuthorizationServerOptions)).Properties.Single(property => property.Name == "Profile"))!.Order(StringComparer.Ordinal));

    /// <summary>
    /// Every member of the example is dropped, renamed and changed in turn. What then still loads without a word must
    /// check as much as before: the same issuers, algorithms, token types, audiences, clients, scopes, modes and targets,
    /// unless the changed value says openly what it is.
    /// </summary>
    [Fact]
    public void No_mutation_of_the_example_weakens_a_check_silently()
    {
        var good = Parse();
        var before = Checks(Load(good));
        var silent = new List<string>();
        var tried = 0;
        foreach (var (path, name) in Members(good, "").ToArray())
        {
            foreach (var mutation in Mutations)
            {
                var mutant = Parse();
                var parent = Find(mutant, path).AsObject();
                if (!mutation.Apply(parent, name))
                {
                    continue;
                }

                tried++;
                var loaded = Load(mutant);
                if (loaded.Problems.Any(problem => problem.Rule != "file-missing") || loaded.Options is null)
                {
                    continue;
                }

                var after = Checks(loaded);
                foreach (var lost in before.Except(after).Where(check => !Means(check, path, name)))
                {
                    silent.Add($"{mutation.Name} {path}:{name} loses '{lost}'");
                }
            }
        }

        Assert.True(tried > 200, $"{tried} mutations");
        Assert.Empty(silent);
    }

    private static readonly (string Name, Func<JsonObject, string, bool> Apply)[] Mutations =
    [
        ("dropped", (parent, name) => parent.Remove(name)),
        ("doubled", (parent, name) => Rename(parent, name, name + name[^1])),
        ("lower-case", (parent, name) => char.IsUpper(name[0]) && Rename(parent, name, name.ToLowerInvariant())),
        ("shortened", (parent, name) => name.Length > 3 && Rename(parent, name, name[..^1])),
        ("swapped", (parent, name) => name.Length > 2 && name[1] != name[0] && Rename(parent, name, $"{name[1]}{name[0]}{name[2..]}")),
        ("null", (parent, name) => Set(parent, name, null)),
        ("emptied", (parent, name) => Set(parent, name, parent[name] is JsonArray ? new JsonArray() : parent[name] is JsonObject ? new JsonObject() : JsonValue.Create(""))),
        ("blank", (parent, name) => parent[name] is JsonValue && Set(parent, name, JsonValue.Create(" "))),
        ("numbered", (parent, name) => Set(parent, name, JsonValue.Create(0))),
        ("denied", (parent, name) => Set(parent, name, JsonValue.Create(false))),
        ("granted", (parent, name) => Set(parent, name, JsonValue.Create(true))),
        ("wrapped", (parent, name) => Set(parent, name, new JsonArray(parent[name]!.DeepClone()))),
    ];

    /// <summary>What is checked, one fact a line: losing one is a weaker check.</summary>
    private static HashSet<string> Checks(LoadedConfiguration loaded)
    {
        var facts = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, server) in loaded.Options!.AuthorizationServers)
        {
            facts.Add($"{name} issuer {server.Issuer}");
            facts.Add($"{name} algorithms {string.Join(' ', server.Algorithms)}");
            facts.Add($"{name} types {string.Join(' ', server.TokenTypes ?? [.. ExchangeProfile.Find(server.Profile)!.TokenTypes])}");
            facts.Add($"{name} skew {server.ClockSkew} life {server.MaxTokenLifetime} http {server.AllowHttp}");
            facts.Add($"{name} client {server.Client?.Authentication}");
        }

        foreach (var server in ServerTopology.Of(loaded.Options))
        {
            var exists = $"{server.Id} ";
            facts.Add(exists + $"accepts {string.Join(' ', server.AcceptedAudiences)}");
            facts.Add(exists + $"trusts {string.Join(' ', server.InboundServers)}");
            facts.Add(exists + $"clients {string.Join(' ', server.Options.AllowedClients ?? ["any"])}");
            facts.Add(exists + $"scopes {string.Join(' ', server.Options.RequiredScopes)}");
            facts.Add(exists + $"others {server.Options.OtherOperations} audiences {server.Options.MultipleAudiences}");
            facts.Add(exists + $"mode {server.Outbound.Mode} for {string.Join(' ', server.ResultAudiences)} by {server.ResultIssuer}");
            facts.UnionWith(server.Options.Operations.Select(rule => exists + $"rule {rule.Method} {rule.Name} {rule.Deny} {string.Join(' ', rule.Scopes ?? [])}"));
        }

        return facts;
    }

    /// <summary>
    /// Whether a fact may go with a member: what was written there is no longer written, in full view of whoever removed
    /// it. Removing a server removes its checks with it; a whole rule, list or limit that is optional may be taken away,
    /// but never by a misspelling, which the test tells apart because a misspelt member is still there.
    /// </summary>
    private static bool Means(string fact, string path, string name) =>
        fact.StartsWith(name + " ", StringComparison.Ordinal)
        || (path.Contains(fact.Split(' ')[0], StringComparison.Ordinal) && name switch
        {
            "AllowedClients" => fact.Contains(" clients ", StringComparison.Ordinal),
            "RequiredScopes" => fact.Contains(" scopes ", StringComparison.Ordinal),
            "OtherOperations" => fact.Contains(" others ", StringComparison.Ordinal),
            "Operations" or "Scopes" or "Method" or "Name" => fact.Contains(" rule ", StringComparison.Ordinal),
            "Resource" or "Path" => fact.Contains(" mode ", StringComparison.Ordinal) || fact.Contains(" accepts ", StringComparison.Ordinal),
            _ => false,
        });

    private static LoadedConfiguration Load(JsonNode root) => ConfigurationLoader.Load(
        System.Text.Encoding.UTF8.GetBytes(root.ToJsonString(new JsonSerializerOptions { TypeInfoResolver = new DefaultJsonTypeInfoResolver() })),
        new ConfigurationInput { Path = "gateway.json", FilesMustExist = false });

    private static JsonObject Parse() =>
        JsonNode.Parse(Example, documentOptions: new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true })!.AsObject();

    private static IEnumerable<(string Path, string Name)> Members(JsonNode? node, string path) => node switch
    {
        JsonObject map => map.SelectMany(member => Members(member.Value, path + "/" + member.Key).Prepend((path, member.Key))),
        JsonArray list => list.SelectMany((element, i) => Members(element, $"{path}/{i}")),
        _ => [],
    };

    private static JsonNode Find(JsonNode node, string path) => path.Split('/', StringSplitOptions.RemoveEmptyEntries)
        .Aggregate(node, (parent, name) => parent is JsonArray list ? list[int.Parse(name, System.Globalization.CultureInfo.InvariantCulture)]! : parent[name]!);

    private static bool Rename(JsonObject parent, string name, string other)
    {
        var value = parent[name];
        parent.Remove(name);
        parent[other] = value;
        return true;
    }

    private static bool Set(JsonObject parent, string name, JsonNode? value)
    {
        parent[name] = value;
        return true;
    }
}
