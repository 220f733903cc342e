namespace Gateway.Forward;

/// <summary>
/// Installs the body that the last gate chose for a request, on the way to the socket. The forwarder refuses a request
/// whose content a transform replaced, since it tracks the copying of its own; what was read whole is not copied, so the
/// gate leaves it with the request and this handler, the last before the connection is chosen, puts it in place.
/// </summary>
internal sealed class OutboundBody(HttpMessageHandler connection) : DelegatingHandler(connection)
{
    private static readonly HttpRequestOptionsKey<HttpContent> Chosen = new("gateway.body");

    /// <summary>Leaves the body with the request.</summary>
    public static void Leave(HttpRequestMessage outbound, HttpContent body) => outbound.Options.Set(Chosen, body);

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.Options.TryGetValue(Chosen, out var body))
        {
            request.Content = body;
        }

        using (FairStream.Choose())
        {
            return base.SendAsync(request, cancellationToken);
        }
    }
}
