using Gateway.Benchmarks.Load;
using Gateway.Benchmarks.Peers;

namespace Gateway.Benchmarks.Compare.Scenarios;

/// <summary>Are warm calls as cheap when clients, or MCP servers, speak HTTP/2?</summary>
internal sealed class Http2 : IScenario
{
    public string Name => "http2";

    public async Task RunAsync(Comparison comparison)
    {
        var bed = comparison.Bed;
        var token = bed.Tokens.One(bed.Tokens.Es256);
        await ToServersAsync(comparison, token);
        if (TestBed.IsInstalled(H2Load.Program))
        {
            await ToClientsAsync(comparison, token);
        }
        else
        {
            Console.WriteLine($"{H2Load.Program} is not installed (nghttp2-client), and HTTP/2 to clients is left out.");
        }
    }

    private static async Task ToServersAsync(Comparison comparison, string token)
    {
        var bed = comparison.Bed;
        var script = bed.PathOf("warm.lua");
        Wrk.WriteScript(script, [("/weather", token)]);
        var backend = await bed.StartAsync(bed.Http2Backend());
        var yarp = await bed.StartAsync(bed.Yarp(http2Backend: backend));
        var gateway = await bed.StartGatewayAsync(change: options => options with { Backend = backend.Url, Http2ToServers = true });
        PeerProcess[] contenders = [yarp, gateway];

        var cpu = await comparison.MeasureAsync($"http2: warm calls over {Wrk.Connections} connections, HTTP/2 to the server", contenders, script);
        comparison.Goal("warm, HTTP/2 to the server: CPU per request, of bare YARP's", cpu[gateway] / cpu[yarp], 1.0);
        contenders.ToList().ForEach(bed.Stop);
    }

    private static async Task ToClientsAsync(Comparison comparison, string token)
    {
        var bed = comparison.Bed;
        var load = new H2Load(Path.GetDirectoryName(bed.PathOf("h2load"))!, "/weather", token);
        var yarp = await bed.StartAsync(bed.Yarp() with { Environment = TestBed.Http2Alone });
        var gateway = await bed.StartGatewayAsync(change: options => options with { Http2ToClients = true });
        PeerProcess[] contenders = [yarp, gateway];

        foreach (var peer in contenders)
        {
            await load.RunAsync(peer.Url, TimeSpan.FromSeconds(5));
        }

        var samples = await comparison.InterleaveAsync(contenders, (peer, _) => Sample.OfH2LoadAsync(peer, load, comparison.Options.Duration));
        Comparison.Print($"http2: {Wrk.Connections} warm calls at a time, HTTP/2 to the client", contenders.Select(peer => (peer.Name, samples[peer], peer.ResidentMiB())));
        double Cpu(PeerProcess peer) => samples[peer].Median(sample => sample.Cpu);
        comparison.Goal("warm, HTTP/2 to the client: CPU per request, of bare YARP's", Cpu(gateway) / Cpu(yarp), 1.0);
    }
}
