using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging.Console;

namespace Gateway.Observe;

/// <summary>
/// What the gateway writes to its console, and what it never writes anywhere: the framework and YARP log request URIs
/// with their query at Information, and a query is where clients put tokens by mistake.
/// </summary>
internal static class GatewayLogging
{
    /// <summary>
    /// Categories of which nothing below the level reaches any log, whatever the configuration says. The forwarder warns
    /// of every client that leaves a stream; the gateway logs by itself what fails towards an MCP server. Data protection,
    /// which nothing here uses, warns of the keys that it does not keep.
    /// </summary>
    private static readonly (string Category, LogLevel Level)[] Silenced =
    [
        ("Microsoft.AspNetCore.DataProtection", LogLevel.Error),
        ("Microsoft.AspNetCore.Hosting", LogLevel.Warning),
        ("Microsoft.AspNetCore.HttpLogging", LogLevel.Warning),
        ("Microsoft.AspNetCore.Routing", LogLevel.Warning),
        ("Microsoft.AspNetCore.Server.Kestrel", LogLevel.Warning),
        ("System.Net.Http", LogLevel.Warning),
        ("Yarp.ReverseProxy", LogLevel.Warning),
        ("Yarp.ReverseProxy.Forwarder", LogLevel.Error),
    ];

    /// <summary>Audit events as bare lines of JSON, everything else as one line of text; no query string in any log.</summary>
    public static WebApplicationBuilder AddGatewayLogging(this WebApplicationBuilder builder)
    {
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<ConsoleFormatter, GatewayConsoleFormatter>();
        builder.Services.PostConfigure<ConsoleLoggerOptions>(options => options.FormatterName ??= GatewayConsoleFormatter.FormatterName);
        builder.Services.PostConfigure<LoggerFilterOptions>(Silence);
        builder.Services.Replace(ServiceDescriptor.Singleton<ILoggerFactory>(static provider => new CarefulLoggers(ActivatorUtilities.CreateInstance<LoggerFactory>(provider))));
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
            if (rule.CategoryName is not { } category)
            {
                continue;
            }

            var least = Least(category);
            if (least > LogLevel.Trace && !(rule.LogLevel >= least))
            {
                options.Rules[i] = new LoggerFilterRule(rule.ProviderName, category, least, rule.Filter);
            }
        }

        foreach (var logger in loggers)
        {
            foreach (var (category, level) in Silenced)
            {
                var said = options.Rules.LastOrDefault(rule => rule.ProviderName == logger && string.Equals(rule.CategoryName, category, StringComparison.OrdinalIgnoreCase));
                options.Rules.Add(said ?? new LoggerFilterRule(logger, category, level, filter: null));
            }
        }
    }

    /// <summary>The least level of a rule for this category, so that it uncovers nothing silenced.</summary>
    private static LogLevel Least(string category) => category.Contains('*', StringComparison.Ordinal)
        ? LogLevel.Warning
        : Silenced.Where(silenced => category.StartsWith(silenced.Category, StringComparison.OrdinalIgnoreCase)).Select(silenced => silenced.Level).DefaultIfEmpty(LogLevel.Trace).Max();
}
