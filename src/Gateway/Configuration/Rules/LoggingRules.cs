using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gateway.Configuration.Read;
using Gateway.Observe;
using Microsoft.Extensions.Logging.Console;

namespace Gateway.Configuration.Rules;

/// <summary>
/// ASP.NET Core's section <c>Logging</c>, which it reads when it starts and not before: <c>unknown-key</c>, <c>log-level</c>,
/// <c>type</c>. As there, the case of keys does not matter.
/// </summary>
internal static class LoggingRules
{
    private static readonly string[] Levels = Enum.GetNames<LogLevel>();
    private static readonly string[] LoggingKeys = ["LogLevel", "CaptureScopes", "Console", "Debug", "EventLog", "EventSource"];
    private static readonly string[] ConsoleKeys =
    [
        "LogLevel", "FormatterName", "FormatterOptions", "LogToStandardErrorThreshold", "MaxQueueLength", "QueueFullMode",
        "DisableColors", "Format", "IncludeScopes", "TimestampFormat", "UseUtcTimestamp",
    ];

    private static readonly string[] FormatterKeys = ["ColorBehavior", "IncludeScopes", "JsonWriterOptions", "SingleLine", "TimestampFormat", "UseUtcTimestamp"];
    private static readonly string[] Formatters = [GatewayConsoleFormatter.FormatterName, ConsoleFormatterNames.Simple, ConsoleFormatterNames.Systemd, ConsoleFormatterNames.Json];

    /// <summary>A section may be for a logger that is not here, as one file serves several programs; a slip of the pen is none.</summary>
    public static void KeysAreKnown(RuleContext context)
    {
        foreach (var (name, value) in Members(context.Find("Logging")).Where(member => !IsOneOf(LoggingKeys, member.Key)))
        {
            if (NearestName.Of(name, LoggingKeys) is not null || value is not JsonObject)
            {
                Unknown("Logging", name, LoggingKeys);
            }
        }

        foreach (var (key, console) in Consoles(context))
        {
            foreach (var (name, value) in console)
            {
                if (!IsOneOf(ConsoleKeys, name))
                {
                    Unknown(key, name, ConsoleKeys);
                }

                foreach (var (option, _) in IsOneOf(["FormatterOptions"], name) ? Members(value).Where(member => !IsOneOf(FormatterKeys, member.Key)) : [])
                {
                    Unknown($"{key}:{name}", option, FormatterKeys);
                }
            }
        }

        void Unknown(string path, string name, string[] known) =>
            context.Error("unknown-key", $"{path}:{name}", $"'{name}' is not a key here; {(NearestName.Of(name, known) is { } meant ? $"did you mean '{meant}'?" : $"known are {string.Join(", ", known)}.")}");
    }

    public static void LogLevelsExist(RuleContext context)
    {
        Check("Logging", Members(context.Find("Logging")));
        foreach (var (provider, settings) in Members(context.Find("Logging")))
        {
            Check($"Logging:{provider}", Members(settings));
        }

        void Check(string path, IEnumerable<KeyValuePair<string, JsonNode?>> members)
        {
            foreach (var (name, levels) in members.Where(member => IsOneOf(["LogLevel"], member.Key)))
            {
                if (levels is not (null or JsonObject))
                {
                    context.Error("log-level", $"{path}:{name}", "This is no object, and would be passed over; write a level for each category, such as { \"Default\": \"Information\" }.");
                }

                foreach (var (category, level) in Members(levels))
                {
                    var text = TextOf(level);
                    if (text is not null && !Levels.Contains(text, StringComparer.OrdinalIgnoreCase))
                    {
                        var nearest = NearestName.Of(text, Levels);
                        context.Error("log-level", $"{path}:{name}:{category}", $"{ConfiguredUrl.Show(text)} is no log level; write one of {string.Join(", ", Levels)}{(nearest is null ? "." : $": did you mean '{nearest}'?")}");
                    }
                }
            }
        }
    }

    /// <summary>The framework's own judgement of every other value, asked now and not while it starts: of one at a time, so that it can be named.</summary>
    public static void ValuesAreTaken(RuleContext context)
    {
        foreach (var (name, value) in Members(context.Find("Logging")).Where(member => IsOneOf(["CaptureScopes"], member.Key)))
        {
            Try($"Logging:{name}", new JsonObject { [name] = value?.DeepClone() });
        }

        foreach (var (key, console) in Consoles(context))
        {
            foreach (var (name, value) in console.Where(member => IsOneOf(ConsoleKeys, member.Key) && !IsOneOf(["LogLevel"], member.Key)))
            {
                Try($"{key}:{name}", new JsonObject { ["Console"] = new JsonObject { [name] = value?.DeepClone() } });
                if (IsOneOf(["FormatterName"], name) && TextOf(value) is { } formatter && !IsOneOf(Formatters, formatter))
                {
                    context.Error("type", $"{key}:{name}", $"{ConfiguredUrl.Show(formatter)} is no formatter; write one of {string.Join(", ", Formatters)}.");
                }
            }
        }

        void Try(string key, JsonObject logging)
        {
            try
            {
                var configuration = new ConfigurationBuilder().AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(logging.ToJsonString()))).Build();
                using var services = new ServiceCollection().AddLogging(builder => builder.AddConfiguration(configuration).AddConsole()).BuildServiceProvider();
                _ = services.GetRequiredService<ILoggerFactory>();
                if (configuration["Console:FormatterOptions:TimestampFormat"] is { } format)
                {
                    _ = DateTimeOffset.UnixEpoch.ToString(format, CultureInfo.InvariantCulture);
                }
            }
            catch (Exception error) when (error is InvalidOperationException or ArgumentException or FormatException)
            {
                context.Error("type", key, $"ASP.NET Core does not take this: {error.Message.ReplaceLineEndings(" ").TrimEnd('.')}.");
            }
        }
    }

    /// <summary>The settings of the console, with their key.</summary>
    private static IEnumerable<(string Key, JsonObject Settings)> Consoles(RuleContext context) =>
        from member in Members(context.Find("Logging"))
        where IsOneOf(["Console"], member.Key) && member.Value is JsonObject
        select ($"Logging:{member.Key}", (JsonObject)member.Value!);

    private static bool IsOneOf(string[] names, string name) => names.Contains(name, StringComparer.OrdinalIgnoreCase);

    /// <summary>The members of an object; none when it is no object.</summary>
    private static JsonObject Members(JsonNode? node) => node as JsonObject ?? [];

    /// <summary>As the .NET configuration reads a value: everything is text.</summary>
    private static string? TextOf(JsonNode? value) => value switch
    {
        null => null,
        JsonValue when value.GetValueKind() == JsonValueKind.String => value.GetValue<string>(),
        _ => value.ToJsonString(),
    };
}
