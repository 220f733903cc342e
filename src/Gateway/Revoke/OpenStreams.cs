using System.Collections.Concurrent;
using Gateway.Observe;
using TokenExchange.Inbound;
using TokenExchange.Inbound.Revocation;

namespace Gateway.Revoke;

/// <summary>The event streams that are open, so that a drain or a revocation can end them.</summary>
internal sealed class OpenStreams(GatewayMetrics metrics, Revocations revocations, TimeProvider clock)
{
    private readonly ConcurrentDictionary<StreamLease, ValidatedToken> open = new();
    private volatile bool draining;

    /// <summary>Registers the response stream of a request, for at most <paramref name="life"/>; one that listens answers no request of its own.</summary>
    public StreamLease Open(HttpContext context, GatewayRequest request, TimeSpan life, bool listening)
    {
        var server = request.Server!.Id;
        metrics.StreamOpened(server);
        StreamLease lease = null!;
        lease = new StreamLease(context, life, listening, clock, () =>
        {
            open.TryRemove(lease, out _);
            metrics.StreamClosed(server);
        });
        var token = request.Cleared!.Inbound;
        open[lease] = token;
        if (revocations.IsRevoked(token) || (draining && listening))
        {
            // Revoked, or drained, while the MCP server was asked: whoever ends streams came too early for this one.
            lease.End();
        }

        return lease;
    }

    /// <summary>Ends the streams that only listen, and those that are yet to open; answers in progress run on.</summary>
    public void EndListening()
    {
        draining = true;
        foreach (var lease in open.Keys.Where(lease => lease.Listening))
        {
            lease.End();
        }
    }

    /// <summary>Ends the streams whose token is meant; all of them without a condition.</summary>
    public void End(Func<ValidatedToken, bool>? condition = null)
    {
        foreach (var (lease, token) in open)
        {
            if (condition is null || condition(token))
            {
                lease.End();
            }
        }
    }
}
