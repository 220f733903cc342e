using System.Diagnostics;
using System.Diagnostics.Metrics;
using TokenExchange.Outbound;

namespace TokenExchange.Observe;

/// <summary>The library's spans and instruments. Their tags come from configuration and closed sets, never from a token.</summary>
internal static class TokenExchangeTelemetry
{
    public const string Name = "TokenExchange";

    public static readonly ActivitySource Source = new(Name);
    public static readonly Meter Meter = new(Name);

    private static readonly Histogram<double> Duration =
        Meter.CreateHistogram<double>("token_exchange.duration", "s", "Time until an exchange had an outcome, without what a cache answered.");

    private static readonly Counter<long> JwksFetches =
        Meter.CreateCounter<long>("token_exchange.jwks.fetches", "{fetch}", "Fetches of an issuer's key set, failed ones included.");

    public static Activity? StartExchange(string authorizationServer, string profile) =>
        Source.StartActivity("token_exchange")?.SetTag("token_exchange.authorization_server", authorizationServer).SetTag("token_exchange.profile", profile);

    public static void Exchanged(Activity? activity, string authorizationServer, ExchangeResult result, TimeSpan elapsed)
    {
        var outcome = Outcome(result);
        Duration.Record(elapsed.TotalSeconds, new("authorization_server", authorizationServer), new("outcome", outcome));
        activity?.SetTag("token_exchange.outcome", outcome).SetStatus(outcome == "issued" ? ActivityStatusCode.Ok : ActivityStatusCode.Error);
    }

    public static string Outcome(ExchangeResult result) => result switch
    {
        ExchangeResult.Issued => "issued",
        ExchangeResult.Refused => "refused",
        ExchangeResult.Rejected => "rejected",
        ExchangeResult.Unavailable => "unavailable",
        _ => throw new UnreachableException(),
    };

    public static void JwksFetched(string authorizationServer, bool success) =>
        JwksFetches.Add(1, new("issuer", authorizationServer), new("outcome", success ? "success" : "failure"));
}
