using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace TokenExchange.Observe;

/// <summary>The library's spans and instruments. Their tags come from configuration and closed sets, never from a token.</summary>
internal static class TokenExchangeTelemetry
{
    public const string Name = "TokenExchange";

    public static readonly ActivitySource Source = new(Name);
    public static readonly Meter Meter = new(Name);

    private static readonly Counter<long> JwksFetches =
        Meter.CreateCounter<long>("token_exchange.jwks.fetches", "{fetch}", "Fetches of an issuer's key set, failed ones included.");

    public static void JwksFetched(string authorizationServer, bool success) =>
        JwksFetches.Add(1, new("issuer", authorizationServer), new("outcome", success ? "success" : "failure"));
}
