using System.Globalization;
using Gateway.Benchmarks.Load;
using Gateway.Benchmarks.Peers;

namespace Gateway.Benchmarks.Compare.Scenarios;

/// <summary>What do the ways to serve sockets win in CPU time, and what do they cost in the tail when a quarter of the calls is cold?</summary>
internal sealed class Sockets : IScenario
{
    private static readonly Dictionary<string, string> CompletedOnThePool = new() { ["DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS"] = "0" };
    private static readonly Dictionary<string, string> Inline = new() { ["DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS"] = "1" };

    public string Name => "sockets";

    public async Task RunAsync(Comparison comparison)
    {
        var bed = comparison.Bed;
        var token = bed.Tokens.One(bed.Tokens.Es256);
        var script = bed.PathOf("warm.lua");
        Wrk.WriteScript(script, [("/weather", token)]);
        var shipped = await bed.StartGatewayAsync("as shipped");
        var settings = new List<PeerProcess>
        {
            shipped,
            await bed.StartGatewayAsync("on the thread pool", options => options with { OnThePool = true }),
            await bed.StartGatewayAsync("completions inline, requests on the pool", options => options with { OnThePool = true }, Inline),
            await bed.StartGatewayAsync("completions on the pool, requests begin there", environment: CompletedOnThePool),
        };
        settings.AddRange(await bed.StartBesidesAsync(comparison.Options.Environments));
        await Comparison.WarmUpAsync(settings, script);
        await ColdTokens.WarmUpAsync(bed, settings);
        var warm = await comparison.InterleaveAsync(settings, (peer, _) => Sample.OfWrkAsync(peer, script, comparison.Options.Duration));
        Comparison.Print("sockets: warm calls", settings.Select(peer => (peer.Name, warm[peer], peer.ResidentMiB())));

        var load = await MixedLoad.ThatKeepsBusyAsync(comparison, shipped, token, Mixed.Full);
        foreach (var peer in settings)
        {
            await load.MeasureAsync(peer, withCold: true);
        }

        var alone = new Dictionary<PeerProcess, List<Sample>>();
        var mixed = await comparison.InterleaveAsync(settings, async (peer, round) =>
        {
            (round == 0 ? alone[peer] = [] : alone[peer]).Add(await load.MeasureAsync(peer, withCold: false));
            return await load.MeasureAsync(peer, withCold: true);
        });
        Comparison.Print(string.Create(CultureInfo.InvariantCulture, $"sockets: {load.WarmRate:F0} warm calls/s alone"), settings.Select(peer => (peer.Name, alone[peer], peer.ResidentMiB())));
        Comparison.Print(string.Create(CultureInfo.InvariantCulture, $"sockets: {load.WarmRate:F0} warm calls/s beside {load.ColdRate:F0} cold ones/s; latencies are those of the warm ones"), settings.Select(peer => (peer.Name, mixed[peer], peer.ResidentMiB())));
        foreach (var peer in settings)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"p99 beside cold ones, of alone, round by round: {mixed[peer].Zip(alone[peer], (beside, by) => beside.Round.P99 / by.Round.P99).Median(),5:F2}   {peer.Name}"));
        }
    }
}
