using System.Text.Json;
using System.Text.Json.Nodes;
using Gateway.Configure.Read;

namespace Gateway.Configure.Rules;

/// <summary>
/// ASP.NET Core's own sections, which it reads when it starts and not before: <c>listening-url</c>, <c>log-level</c>. As
/// there, the case of keys does not matter.
/// </summary>
internal static class FrameworkRules
{
    private static readonly string[] Levels = Enum.GetNames<LogLevel>();

    public static void EndpointsCanBeListenedOn(RuleContext context)
    {
        foreach (var (name, endpoint) in Members(context, "Kestrel", "Endpoints"))
        {
            var (key, url) = endpoint is JsonObject settings ? Member(settings, "Url") : (null, null);
            var path = $"Kestrel:Endpoints:{name}" + (key is null ? "" : $":{key}");
            if (HostRules.AddressOf(TextOf(url)) is null)
            {
                context.Error("listening-url", path, $"Url {ConfiguredUrl.Show(TextOf(url))} is not an address to listen on; write one such as 'http://0.0.0.0:8080'.");
            }
        }
    }

    public static void LogLevelsExist(RuleContext context)
    {
        Check("Logging:LogLevel", Members(context, "Logging", "LogLevel"));
        foreach (var (provider, settings) in Members(context, "Logging"))
        {
            if (settings is JsonObject own && Member(own, "LogLevel") is { Key: { } key, Value: JsonObject levels })
            {
                Check($"Logging:{provider}:{key}", levels);
            }
        }

        void Check(string path, IEnumerable<KeyValuePair<string, JsonNode?>> levels)
        {
            foreach (var (category, level) in levels)
            {
                var text = TextOf(level);
                if (text is not null && !Levels.Contains(text, StringComparer.OrdinalIgnoreCase))
                {
                    var nearest = NearestName.Of(text, Levels);
                    context.Error("log-level", $"{path}:{category}", $"{ConfiguredUrl.Show(text)} is no log level; write one of {string.Join(", ", Levels)}{(nearest is null ? "." : $": did you mean '{nearest}'?")}");
                }
            }
        }
    }

    /// <summary>The members of an object in a section; none when there is no such object.</summary>
    private static IEnumerable<KeyValuePair<string, JsonNode?>> Members(RuleContext context, string section, string? member = null)
    {
        var found = context.Find(section);
        return (member is null ? found : found is JsonObject settings ? Member(settings, member).Value : null) as JsonObject ?? [];
    }

    private static (string? Key, JsonNode? Value) Member(JsonObject settings, string name)
    {
        var (key, value) = settings.FirstOrDefault(member => member.Key.Equals(name, StringComparison.OrdinalIgnoreCase));
        return (key, value);
    }

    /// <summary>As the .NET configuration reads a value: everything is text.</summary>
    private static string? TextOf(JsonNode? value) => value switch
    {
        null => null,
        JsonValue when value.GetValueKind() == JsonValueKind.String => value.GetValue<string>(),
        _ => value.ToJsonString(),
    };
}
