using System.Diagnostics.Metrics;
using TokenExchange.Observe;

namespace TokenExchange.Outbound.Cache;

/// <summary>Counts the exchanges that were asked of one authorization server; the tags are made once, so that counting allocates nothing.</summary>
internal sealed class RequestCounter(string authorizationServer)
{
    private static readonly Counter<long> Requests =
        TokenExchangeTelemetry.Meter.CreateCounter<long>("token_exchange.requests", "{request}", "Exchanges asked for, also those that were answered from the cache.");

    private readonly KeyValuePair<string, object?> server = new("authorization_server", authorizationServer);

    public ExchangeResult Count(ExchangeResult result)
    {
        Requests.Add(1, server, new("outcome", OutcomeOf(result)));
        return result;
    }

    private static string OutcomeOf(ExchangeResult result) => result switch
    {
        ExchangeResult.Issued { Origin: ExchangeOrigin.Hit } => "hit",
        ExchangeResult.Issued { Origin: ExchangeOrigin.Joined } => "joined",
        _ => ExchangeTelemetry.Outcome(result),
    };
}
