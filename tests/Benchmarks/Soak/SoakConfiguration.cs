using System.Text.Json.Nodes;
using Gateway.Benchmarks.Peers;

namespace Gateway.Benchmarks.Soak;

/// <summary>
/// The configuration of a gateway with three servers: one that gets tokens of the local issuer, one whose tokens come from
/// an authorization server, and one that is away at times. It changes in small ways while the gateway runs.
/// </summary>
internal sealed class SoakConfiguration
{
    public const string Local = "weather";
    public const string Exchanged = "exchanged";
    public const string Away = "away";

    /// <summary>A server that is there after every second change.</summary>
    public const string Passing = "passing";

    private readonly string file;
    private readonly JsonNode root;

    /// <param name="start">A gateway as the bed configures it, which this changes.</param>
    /// <param name="authorizationServer">Where hop tokens come from for the second server.</param>
    /// <param name="away">The third server.</param>
    /// <param name="capacity">How many hop tokens are remembered.</param>
    public SoakConfiguration(PeerStart start, string authorizationServer, string away, int capacity)
    {
        file = start.Arguments[Array.IndexOf(start.Arguments, "--config") + 1];
        root = JsonNode.Parse(File.ReadAllText(file))!;
        var gateway = root["Gateway"]!;
        gateway["Cache"]!["Capacity"] = capacity;
        gateway["AuthorizationServers"]!["exchanging"] = new JsonObject
        {
            ["Issuer"] = authorizationServer,
            ["Inbound"] = false,
            ["JwksUrl"] = authorizationServer + "/jwks",
            ["TokenEndpoint"] = authorizationServer + "/token",
            ["Client"] = new JsonObject { ["Id"] = "mcp-gateway", ["Authentication"] = "none" },
        };
        var exchanged = Server(Exchanged);
        exchanged["Outbound"] = new JsonObject { ["Mode"] = "exchange", ["AuthorizationServer"] = "exchanging", ["Resource"] = "https://exchanged.internal/mcp", ["ForeignSubjects"] = true };
        Server(Away)["Destinations"] = new JsonArray(away + "/mcp");
        Write();
    }

    /// <summary>Makes the next change: a server more and a smaller limit, or both taken back. True when the server is there now.</summary>
    public bool Change()
    {
        var servers = root["Gateway"]!["Servers"]!.AsObject();
        var isThere = !servers.Remove(Passing);
        if (isThere)
        {
            Server(Passing);
        }

        servers[Local]!["MaxRequestBody"] = isThere ? 1 << 20 : 1 << 21;
        Write();
        return isThere;
    }

    /// <summary>Adds a server like the first one.</summary>
    private JsonObject Server(string id)
    {
        var servers = root["Gateway"]!["Servers"]!;
        var server = servers[Local]!.DeepClone().AsObject();
        server["Outbound"]!["Resource"] = $"https://{id}.internal/mcp";
        servers[id] = server;
        return server;
    }

    // As one change, not as a file that is half written for a moment.
    private void Write()
    {
        File.WriteAllText(file + ".new", root.ToJsonString());
        File.Move(file + ".new", file, overwrite: true);
    }
}
