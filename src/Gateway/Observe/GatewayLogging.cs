using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Gateway.Observe;

/// <summary>
/// What the gateway writes to its console, and what it never writes anywhere: the framework and YARP log request URIs
/// with their query at Information, and a query is where clients put tokens by mistake.
/// </summary>
internal static class GatewayLogging
{
    /// <summary>Categories of which nothing below Warning reaches any log, whatever the configuration says.</summary>
    private static readonly string[] Silenced =
    [
        "Microsoft.AspNetCore.Hosting",
        "Microsoft.AspNetCore.HttpLogging",
        "Microsoft.AspNetCore.Routing",
        "Microsoft.AspNetCore.Server.Kestrel",
        "System.Net.Http",
        "Yarp.ReverseProxy",
    ];

    /// <summary>Audit events as bare lines of JSON, everything else as one line of text; no query string in any log.</summary>
    public static WebApplicationBuilder AddGatewayLogging(this WebApplicationBuilder builder)
    {
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<ConsoleFormatter, GatewayConsoleFormatter>();
        builder.Services.PostConfigure<ConsoleLoggerOptions>(options => options.FormatterName ??= GatewayConsoleFormatter.FormatterName);
        builder.Services.PostConfigure<LoggerFilterOptions>(Silence);
        return builder;
    }

    /// <summary>
    /// A rule that names a logger wins over one that does not, and among those the longest category wins. So each logger
    /// that is named anywhere gets a rule of its own, and longer rules below a silenced category are raised.
    /// </summary>
    internal static void Silence(LoggerFilterOptions options)
    {
        string?[] loggers = [null, .. options.Rules.Select(rule => rule.ProviderName).OfType<string>().Distinct(StringComparer.Ordinal)];
        for (var i = 0; i < options.Rules.Count; i++)
        {
            var rule = options.Rules[i];
            if (rule.CategoryName is { } category && rule.LogLevel is not >= LogLevel.Warning && Silenced.Any(silenced => MayCover(category, silenced)))
            {
                options.Rules[i] = new LoggerFilterRule(rule.ProviderName, category, LogLevel.Warning, rule.Filter);
            }
        }

        foreach (var logger in loggers)
        {
            foreach (var category in Silenced)
            {
                var said = options.Rules.LastOrDefault(rule => rule.ProviderName == logger && string.Equals(rule.CategoryName, category, StringComparison.OrdinalIgnoreCase));
                options.Rules.Add(said ?? new LoggerFilterRule(logger, category, LogLevel.Warning, filter: null));
            }
        }
    }

    private static bool MayCover(string category, string silenced) =>
        category.Contains('*', StringComparison.Ordinal) || category.StartsWith(silenced, StringComparison.OrdinalIgnoreCase);
}
