using System.Collections;
using System.Diagnostics;
using Microsoft.AspNetCore.Http.Features;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using TokenExchange.Outbound.Cache;

namespace Gateway.Observe;

/// <summary>
/// Traces, metrics and logs by OTLP, as the standard <c>OTEL_*</c> variables say. Without an endpoint, and a listener that
/// is scraped, there are no providers at all: nothing is sampled, collected or sent.
/// </summary>
internal static class Telemetry
{
    private const string ServiceName = "mcp-audience-gateway";

    /// <summary>What the web server copies from a request onto its span.</summary>
    private static readonly string[] FreeTags = ["user_agent.original", "url.path", "url.query", "http.request.method_original"];

    /// <summary>One span chain: the server's own, the stages of this program, YARP's, the outbound request's.</summary>
    private static readonly string[] Sources = ["Gateway", "TokenExchange", "Yarp.ReverseProxy", "Microsoft.AspNetCore", "System.Net.Http"];

    public static ActivitySource Source { get; } = new("Gateway");

    /// <summary>Adds the exporters that the environment asks for, and what is scraped; none by default.</summary>
    public static WebApplicationBuilder AddGatewayTelemetry(this WebApplicationBuilder builder, bool scraped)
    {
        var settings = builder.Configuration;
        settings.AddInMemoryCollection(Variables());
        var (logs, traces, metrics) = (Exports(settings, "LOGS"), Exports(settings, "TRACES"), Exports(settings, "METRICS"));
        if (!(logs || traces || metrics || scraped))
        {
            return builder;
        }

        var telemetry = builder.Services.AddOpenTelemetry().ConfigureResource(Describe);
        if (logs)
        {
            telemetry.WithLogging(static logging => logging.AddOtlpExporter(Collector.Connect), static options => options.IncludeFormattedMessage = true);
        }

        if (traces)
        {
            // Read once by the host: without it the server's spans carry no attributes.
            AppContext.SetSwitch("Microsoft.AspNetCore.Hosting.SuppressActivityOpenTelemetryData", false);
            telemetry.WithTracing(static tracing => tracing.AddSource(Sources).AddOtlpExporter(Collector.Connect));
        }

        if (metrics || scraped)
        {
            telemetry.WithGatewayMeters(sent: metrics, scraped);
        }

        return builder;
    }

    /// <summary>Creates everybody who listens, before anything happens that is worth hearing; the container disposes, and thereby flushes, them at the end.</summary>
    public static void Listen(IServiceProvider services)
    {
        if (services.GetService<TracerProvider>() is not null)
        {
            SpanExceptions.Clean();
        }

        // First: the container ends last what it made first, and the last export tells how much is cached.
        services.GetRequiredService<ExchangeCache>();
        services.GetService<MeterProvider>();
        services.GetService<ExchangeHistory>();
        services.GetRequiredService<GatewayMetrics>().Announce();
    }

    /// <summary>Takes out of the server's span what a caller may have put there by mistake; call when a request enters.</summary>
    public static void Clean(HttpContext context)
    {
        if (SpanOf(context) is not { } activity)
        {
            return;
        }

        var credentials = Credentials.Of(context, request: null);
        foreach (var tag in FreeTags)
        {
            if (activity.GetTagItem(tag) is string value)
            {
                activity.SetTag(tag, ((ForeignText)value).Without(credentials));
            }
        }

        // Opaque to everybody on the way: what cannot be cleaned is left out whole.
        if (activity.TraceStateString is { } state && ((ForeignText)state).Without(credentials) != state)
        {
            activity.TraceStateString = null;
        }
    }

    /// <summary>Puts what is known about a request on the server's span, by the conventions for HTTP and for MCP.</summary>
    public static void Describe(HttpContext context, RequestRecord record, in Credentials credentials)
    {
        if (SpanOf(context) is not { } activity)
        {
            return;
        }

        if (record.Server is not null && context.GetEndpoint() is RouteEndpoint { RoutePattern.RawText: { } route })
        {
            activity.DisplayName = $"{context.Request.Method} {route}";
            activity.SetTag("http.route", route);
        }

        activity.SetTag("http.response.status_code", record.Status);
        if (record.Method.Without(credentials) is { } method && method != context.Request.Method)
        {
            activity.SetTag("mcp.method.name", method);
            activity.SetTag(OperationTag(method), record.Operation.Without(credentials));
        }

        activity.SetTag("gateway.server", record.Server);
        activity.SetTag("gateway.outcome", record.Allowed ? "allowed" : "refused");
        activity.SetTag("error.type", record.Reason);
        if (record.Status >= StatusCodes.Status500InternalServerError)
        {
            activity.SetStatus(ActivityStatusCode.Error);
        }
    }

    /// <summary>The server's span of the request; null when nobody records it. The host makes an activity for its log scope in any case.</summary>
    private static Activity? SpanOf(HttpContext context) =>
        Source.HasListeners() && context.Features.Get<IHttpActivityFeature>()?.Activity is { IsAllDataRequested: true } activity ? activity : null;

    private static string OperationTag(string method) => method switch
    {
        "tools/call" => "gen_ai.tool.name",
        "prompts/get" => "gen_ai.prompt.name",
        _ => "mcp.resource.uri",
    };

    private static void Describe(ResourceBuilder resource) => resource
        .Clear()
        .AddService(ServiceName, serviceVersion: typeof(Telemetry).Assembly.GetName().Version?.ToString(3))
        .AddTelemetrySdk()
        .AddEnvironmentVariableDetector();

    /// <summary>The standard variables under their whole names: a provider with a prefix would cut it off.</summary>
    private static IEnumerable<KeyValuePair<string, string?>> Variables() =>
        from variable in Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
        let name = (string)variable.Key
        where name.StartsWith("OTEL_", StringComparison.Ordinal)
        select KeyValuePair.Create(name, (string?)variable.Value);

    private static bool Exports(ConfigurationManager settings, string signal)
    {
        var off = string.Equals(settings["OTEL_SDK_DISABLED"], "true", StringComparison.OrdinalIgnoreCase)
            || string.Equals(settings[$"OTEL_{signal}_EXPORTER"], "none", StringComparison.OrdinalIgnoreCase);
        return !off && (!string.IsNullOrEmpty(settings["OTEL_EXPORTER_OTLP_ENDPOINT"]) || !string.IsNullOrEmpty(settings[$"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT"]));
    }
}
