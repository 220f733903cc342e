using System.Globalization;
using Gateway.Benchmarks.Load;
using Gateway.Benchmarks.Peers;

namespace Gateway.Benchmarks.Compare.Scenarios;

/// <summary>What does a caller wait for on top, when the machine is half busy?</summary>
internal sealed class HalfLoad : IScenario
{
    private const int Connections = 64;

    public string Name => "half-load";

    public async Task RunAsync(Comparison comparison)
    {
        var bed = comparison.Bed;
        var duration = comparison.Options.Duration;
        var token = bed.Tokens.One(bed.Tokens.Rs256);
        var script = bed.PathOf("warm.lua");
        Wrk.WriteScript(script, [("/weather", token)]);
        var yarp = await bed.StartYarpAsync();
        var gateway = await bed.StartGatewayAsync();
        var contenders = new List<PeerProcess> { yarp, gateway, bed.Backend };
        contenders.AddRange(await bed.StartBesidesAsync(comparison.Options.Environments));
        await Comparison.WarmUpAsync(contenders.Where(peer => peer != bed.Backend), script);
        var most = new List<Sample>();
        for (var i = 0; i < 3; i++)
        {
            most.Add(await Sample.OfWrkAsync(yarp, script, duration));
        }

        var rate = most.Median(sample => sample.Rate) / 2;
        var samples = await comparison.InterleaveAsync(contenders, (peer, _) =>
            Sample.OfLanesAsync(peer, duration, new Lane(peer.Port, rate, Connections, [CallBytes.Call(peer == bed.Backend ? "/mcp" : "/weather", token)])));
        Comparison.Print(string.Create(CultureInfo.InvariantCulture, $"half load: {rate:F0} calls/s, half of what bare YARP can do; an open loop"), contenders.Select(peer => (peer == bed.Backend ? "no proxy" : peer.Name, samples[peer], peer.ResidentMiB())));
        comparison.Goal("half load: p50, more than bare YARP's", samples[gateway].Median(s => s.Round.P50) - samples[yarp].Median(s => s.Round.P50), 60, "µs");
        comparison.Goal("half load: p99, of bare YARP's", samples[gateway].Median(s => s.Round.P99) / samples[yarp].Median(s => s.Round.P99), 2);
    }
}
