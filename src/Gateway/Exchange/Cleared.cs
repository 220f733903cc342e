using System.Diagnostics;
using Gateway.Advertise;
using Gateway.Authorize;
using TokenExchange.Inbound;
using TokenExchange.Outbound;

namespace Gateway.Exchange;

/// <summary>
/// A request with what goes to the MCP server in place of the inbound token: the only thing that the last gate takes. Made
/// by the third stage alone, the one place that maps outcomes of an exchange to HTTP; without an outcome that says yes,
/// there is none.
/// </summary>
internal sealed class Cleared
{
    private Cleared(Authorized authorized, OutboundCredential credential)
    {
        Authorized = authorized;
        Credential = credential;
    }

    public Authorized Authorized { get; }

    public McpServer Server => Authorized.Server;

    /// <summary>The inbound token. It is what the request may outlive nowhere, and never what is sent.</summary>
    public ValidatedToken Inbound => Authorized.Admitted.Token;

    public OutboundCredential Credential { get; }

    /// <summary>Obtains the outbound credential of the server behind the route.</summary>
    public static ValueTask<Decision<Cleared>> ObtainAsync(GatewayRequest request, Authorized authorized, CancellationToken cancellationToken)
    {
        switch (authorized.Server.Source)
        {
            case CredentialSource.Nothing:
                return new(new Cleared(authorized, OutboundCredential.None.Instance));
            case CredentialSource.Static { Credential: var credential }:
                return new(credential.Read() is { } header ? new Cleared(authorized, header) : new Refused(Refusal.ExchangeMisconfigured, "credential_unreadable"));
            case CredentialSource.Token source:
                var exchange = source.Exchanger.ExchangeAsync(RequestFor(authorized, source), cancellationToken);
                return exchange.IsCompletedSuccessfully ? new(Take(request, authorized, exchange.Result)) : WaitAsync(request, authorized, exchange);
            default:
                throw new UnreachableException();
        }
    }

    /// <summary>The same request with a fresh token in place of the one that the MCP server refused, where another one can be had; else the refusal stays.</summary>
    public ValueTask<Decision<Cleared>> RenewAsync(GatewayRequest request, Refused refusal, CancellationToken cancellationToken)
    {
        if (Server.Source is not CredentialSource.Token { Renewable: true } source || Credential is not OutboundCredential.HopToken refused)
        {
            return new(refusal);
        }

        // Of many requests whose token was refused at once, one makes a new exchange necessary.
        source.Exchanger.Forget(RequestFor(Authorized, source), refused.Token);
        return ObtainAsync(request, Authorized, cancellationToken);
    }

    private static TokenExchangeRequest RequestFor(Authorized authorized, CredentialSource.Token source) =>
        source.RequestFor(authorized.Admitted.Token, authorized.OutboundScopes, authorized.Operation, authorized.Verb, authorized.Body is { } body ? body.Bytes : default);

    private static async ValueTask<Decision<Cleared>> WaitAsync(GatewayRequest request, Authorized authorized, ValueTask<ExchangeResult> exchange) =>
        Take(request, authorized, await exchange);

    private static Decision<Cleared> Take(GatewayRequest request, Authorized authorized, ExchangeResult result)
    {
        switch (result)
        {
            case ExchangeResult.Issued issued when issued.Token.InboundResource == authorized.Server.Resource:
                request.Record.Send(issued.Token, issued.Origin);
                return new Cleared(authorized, new OutboundCredential.HopToken(issued.Token));
            case ExchangeResult.Issued:
                return new Refused(Refusal.ExchangeResultRejected, ResultRejection.Audience.ToReason());
            case ExchangeResult.Refused refused:
                return new Refused(Refusal.Of(refused.Error, asked: authorized.Server.Source is CredentialSource.Token { Kind: TokenSourceKind.Exchange }), refused.Diagnostic, Claims: refused.Claims);
            case ExchangeResult.Rejected rejected:
                return new Refused(Refusal.ExchangeResultRejected, rejected.Detail.ToReason());
            case ExchangeResult.Unavailable unavailable:
                return new Refused(Refusal.ExchangeUnavailable, unavailable.Cause, RetryAfter: unavailable.RetryAfter);
            default:
                throw new UnreachableException();
        }
    }
}
