using System.Diagnostics;
using System.Diagnostics.Metrics;
using TokenExchange.Observe;

namespace TokenExchange.Outbound;

/// <summary>Spans and instruments of exchanges.</summary>
internal static class ExchangeTelemetry
{
    private static readonly Histogram<double> Duration =
        TokenExchangeTelemetry.Meter.CreateHistogram<double>("token_exchange.duration", "s", "Time until an exchange had an outcome, without what a cache answered.");

    public static Activity? StartExchange(string authorizationServer, string profile) =>
        TokenExchangeTelemetry.Source.StartActivity("token_exchange")?.SetTag("token_exchange.authorization_server", authorizationServer).SetTag("token_exchange.profile", profile);

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
}
