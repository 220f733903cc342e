using System.Diagnostics;
using System.Diagnostics.Metrics;
using TokenExchange.Observe;

namespace TokenExchange.Outbound;

/// <summary>Spans and instruments of exchanges.</summary>
internal static class ExchangeTelemetry
{
    private static readonly Histogram<double> Duration =
        TokenExchangeTelemetry.Meter.CreateHistogram<double>("token_exchange.duration", "s", "Time until an exchange had an outcome, without what a cache answered.");

    private static readonly Counter<long> Failures =
        TokenExchangeTelemetry.Meter.CreateCounter<long>("token_exchange.failures", "{exchange}", "Exchanges that gave no token, by cause, without what a cache answered.");

    public static Activity? StartExchange(string authorizationServer, string profile) =>
        TokenExchangeTelemetry.Source.StartActivity("token_exchange")?.SetTag("token_exchange.authorization_server", authorizationServer).SetTag("token_exchange.profile", profile);

    public static void Exchanged(Activity? activity, string authorizationServer, ExchangeResult result, TimeSpan elapsed)
    {
        var outcome = Outcome(result);
        Duration.Record(elapsed.TotalSeconds, new("authorization_server", authorizationServer), new("outcome", outcome));
        if (CauseOf(result) is { } cause)
        {
            Failures.Add(1, new("authorization_server", authorizationServer), new("outcome", outcome), new("cause", cause));
        }

        activity?.SetTag("token_exchange.outcome", outcome).SetStatus(outcome == "issued" ? ActivityStatusCode.Ok : ActivityStatusCode.Error);
    }

    /// <summary>Why there is no token, out of a closed set; null when there is one.</summary>
    public static string? CauseOf(ExchangeResult result) => result switch
    {
        ExchangeResult.Refused { Error: var error } => error switch
        {
            ExchangeError.SubjectRefused => "subject_refused",
            ExchangeError.InteractionRequired => "interaction_required",
            ExchangeError.TargetRefused => "target_refused",
            ExchangeError.Misconfigured => "misconfigured",
            ExchangeError.ActorChainRefused => "actor_chain_refused",
            ExchangeError.ClaimRefused => "claim_refused",
            _ => throw new UnreachableException(),
        },
        ExchangeResult.Rejected { Detail: var detail } => detail.ToReason(),
        ExchangeResult.Unavailable { Cause: var cause } => cause ?? "other",
        _ => null,
    };

    public static string Outcome(ExchangeResult result) => result switch
    {
        ExchangeResult.Issued => "issued",
        ExchangeResult.Refused => "refused",
        ExchangeResult.Rejected => "rejected",
        ExchangeResult.Unavailable => "unavailable",
        _ => throw new UnreachableException(),
    };
}
