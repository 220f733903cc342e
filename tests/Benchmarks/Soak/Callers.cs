using System.Collections;
using Gateway.Benchmarks.Load;
using Gateway.Benchmarks.Peers;
using Harness;

namespace Gateway.Benchmarks.Soak;

/// <summary>
/// The calls that count, in an open loop: most by callers whose tokens are known, a few by callers who were never seen before
/// and do not come again, at a server of the local issuer and at one whose tokens an authorization server issues.
/// </summary>
internal sealed class Callers(InboundTokens tokens, Ledger ledger, Outage authorizationServer, Outage away, double perSecond)
{
    /// <summary>Of each server: so few that no eviction meets one of them, since whom that met would need the authorization server in its outage.</summary>
    private const int Known = 24;

    private const int WarmConnections = 24;
    private const int ColdConnections = 16;
    private const int AwayPerSecond = 5;

    private readonly (byte[][] Local, byte[][] Exchanged, byte[][] Away) known =
        (Calls(tokens, SoakConfiguration.Local), Calls(tokens, SoakConfiguration.Exchanged), Calls(tokens, SoakConfiguration.Away));

    private int minute;

    /// <summary>New callers per second, at both servers together.</summary>
    public static double ColdOf(double perSecond) => perSecond * 0.02;

    /// <summary>What the issuer signs the tokens of new callers with.</summary>
    public TestKey SigningKey { get; set; } = tokens.Es256;

    /// <summary>One of the callers who are known.</summary>
    public byte[] One(string server, string path = "") => CallBytes.Call("/" + server + path, tokens.One(tokens.Es256, server));

    public byte[] Listener(string server) => CallBytes.Listen("/" + server, tokens.One(tokens.Es256, server));

    /// <summary>So long, and until every answer is there; the rounds of the two lanes of known callers come first.</summary>
    public Task<Round[]> CallAsync(int port, TimeSpan duration)
    {
        minute++;
        var (cold, warm) = (ColdOf(perSecond) / 2, (perSecond - ColdOf(perSecond)) / 2);
        return PacedLoad.RunToTheEndAsync(
            duration,
            TimeSpan.FromSeconds(20),
            new Lane(port, warm, WarmConnections, known.Local, seed: 10 * minute) { Failed = ledger.Of("known callers, local issuer") },
            new Lane(port, warm, WarmConnections, known.Exchanged, seed: (10 * minute) + 1) { Failed = ledger.Of("known callers, authorization server") },
            new Lane(port, cold, ColdConnections, new NewCallers(this, SoakConfiguration.Local), seed: (10 * minute) + 2) { Failed = ledger.Of("new callers, local issuer") },
            new Lane(port, cold, ColdConnections, new NewCallers(this, SoakConfiguration.Exchanged), seed: (10 * minute) + 3) { Failed = ledger.Of("new callers, authorization server", authorizationServer) },
            new Lane(port, AwayPerSecond, ColdConnections, known.Away, seed: (10 * minute) + 4) { Failed = ledger.Of("an MCP server that is away", away) });
    }

    private byte[] New(string server) => CallBytes.Call("/" + server, tokens.One(SigningKey, server));

    private static byte[][] Calls(InboundTokens tokens, string server) =>
        [.. tokens.Many(tokens.Es256, Known, server).Select(token => CallBytes.Call("/" + server, token))];

    /// <summary>Calls that are made when they are due, each by another user.</summary>
    private sealed class NewCallers(Callers callers, string server) : IReadOnlyList<byte[]>
    {
        public int Count => int.MaxValue;

        public byte[] this[int index] => callers.New(server);

        public IEnumerator<byte[]> GetEnumerator() => throw new NotSupportedException();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
