using System.Diagnostics;
using System.Globalization;
using Gateway.Benchmarks.BareYarp;
using Gateway.Benchmarks.Load;
using Gateway.Benchmarks.Peers;

namespace Gateway.Benchmarks.Compare.Scenarios;

/// <summary>
/// Does a request cost more when many tokens are alive, at one server and at many, and how much memory does each take? Three
/// loads where there are many: one of them alone, which tells what having the others costs; by popularity, as users and
/// servers are used; and each in turn, where nothing a call needs was needed within 100 000 calls and all of it comes from memory.
/// </summary>
internal sealed class Tokens : IScenario
{
    private const int Most = 100_000;
    private const int Servers = 1000;

    /// <summary>A hop token of five minutes is made anew, behind the caller's back, when it is this old.</summary>
    private static readonly TimeSpan Renewal = TimeSpan.FromSeconds(189);

    public string Name => "tokens";

    public async Task RunAsync(Comparison comparison)
    {
        var bed = comparison.Bed;
        var (one, thousand, most, wide) = (Calls(bed, 1, 1), Calls(bed, 1, 1000), Calls(bed, 1, Most), Calls(bed, Servers, Most));
        var (alone, popular) = (Script(bed, "alone", wide.Take(1)), Script(bed, "popular", Popular(wide)));
        var (single, inTurn) = (Script(bed, "one", one), Script(bed, "in-turn", wide));
        var small = await StartAsync(bed, 1, "1 server, 1 token");
        var few = await StartAsync(bed, 1, "1 server, 1000 tokens");
        var many = await StartAsync(bed, 1, $"1 server, {Most} tokens");
        var large = await StartAsync(bed, Servers, $"{Servers} servers, {Most} tokens");
        var narrowYarp = await bed.StartYarpAsync();
        var wideYarp = await bed.StartYarpAsync(serverCount: Servers);
        Cell[] cells =
        [
            new(small, single, "1 server, 1 token"),
            new(few, Script(bed, "few", thousand), "1 server, 1000 tokens, in turn"),
            new(many, Script(bed, "many", most), $"1 server, {Most} tokens, in turn"),
            new(large, alone, $"{Servers} servers, {Most} tokens, one of each"),
            new(large, popular, $"{Servers} servers, {Most} tokens, popular"),
            new(large, inTurn, $"{Servers} servers, {Most} tokens, in turn"),
            new(narrowYarp, single, "bare YARP, 1 route, 1 token"),
            new(wideYarp, popular, $"bare YARP, {Servers} routes, popular"),
            new(wideYarp, inTurn, $"bare YARP, {Servers} routes, in turn"),
        ];
        foreach (var (peer, calls) in ((PeerProcess, (string, string)[])[])[(small, one), (few, thousand), (narrowYarp, one), (wideYarp, wide[..Servers])])
        {
            await CallBytes.EveryOnceAsync(peer.Port, calls);
            await Comparison.WarmUpAsync([peer], Script(bed, "warm", calls));
        }

        // A hundred thousand calls are a warm-up of their own.
        var watch = Stopwatch.StartNew();
        await CallBytes.EveryOnceAsync(large.Port, wide);
        await CallBytes.EveryOnceAsync(many.Port, most);
        var samples = await comparison.InterleaveAsync(cells, (cell, _) => Sample.OfWrkAsync(cell.Peer, cell.Script, comparison.Options.Duration));
        var age = watch.Elapsed;
        Comparison.Print("tokens: all alive", cells.Select(cell => (cell.Name, samples[cell], cell.Peer.ResidentMiB())));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"the oldest hop token was {age.TotalSeconds:F0} s old at the end{(age > Renewal ? ": SOME WERE MADE ANEW while this was measured" : ", so that none was made anew meanwhile")}"));

        double Cpu(int cell) => samples[cells[cell]].Median(sample => sample.Cpu);
        var (least, filled) = (await LiveHeap.BytesAsync(small.Id), await LiveHeap.BytesAsync(many.Id));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"live heap: {least / 1048576.0:F1} MiB with one token, {filled / 1048576.0:F1} MiB with {Most}; RSS grew by {(many.ResidentMiB() - small.ResidentMiB()) * 1048576 / Most:F0} B per token"));
        const string Goal = "1 000 servers, 100 000 tokens: CPU per request, of one of each";
        comparison.Goal(Goal + "; one called", Cpu(3) / Cpu(0), 1.05);
        comparison.Goal(Goal + "; by popularity", Cpu(4) / Cpu(0), 1.05);
        comparison.Goal(Goal + "; in turn", Cpu(5) / Cpu(0), 1.05);
        comparison.Goal("   by popularity, of what the same load costs bare YARP more", Cpu(4) / Cpu(0) / (Cpu(7) / Cpu(6)), 1.05);
        comparison.Goal("   in turn, of what the same load costs bare YARP more", Cpu(5) / Cpu(0) / (Cpu(8) / Cpu(6)), 1.05);
        comparison.Goal("memory per live token (live heap)", (filled - least) / (double)Most / 1024, 2, "KiB");
    }

    private static (string Path, string Token)[] Calls(TestBed bed, int servers, int tokens) =>
        [.. Enumerable.Range(0, tokens).Select(number => BareProxy.ServerId(number % servers)).Select(server => ("/" + server, bed.Tokens.One(bed.Tokens.Es256, server)))];

    /// <summary>Calls drawn by Zipf's law, the second most popular half as often as the first: two fifths of them at a hundred tokens.</summary>
    private static IEnumerable<(string Path, string Token)> Popular((string Path, string Token)[] calls)
    {
        // The same draws in every run; nothing here is to be hard to guess.
        var random = new Random(1);
        for (var draw = 0; draw < 2 * Most; draw++)
        {
            // The inverse of ln(rank) / ln(Most), which is how far Zipf's law is summed up at a rank, nearly.
            yield return calls[(int)Math.Min(calls.Length - 1, Math.Pow(calls.Length, random.NextDouble()) - 1)];
        }
    }

    private static string Script(TestBed bed, string name, IEnumerable<(string Path, string Token)> calls)
    {
        var script = bed.PathOf(name + ".lua");
        Wrk.WriteScript(script, calls);
        return script;
    }

    private static Task<PeerProcess> StartAsync(TestBed bed, int servers, string name) =>
        bed.StartGatewayAsync(name, options => options with { ServerCount = servers, LongHopTokens = true });

    private sealed record Cell(PeerProcess Peer, string Script, string Name);
}
