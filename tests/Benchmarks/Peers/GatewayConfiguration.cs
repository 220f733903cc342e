using System.Text.Json.Nodes;
using Gateway.Benchmarks.BareYarp;

namespace Gateway.Benchmarks.Peers;

/// <summary>What a gateway under load is configured with; everything not said here is the default.</summary>
internal sealed record GatewayConfiguration
{
    public required string IssuerUrl { get; init; }

    public required string Backend { get; init; }

    public required string SigningKeys { get; init; }

    public string? AuditFile { get; init; }

    /// <summary>Where metrics and the page are served; they are off without it.</summary>
    public string? ManagementUrl { get; init; }

    /// <summary>Hop tokens from the authorization server; else the gateway mints them itself.</summary>
    public bool Exchange { get; init; }

    /// <summary>How many servers; the one under load is always there and is called weather.</summary>
    public int ServerCount { get; init; } = 1;

    /// <summary>Whether requests are served on the thread pool, and not on the threads that wait for sockets.</summary>
    public bool OnThePool { get; init; }

    /// <summary>The longest there is, where tokens are to stay alive for a whole measurement.</summary>
    public bool LongHopTokens { get; init; }

    /// <summary>How old proofs of callers may be; null: the default.</summary>
    public string? ProofMaxAge { get; init; }

    /// <summary>Whether hop tokens are bound to the gateway's key, so that every call brings a proof.</summary>
    public bool Bind { get; init; }

    /// <summary>Whether every call gets a hop token that says which call it is for.</summary>
    public bool BindCall { get; init; }

    /// <summary>Whether callers are answered over HTTP/2, without TLS, and over nothing else.</summary>
    public bool Http2ToClients { get; init; }

    /// <summary>Whether the backend is asked over HTTP/2, without TLS.</summary>
    public bool Http2ToServers { get; init; }

    /// <summary>Whether the tools that a rule denies (<see cref="Peers.Backend.HiddenTool"/>) are taken out of lists.</summary>
    public bool FilterLists { get; init; }

    /// <summary>Where the Redis server listens that is shared with other replicas, which there are none of; null: none.</summary>
    public string? StateEndpoint { get; init; }

    /// <summary>A file of session keys, which shared state is sealed with.</summary>
    public string? SessionKeyFile { get; init; }

    /// <summary>A decision point that is asked about every call; null: none.</summary>
    public string? PolicyUrl { get; init; }

    /// <summary>Whether it is told the arguments.</summary>
    public bool PolicyArguments { get; init; }

    /// <summary>Whether it is asked what lists may show.</summary>
    public bool PolicyFilterLists { get; init; }

    /// <summary>Whether callers' tokens must say which call they are for, and are taken once.</summary>
    public bool RequireCallBinding { get; init; }

    public string ToJson()
    {
        var servers = new JsonObject();
        for (var number = 0; number < ServerCount; number++)
        {
            servers[BareProxy.ServerId(number)] = Server(BareProxy.ServerId(number));
        }

        var options = new JsonObject
        {
            ["PublicUrl"] = "https://mcp.example.com",
            ["DrainDelay"] = "00:00:00",
            ["AuthorizationServers"] = new JsonObject { ["bench"] = AuthorizationServer() },

            // Room for every token that a scenario holds alive; of validations, only half the capacity is sure to be remembered.
            ["Cache"] = new JsonObject { ["Capacity"] = 250_000 },
            ["Servers"] = servers,
        };
        if (OnThePool)
        {
            options["InlineScheduling"] = false;
        }

        if (!Exchange)
        {
            options["LocalIssuer"] = new JsonObject { ["Issuer"] = "https://mcp.example.com/hop", ["KeyDirectory"] = SigningKeys };
        }

        if (StateEndpoint is not null)
        {
            options[nameof(SessionKeyFile)] = SessionKeyFile;
            options["SharedState"] = new JsonObject { ["Redis"] = new JsonObject { ["Endpoints"] = new JsonArray(StateEndpoint), ["Tls"] = false } };
        }

        if (AuditFile is not null)
        {
            options["Audit"] = new JsonObject { ["File"] = AuditFile };
        }

        if (ManagementUrl is not null)
        {
            options["Management"] = new JsonObject { ["Url"] = ManagementUrl, ["Page"] = true };
        }

        var root = new JsonObject
        {
            ["Gateway"] = options,
            ["Logging"] = new JsonObject { ["LogLevel"] = new JsonObject { ["Default"] = "Warning", ["Gateway.Audit"] = "None" } },
        };
        if (Http2ToClients)
        {
            root["Kestrel"] = new JsonObject { ["EndpointDefaults"] = new JsonObject { ["Protocols"] = "Http2" } };
        }

        return root.ToJsonString();
    }

    private JsonObject AuthorizationServer()
    {
        var server = new JsonObject { ["Issuer"] = IssuerUrl, ["JwksUrl"] = IssuerUrl + "/jwks" };
        if (Exchange)
        {
            server["TokenEndpoint"] = IssuerUrl + "/token";
            server["Client"] = new JsonObject { ["Id"] = "mcp-gateway", ["Authentication"] = "none" };
        }

        return server;
    }

    private JsonObject Server(string id)
    {
        var outbound = new JsonObject { ["Mode"] = Exchange ? "exchange" : "local", ["Resource"] = $"https://{id}.internal/mcp" };
        if (Exchange)
        {
            outbound["AuthorizationServer"] = "bench";
        }
        else if (LongHopTokens)
        {
            outbound["Lifetime"] = "00:05:00";
        }

        if (Bind)
        {
            outbound[nameof(Bind)] = "dpop";
        }

        if (BindCall)
        {
            outbound[nameof(BindCall)] = true;
        }

        var server = new JsonObject { ["Destinations"] = new JsonArray(Backend + "/mcp"), ["Outbound"] = outbound };
        if (ProofMaxAge is not null)
        {
            server["DPoP"] = new JsonObject { ["MaxAge"] = ProofMaxAge, ["ReplayCapacity"] = 4_000_000 };
        }

        if (Http2ToServers)
        {
            server["Cluster"] = new JsonObject { ["HttpRequest"] = new JsonObject { ["Version"] = "2", ["VersionPolicy"] = "RequestVersionExact" } };
        }

        if (FilterLists)
        {
            server[nameof(FilterLists)] = true;
            server["Operations"] = new JsonArray(new JsonObject { ["Method"] = "tools/call", ["Name"] = Peers.Backend.HiddenTool + "*", ["Deny"] = true });
        }

        if (PolicyUrl is not null)
        {
            server["Policy"] = new JsonObject { ["Url"] = PolicyUrl, ["Arguments"] = PolicyArguments, [nameof(FilterLists)] = PolicyFilterLists };
        }

        if (RequireCallBinding)
        {
            server[nameof(RequireCallBinding)] = true;
        }

        return server;
    }
}
