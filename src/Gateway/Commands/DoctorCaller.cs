using Gateway.Exchange;
using TokenExchange.Inbound;
using TokenExchange.Outbound;

namespace Gateway.Commands;

/// <summary>Whose token <c>doctor</c> was given, at a server that accepts it. Each message gets the hop token that a request with it would get.</summary>
/// <param name="server">The server.</param>
/// <param name="subject">The token, validated for it.</param>
/// <param name="shown">The exchange that was made and shown; null where the server gets no hop tokens.</param>
internal sealed class DoctorCaller(McpServer server, ValidatedToken subject, (TokenExchangeRequest Request, OutboundToken Token)? shown)
{
    public ValidatedToken Subject => subject;

    /// <summary>Asked for anew only where the token that was shown is not the one that a request would send.</summary>
    public ValueTask<ExchangeResult> HopTokenAsync(CredentialSource.Token source, DoctorMessage message, CancellationToken cancellation)
    {
        var policy = server.Operations;
        var scopes = policy.OutboundScopes(policy.Scopes.Effective(subject.Scopes), policy.Rules.Of(message.Operation));
        var request = source.RequestFor(subject, scopes, message.Operation, message.Verb.Method, message.Body);
        return shown is var (known, token) && request.Call is null && known.Scopes.Equals(scopes)
            ? new(new ExchangeResult.Issued(token, default))
            : source.Exchanger.ExchangeAsync(request, cancellation);
    }
}
