using System.Net;
using Gateway.Benchmarks.Load;
using Gateway.Benchmarks.Peers;

namespace Gateway.Benchmarks.Compare.Scenarios;

/// <summary>Are warm calls as cheap when clients, or MCP servers, or both speak HTTP/2? Bare YARP speaks what the gateway does, on either side.</summary>
internal sealed class Http2 : IScenario
{
    public string Name => "http2";

    public async Task RunAsync(Comparison comparison)
    {
        var bed = comparison.Bed;
        var token = bed.Tokens.One(bed.Tokens.Es256);
        var backend = await bed.StartAsync(bed.Http2Backend());
        await ToServersAsync(comparison, token, backend);
        if (TestBed.IsInstalled(H2Load.Program))
        {
            await ToClientsAsync(comparison, token, null);
            await ToClientsAsync(comparison, token, backend);
        }
        else
        {
            Console.WriteLine($"{H2Load.Program} is not installed (nghttp2-client), and HTTP/2 to clients is left out.");
        }
    }

    private static async Task ToServersAsync(Comparison comparison, string token, PeerProcess backend)
    {
        var bed = comparison.Bed;
        var script = bed.PathOf("warm.lua");
        Wrk.WriteScript(script, [("/weather", token)]);
        var yarp = await bed.StartAsync(bed.Yarp(http2Backend: backend));
        var gateway = await bed.StartGatewayAsync(change: options => options with { Backend = backend.Url, Http2ToServers = true });
        PeerProcess[] contenders = [yarp, gateway];
        await CheckAsync(contenders, new Probe(token), "HTTP/2");

        var cpu = await comparison.MeasureAsync($"http2: warm calls over {Wrk.Connections} connections, HTTP/2 to the server", contenders, script);
        comparison.Goal("warm, HTTP/2 to the server: CPU per request, of bare YARP's", cpu[gateway] / cpu[yarp], 1.0);
        contenders.ToList().ForEach(bed.Stop);
    }

    /// <param name="comparison">What this is part of.</param>
    /// <param name="token">The token of every call.</param>
    /// <param name="http2Backend">A backend that is spoken HTTP/2 with as well; null: the usual one, over HTTP/1.1.</param>
    private static async Task ToClientsAsync(Comparison comparison, string token, PeerProcess? http2Backend)
    {
        var bed = comparison.Bed;
        var load = new H2Load(Path.GetDirectoryName(bed.PathOf("h2load"))!, "/weather", token);
        var yarp = await bed.StartAsync(bed.Yarp(http2Backend: http2Backend) with { Environment = TestBed.Http2Alone });
        var gateway = await bed.StartGatewayAsync(change: options => options with { Http2ToClients = true, Http2ToServers = http2Backend is not null, Backend = (http2Backend ?? bed.Backend).Url });
        PeerProcess[] contenders = [yarp, gateway];
        await CheckAsync(contenders, new Probe(token) { Version = HttpVersion.Version20 }, http2Backend is null ? "HTTP/1.1" : "HTTP/2");

        foreach (var peer in contenders)
        {
            await load.RunAsync(peer.Url, Comparison.WarmUp);
        }

        var samples = await comparison.InterleaveAsync(contenders, (peer, _) => Sample.OfH2LoadAsync(peer, load, comparison.Options.Duration));
        var sides = http2Backend is null ? "to the client" : "on both sides";
        Comparison.Print($"http2: {Wrk.Connections} warm calls at a time, HTTP/2 {sides}", contenders.Select(peer => (peer.Name, samples[peer], peer.ResidentMiB())));
        double Cpu(PeerProcess peer) => samples[peer].Median(sample => sample.Cpu);
        comparison.Goal($"warm, HTTP/2 {sides}: CPU per request, of bare YARP's", Cpu(gateway) / Cpu(yarp), http2Backend is null ? 1.0 : null);
        contenders.ToList().ForEach(bed.Stop);
    }

    private static async Task CheckAsync(IReadOnlyList<PeerProcess> contenders, Probe probe, string protocol)
    {
        await probe.AnswersAsync(contenders);
        foreach (var peer in contenders)
        {
            Probe.Require((string?)(await probe.SeenAsync(peer))["protocol"] == protocol, peer, $"speaks {protocol} with the MCP server");
        }
    }
}
