using System.Text.Json;
using System.Text.Json.Nodes;
using Gateway.Configuration.Read;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Gateway.Configuration.Rules;

/// <summary>
/// ASP.NET Core's own sections, which it reads when it starts and not before: <c>listening-url</c>, <c>size</c>,
/// <c>unknown-key</c>, <c>log-level</c>. In Logging, as there, the case of keys does not matter.
/// </summary>
internal static class FrameworkRules
{
    private static readonly string[] Levels = Enum.GetNames<LogLevel>();
    private static readonly string[] LoggingKeys = ["LogLevel", "CaptureScopes", "Console", "Debug", "EventLog", "EventSource"];
    private static readonly string[] ConsoleKeys =
    [
        "LogLevel", "FormatterName", "FormatterOptions", "LogToStandardErrorThreshold", "MaxQueueLength", "QueueFullMode",
        "DisableColors", "Format", "IncludeScopes", "TimestampFormat", "UseUtcTimestamp",
    ];

    public static void EndpointsCanBeListenedOn(RuleContext context)
    {
        var before = new List<(string Url, ListenedAt At)>();
        foreach (var (name, endpoint) in context.Kestrel.Endpoints)
        {
            var own = ListenedAt.Of(endpoint.Url);
            if (own is not null && before.FirstOrDefault(other => other.At.Excludes(own)) is { Url: { } taken })
            {
                context.Error("listening-url", $"Kestrel:Endpoints:{name}:Url", $"Url {ConfiguredUrl.Show(endpoint.Url)} cannot be listened on beside {ConfiguredUrl.Show(taken)}, which is another endpoint; write another port, or remove one of both.");
            }
            else if (own is not null)
            {
                before.Add((endpoint.Url!, own));
            }

            if (HostRules.AddressOf(endpoint.Url) is null)
            {
                var wrong = endpoint.Url is null ? "Url is missing" : $"Url {ConfiguredUrl.Show(endpoint.Url)} is not an address to listen on";
                context.Error("listening-url", $"Kestrel:Endpoints:{name}:Url", $"{wrong}; write one such as 'http://0.0.0.0:8080'.");
            }
        }
    }

    /// <summary>Addresses of the environment: those of the command line were judged as options.</summary>
    public static void OptionsCanBeListenedOn(RuleContext context)
    {
        foreach (var option in context.ListeningOptionsWithoutEffect)
        {
            context.Warn("listening-url", "Kestrel:Endpoints", $"{option} has no effect beside Kestrel:Endpoints, which says where to listen; leave one of both out, or override an address there: --Kestrel:Endpoints:{context.Kestrel.Endpoints.Keys.First()}:Url=….");
        }

        if (context.Kestrel.Endpoints.Count > 0)
        {
            return;
        }

        foreach (var url in context.Listening.Where(url => HostRules.AddressOf(url) is null))
        {
            context.Error("listening-url", "urls", $"{ConfiguredUrl.Show(url)} is not an address to listen on; write one such as 'http://0.0.0.0:8080'.");
        }
    }

    /// <summary>Kestrel's own judgement, asked now and not while it starts.</summary>
    public static void LimitsAreTaken(RuleContext context)
    {
        var limits = new KestrelServerLimits();
        var given = context.Kestrel.Limits;
        given.Apply(limits, (key, error) =>
            context.Error("size", $"Kestrel:Limits:{key}", $"Kestrel does not take this: {error.Message.Split(" (Parameter")[0].ReplaceLineEndings(" ").TrimEnd('.')}."));
        if (limits.MaxRequestBufferSize < Math.Max(limits.MaxRequestLineSize, limits.MaxRequestHeadersTotalSize))
        {
            context.Error("size", "Kestrel:Limits:MaxRequestBufferSize", "MaxRequestBufferSize is smaller than MaxRequestLineSize or MaxRequestHeadersTotalSize, which it must hold; make it larger.");
        }
    }

    /// <summary>A section may be for a logger that is not here, as one file serves several programs; a slip of the pen is none.</summary>
    public static void LoggingKeysAreKnown(RuleContext context)
    {
        foreach (var (name, value) in Members(context, "Logging").Where(member => !IsOneOf(LoggingKeys, member.Key)))
        {
            if (NearestName.Of(name, LoggingKeys) is not null || value is not JsonObject)
            {
                Unknown("Logging", name, LoggingKeys);
            }
        }

        foreach (var (section, settings) in Members(context, "Logging").Where(member => IsOneOf(["Console"], member.Key)))
        {
            foreach (var (name, _) in (settings as JsonObject ?? []).Where(member => !IsOneOf(ConsoleKeys, member.Key)))
            {
                Unknown($"Logging:{section}", name, ConsoleKeys);
            }
        }

        void Unknown(string path, string name, string[] known) =>
            context.Error("unknown-key", $"{path}:{name}", $"'{name}' is not a key here; {(NearestName.Of(name, known) is { } meant ? $"did you mean '{meant}'?" : $"known are {string.Join(", ", known)}.")}");
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

    private static bool IsOneOf(string[] names, string name) => names.Contains(name, StringComparer.OrdinalIgnoreCase);

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
