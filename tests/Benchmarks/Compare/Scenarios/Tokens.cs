using System.Diagnostics;
using System.Globalization;
using Gateway.Benchmarks.BareYarp;
using Gateway.Benchmarks.Load;
using Gateway.Benchmarks.Peers;

namespace Gateway.Benchmarks.Compare.Scenarios;

/// <summary>Does a request cost more when many tokens are alive, at one server and at many, and how much memory does each take?</summary>
internal sealed class Tokens : IScenario
{
    private const int Most = 100_000;

    /// <summary>A hop token of five minutes is made anew, behind the caller's back, when it is this old.</summary>
    private static readonly TimeSpan Renewal = TimeSpan.FromSeconds(189);

    public string Name => "tokens";

    public async Task RunAsync(Comparison comparison)
    {
        var bed = comparison.Bed;
        var cells = new List<Cell>();
        foreach (var (servers, tokens) in ((int, int)[])[(1, 1), (1, 1000), (1, Most), (1000, Most)])
        {
            var calls = Enumerable.Range(0, tokens).Select(number => BareProxy.ServerId(number % servers)).Select(server => ("/" + server, bed.Tokens.One(bed.Tokens.Es256, server))).ToArray();
            var gateway = await bed.StartGatewayAsync($"{servers} servers, {tokens} tokens", options => options with { ServerCount = servers, LongHopTokens = true });
            var script = bed.PathOf($"{servers}-{tokens}.lua");
            Wrk.WriteScript(script, calls);
            cells.Add(new Cell(gateway, script, calls));
        }

        // The same calls without the tokens' being looked at: what they cost the load itself, its memory traffic and, for
        // as many servers, the connections to each.
        var yarp = await bed.StartYarpAsync();
        cells.Add(new Cell(yarp, cells[0].Script, [], "bare YARP, 1 token"));
        cells.Add(new Cell(yarp, cells[2].Script, [], $"bare YARP, {Most} tokens"));
        await Comparison.WarmUpAsync([yarp], cells[0].Script);
        var wide = await bed.StartYarpAsync(serverCount: 1000);
        cells.Add(new Cell(wide, cells[3].Script, [], $"bare YARP, 1000 servers, {Most} tokens"));
        await Comparison.WarmUpAsync([wide], cells[3].Script);
        var watch = Stopwatch.StartNew();
        foreach (var cell in cells.Take(4))
        {
            await CallBytes.EveryOnceAsync(cell.Peer.Port, cell.Calls);
            await Comparison.WarmUpAsync([cell.Peer], cell.Script);
        }

        var samples = await comparison.InterleaveAsync(cells, (cell, _) => Sample.OfWrkAsync(cell.Peer, cell.Script, comparison.Options.Duration));
        var age = watch.Elapsed;
        Comparison.Print("tokens: all alive, called in turn", cells.Select(cell => (cell.Name ?? cell.Peer.Name, samples[cell], cell.Peer.ResidentMiB())));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"the oldest hop token was {age.TotalSeconds:F0} s old at the end{(age > Renewal ? ": SOME WERE MADE ANEW while this was measured" : ", so that none was made anew meanwhile")}"));

        double Cpu(int cell) => samples[cells[cell]].Median(sample => sample.Cpu);
        var (one, most) = (await LiveHeap.BytesAsync(cells[0].Peer.Id), await LiveHeap.BytesAsync(cells[2].Peer.Id));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"live heap: {one / 1048576.0:F1} MiB with one token, {most / 1048576.0:F1} MiB with {Most}; RSS grew by {(cells[2].Peer.ResidentMiB() - cells[0].Peer.ResidentMiB()) * 1048576 / Most:F0} B per token"));
        comparison.Goal("1 000 servers, 100 000 live tokens: CPU per request, of one of each", Cpu(3) / Cpu(0), 1.05);
        comparison.Goal("   the same, of what the same load costs bare YARP more", Cpu(3) / Cpu(0) / (Cpu(6) / Cpu(4)), 1.05);
        comparison.Goal("memory per live token (live heap)", (most - one) / (double)Most / 1024, 2.5, "KiB");
    }

    private sealed record Cell(PeerProcess Peer, string Script, (string Path, string Token)[] Calls, string? Name = null);
}
