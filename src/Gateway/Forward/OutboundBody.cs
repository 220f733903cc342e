using System.Net;

namespace Gateway.Forward;

/// <summary>
/// Sees a request off, between the last gate and the socket. It installs the body that the gate chose: the forwarder refuses a
/// request whose content a transform replaced, since it tracks the copying of its own; what was read whole is not copied. And it
/// asks the gate again in the moment in which bytes are written: HttpClient keeps a request until a connection may be opened or a
/// stream of HTTP/2 is free, and sends one again that the server has disclaimed (RFC 9113 §8.7), at any time later.
/// </summary>
internal sealed class OutboundBody(HttpMessageHandler connection) : DelegatingHandler(connection)
{
    private static readonly HttpRequestOptionsKey<Departure> Key = new("gateway.departure");

    /// <summary>Leaves with a request who is asked when it is written, and the body in place of its own; null: it keeps that.</summary>
    public static void Leave(HttpRequestMessage outbound, OutboundRequest gate, GatewayRequest request, HttpContent? body) =>
        outbound.Options.Set(Key, new Departure(gate, request, body));

    /// <summary>Has connections ask, which call this for every header that they write: there is no other place so late.</summary>
    public static void AskAtWriting(SocketsHttpHandler handler)
    {
        var encoding = handler.RequestHeaderEncodingSelector;
        handler.RequestHeaderEncodingSelector = (name, outbound) =>
        {
            // One that every request has, once.
            if (name.Equals(OutboundRequest.IdHeader, StringComparison.OrdinalIgnoreCase) && outbound.Options.TryGetValue(Key, out var departure))
            {
                departure.Gate.BeforeWriting(departure.Request);
            }

            return encoding?.Invoke(name, outbound);
        };
    }

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        request.Options.TryGetValue(Key, out var departure);
        request.Content = departure?.Body ?? request.Content;
        using (FairStream.Choose())
        {
            var sending = base.SendAsync(request, cancellationToken);
            return departure is null ? sending : SentAsync(sending, request, departure.Request);
        }
    }

    /// <summary>What was kept here is no failure of the server, whose health would suffer: an answer takes its place, which nobody reads.</summary>
    private static async Task<HttpResponseMessage> SentAsync(Task<HttpResponseMessage> sending, HttpRequestMessage outbound, GatewayRequest request)
    {
        try
        {
            return await sending;
        }
        catch (Exception) when (request.Attempt.Refused is not null)
        {
            return new HttpResponseMessage(HttpStatusCode.Unauthorized) { RequestMessage = outbound };
        }
    }

    private sealed record Departure(OutboundRequest Gate, GatewayRequest Request, HttpContent? Body);
}
