using System.Collections.Concurrent;

namespace Gateway.Bridge;

/// <summary>The sessions of the revisions before 2026-07-28, by their ids.</summary>
internal sealed class BridgeSessions(BridgeSettings settings, Children children, ILogger<BridgeSessions> logger, TimeProvider clock)
{
    public const string Header = "Mcp-Session-Id";
    private readonly ConcurrentDictionary<string, Session> all = new(StringComparer.Ordinal);

    public Session? Find(string id) => all.GetValueOrDefault(id);

    /// <summary>Begins a session with a process of its own; the refusal when none can be started.</summary>
    public async ValueTask<(Session? Session, BridgeRefusal? Refusal)> BeginAsync(CancellationToken cancellation)
    {
        // 122 random bits of the operating system; RandomNumberGenerator would need OpenSSL, which a server's image may lack.
        var session = new Session(Guid.NewGuid().ToString("N"), settings.Idle, logger, clock);
        var (child, refusal) = await children.StartAsync(session, cancellation);
        if (child is null)
        {
            session.Close();
            return (null, refusal);
        }

        session.Join(child);
        all[session.Id] = session;
        child.Over.Register(() => End(session));
        return (session, null);
    }

    private void End(Session session)
    {
        all.TryRemove(session.Id, out _);
        session.Close();
    }
}
