using System.Diagnostics;
using Gateway.Advertise;
using Gateway.Configuration.Options;
using TokenExchange.Inbound;
using TokenExchange.Outbound;

namespace Gateway.Exchange;

/// <summary>
/// The stage that obtains what goes to the MCP server in place of the inbound token. The one place that maps outcomes of
/// an exchange to HTTP; without an outcome that says yes, nothing is sent.
/// </summary>
internal static class ExchangeStage
{
    /// <summary>Sets the request's outbound credential, or returns the refusal.</summary>
    public static ValueTask<Refused?> ObtainAsync(GatewayRequest request, McpServer server, CancellationToken cancellationToken)
    {
        switch (server.Mode)
        {
            case OutboundMode.None:
                request.Cleared = true;
                return default;
            case OutboundMode.Credential:
                request.Credential = server.Credential!.Read();
                request.Cleared = request.Credential is not null;
                return new(request.Cleared ? null : new Refused(Refusal.ExchangeMisconfigured, "credential_unreadable"));
        }

        var exchange = server.Exchanger!.ExchangeAsync(RequestFor(request, server), cancellationToken);
        return exchange.IsCompletedSuccessfully ? new(Take(request, server, exchange.Result)) : Wait(request, server, exchange);
    }

    /// <summary>A fresh token in place of one that the MCP server refused.</summary>
    public static ValueTask<Refused?> RenewAsync(GatewayRequest request, McpServer server, CancellationToken cancellationToken)
    {
        // Of many requests whose token was refused at once, one makes a new exchange necessary.
        if (request.Outbound is { } refused)
        {
            server.Exchanger!.Forget(RequestFor(request, server), refused);
        }

        request.Cleared = false;
        request.Outbound = null;
        return ObtainAsync(request, server, cancellationToken);
    }

    private static TokenExchangeRequest RequestFor(GatewayRequest request, McpServer server) => new(request.Token!, server.Target!, request.OutboundScopes);

    private static async ValueTask<Refused?> Wait(GatewayRequest request, McpServer server, ValueTask<ExchangeResult> exchange) =>
        Take(request, server, await exchange);

    private static Refused? Take(GatewayRequest request, McpServer server, ExchangeResult result)
    {
        switch (result)
        {
            case ExchangeResult.Issued issued when issued.Token.Server == server.Resource:
                request.Outbound = issued.Token;
                request.Cleared = true;
                request.Record.Send(issued.Token, issued.Origin);
                return null;
            case ExchangeResult.Issued:
                return new Refused(Refusal.ExchangeResultRejected, ResultRejection.Audience.ToReason());
            case ExchangeResult.Refused refused:
                return new Refused(KindOf(refused.Error), refused.Diagnostic, Claims: refused.Claims);
            case ExchangeResult.Rejected rejected:
                return new Refused(Refusal.ExchangeResultRejected, rejected.Detail.ToReason());
            case ExchangeResult.Unavailable unavailable:
                return new Refused(Refusal.ExchangeUnavailable, RetryAfter: unavailable.RetryAfter);
            default:
                throw new UnreachableException();
        }
    }

    private static Refusal KindOf(ExchangeError error) => error switch
    {
        ExchangeError.SubjectRefused => Refusal.ExchangeSubjectRefused,
        ExchangeError.InteractionRequired => Refusal.InteractionRequired,
        ExchangeError.TargetRefused => Refusal.ExchangeTargetRefused,
        ExchangeError.Misconfigured => Refusal.ExchangeMisconfigured,
        ExchangeError.ActorChainRefused => Refusal.ActorChainRefused,
        ExchangeError.ClaimRefused => Refusal.ClaimRefused,
        _ => throw new UnreachableException(),
    };
}
