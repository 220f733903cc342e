using System.Collections.Concurrent;
using System.Collections.Immutable;
using Gateway.Authorize.Policy;
using Gateway.Exchange;
using Gateway.Observe;
using Gateway.Sessions;
using TokenExchange.Inbound.Revocation;
using TokenExchange.Jose;

namespace Gateway.Revoke;

/// <summary>The answers that go on, so that a drain or a revocation can end them, and the streams on which other answers come back.</summary>
internal sealed class OpenStreams(GatewayMetrics metrics, Revocations revocations, TimeProvider clock)
{
    private static readonly TimeSpan LostFor = TimeSpan.FromMinutes(10);
    private const int MaxLost = 1024;

    private readonly ConcurrentDictionary<StreamLease, TokenTrace> open = new();

    // How many of them each token has opened: anybody may name tokens by which nothing is open, and those cost no look at all others.
    private readonly ConcurrentDictionary<TokenDigest, int> openers = new();
    private readonly ConcurrentDictionary<(string Server, BoundSession Session), long> lost = new();

    // Never locked: nobody waits for what another principal's streams cost.
    private readonly ConcurrentDictionary<Principal, ImmutableArray<StreamLease>> channels = new();
    private volatile bool draining;

    /// <summary>How many answers go on.</summary>
    public int Count => open.Count;

    /// <summary>Registers the answer to a request.</summary>
    public StreamLease Open(HttpContext context, Cleared cleared, StreamTerms terms)
    {
        var server = cleared.Server.Id;
        var token = cleared.Inbound;
        var principal = Principal.Of(cleared);
        var traffic = cleared.Server.Traffic;
        var trace = new TokenTrace(token);
        metrics.StreamOpened(server);
        traffic?.StreamOpened();
        openers.AddOrUpdate(trace.Digest, 1, static (_, streams) => streams + 1);
        var lease = new StreamLease(context, terms, clock, closed =>
        {
            open.TryRemove(closed, out _);
            CloseOneOf(trace.Digest);
            Leave(principal, closed);
            metrics.StreamClosed(server);
            traffic?.StreamClosed();
        });

        // Before anybody can see it: whoever does may count on its time.
        lease.Start();
        open[lease] = trace;
        Join(principal, lease);

        // Revoked, or drained, while the MCP server was asked: whoever ends streams came too early for this one.
        if (revocations.IsRevoked(token))
        {
            lease.Abort();
        }
        else if (draining && terms.Listening)
        {
            lease.Drain();
        }

        return lease;
    }

    /// <summary>
    /// A request passes the last gate: the streams that carry its principal's answers go on by its token too, and the one of
    /// its session owes it an answer.
    /// </summary>
    public void Pass(GatewayRequest request, Cleared cleared)
    {
        if (!channels.TryGetValue(Principal.Of(cleared), out var leases))
        {
            return;
        }

        var token = cleared.Inbound;
        var trace = new TokenTrace(token);
        var now = clock.GetUtcNow();
        foreach (var lease in leases)
        {
            lease.Channel!.GoOnBy(trace, now);
            lease.Prolong(token.AcceptedUntil);
            if (revocations.IsRevoked(token))
            {
                // Since the gate asked, and before the stream was there to be found.
                lease.Abort();
            }

            if (cleared.Authorized.Session is { } session && !request.MessageId.IsEmpty && lease.Channel.Carries(session))
            {
                lease.Channel.Expect(request.MessageId.Span);
                request.Owing = lease.Channel;
                if (PolicyQuestion.IsList(cleared.Authorized.Operation))
                {
                    lease.Channel.Reader = ListReader.Of(request, cleared);
                }
            }
        }
    }

    /// <summary>Whether the stream of the request's session was ended because its server announced an endpoint that is not its own.</summary>
    public bool IsLost(Cleared cleared) =>
        cleared.Server.Transport == McpTransport.HttpSse && !lost.IsEmpty && cleared.Authorized.Session is { } session && lost.TryGetValue((cleared.Server.Resource, session), out var since) && clock.GetElapsedTime(since) < LostFor;

    /// <summary>Remembers, for a while, that the answers to a session do not come back any more.</summary>
    public void Lose(McpServer server, IEnumerable<BoundSession> sessions)
    {
        var now = clock.GetTimestamp();
        if (lost.Count >= MaxLost)
        {
            foreach (var (key, since) in lost)
            {
                if (clock.GetElapsedTime(since, now) >= LostFor)
                {
                    lost.TryRemove(key, out _);
                }
            }
        }

        foreach (var session in sessions.TakeWhile(_ => lost.Count < MaxLost))
        {
            lost[(server.Resource, session)] = now;
        }
    }

    /// <summary>Ends, in order, the streams that only listen, and those that are yet to open; what is owed on them passes before, and answers in progress run on.</summary>
    public void EndListening()
    {
        draining = true;
        foreach (var lease in open.Keys.Where(lease => lease.Listening))
        {
            lease.Drain();
        }
    }

    /// <summary>Ends all in order: the process is about to end.</summary>
    public void EndAll()
    {
        foreach (var lease in open.Keys)
        {
            lease.End();
        }
    }

    /// <summary>Breaks off the answers that are given in the name of a token that is meant.</summary>
    public void End(Func<TokenTrace, bool> condition)
    {
        foreach (var (lease, token) in open)
        {
            if (condition(token) || lease.Channel?.Any(condition) == true)
            {
                lease.Abort();
            }
        }
    }

    /// <summary>Breaks off the answers that are given in the name of one token; returns how many.</summary>
    public int End(string issuer, TokenDigest token)
    {
        var ended = 0;
        if (openers.ContainsKey(token))
        {
            foreach (var (lease, opener) in open)
            {
                ended += Abort(lease, opener.Digest == token && opener.Issuer == issuer);
            }
        }

        // What went on by it and was opened by another: of the same issuer, since it is of the same user.
        foreach (var (principal, leases) in channels)
        {
            foreach (var lease in leases)
            {
                ended += Abort(lease, principal.Issuer == issuer && open.TryGetValue(lease, out var opener) && opener.Digest != token && lease.Channel!.GoesOnBy(token));
            }
        }

        return ended;

        static int Abort(StreamLease lease, bool isMeant)
        {
            if (isMeant)
            {
                lease.Abort();
            }

            return isMeant ? 1 : 0;
        }
    }

    private void CloseOneOf(TokenDigest opener)
    {
        while (openers.TryGetValue(opener, out var streams) && !(streams == 1 ? openers.TryRemove(new(opener, 1)) : openers.TryUpdate(opener, streams - 1, streams)))
        {
        }
    }

    private void Join(Principal principal, StreamLease lease)
    {
        if (lease.Channel is not null)
        {
            channels.AddOrUpdate(principal, static (_, own) => [own], static (_, others, own) => others.Add(own), lease);
        }
    }

    private void Leave(Principal principal, StreamLease lease)
    {
        while (lease.Channel is not null && channels.TryGetValue(principal, out var all) && all.Contains(lease))
        {
            var others = all.Remove(lease);
            if (others.IsEmpty ? channels.TryRemove(new(principal, all)) : channels.TryUpdate(principal, others, all))
            {
                return;
            }
        }
    }

    /// <summary>Whose a session is: a token refresh does not change it.</summary>
    private readonly record struct Principal(string Server, string Issuer, string Subject, string? Client)
    {
        public static Principal Of(Cleared cleared) => new(cleared.Server.Resource, cleared.Inbound.Issuer, cleared.Inbound.Subject, cleared.Inbound.ClientId);
    }
}
