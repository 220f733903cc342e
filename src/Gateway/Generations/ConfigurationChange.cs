using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gateway.Configuration.Options;
using Gateway.Configuration.Read;

namespace Gateway.Generations;

/// <summary>A change of the configuration that was seen: applied as a generation, or refused. Names keys and never values, which may be secrets.</summary>
/// <param name="Time">When it was.</param>
/// <param name="Generation">The generation that is served since then, or goes on being served.</param>
/// <param name="Applied">Whether it was applied.</param>
/// <param name="Keys">What is there (<c>+</c>), gone (<c>-</c>) or another (<c>~</c>) than before, at most <see cref="MaxKeys"/>.</param>
/// <param name="More">How many keys there are beyond these.</param>
internal sealed record ConfigurationChange(DateTimeOffset Time, long Generation, bool Applied, ImmutableArray<string> Keys, int More)
{
    public const int MaxKeys = 12;

    public static ConfigurationChange Of(DateTimeOffset time, long generation, GatewayOptions before, GatewayOptions after)
    {
        var keys = new List<string>();
        Compare("Gateway", Tree(before), Tree(after), keys);
        return new(time, generation, true, [.. keys.Take(MaxKeys)], Math.Max(0, keys.Count - MaxKeys));
    }

    public static ConfigurationChange Refused(DateTimeOffset time, long generation) => new(time, generation, false, [], 0);

    private static JsonNode? Tree(GatewayOptions options) => JsonSerializer.SerializeToNode(options, ConfigurationJson.Default.GatewayOptions);

    private static void Compare(string path, JsonNode? before, JsonNode? after, List<string> keys)
    {
        if (JsonNode.DeepEquals(before, after))
        {
            return;
        }

        if (before is JsonObject was && after is JsonObject now)
        {
            foreach (var name in was.Select(member => member.Key).Union(now.Select(member => member.Key)))
            {
                Compare($"{path}:{name}", was[name], now[name], keys);
            }

            return;
        }

        keys.Add($"{(before is null ? '+' : after is null ? '-' : '~')} {path}");
    }
}
