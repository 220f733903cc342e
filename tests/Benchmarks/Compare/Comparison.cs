using System.Globalization;
using Gateway.Benchmarks.Compare.Scenarios;
using Gateway.Benchmarks.Load;
using Gateway.Benchmarks.Peers;

namespace Gateway.Benchmarks.Compare;

/// <summary>
/// Runs scenarios over one backend in interleaved rounds, prints medians and ratios, and at the end what was to be shown
/// and what was measured. Absolute figures depend on the machine; the ratios of one run are what counts.
/// </summary>
internal sealed class Comparison(TestBed bed, Options options)
{
    /// <summary>What the command line calls <see cref="Features"/>.</summary>
    private const string AllFeatures = "features";

    /// <summary>The time in which the JIT compiler does its work on a contender under load.</summary>
    public static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(10);

    /// <summary>What is off unless it is configured, and other ways to be called than JSON over HTTP/1.1.</summary>
    private static readonly IScenario[] Features = [new BoundTokens(), new BoundHopTokens(), new BoundCalls(), new Policy(), new Lists(), new State(), new Http2(), new Streams()];

    private static readonly IScenario[] Scenarios =
        [new Warm(), .. Features, new ColdLocal(), new ColdAs(), new Mixed(), new Sockets(), new HalfLoad(), new Servers(), new Tokens(), new Idle(), new Startup()];

    private readonly List<Goal> goals = [];

    public TestBed Bed => bed;

    public Options Options => options;

    public static async Task<int> RunAsync(Options options)
    {
        string[] known = [.. Scenarios.Select(scenario => scenario.Name), AllFeatures];
        if (options.Names.Except(known).FirstOrDefault() is { } unknown)
        {
            await Console.Error.WriteLineAsync($"'{unknown}' is no scenario: {string.Join(' ', known)}");
            return 2;
        }

        var programs = await options.ProgramsAsync();
        var chosen = Scenarios.Where(scenario => options.Names.Count == 0 || options.Names.Contains(scenario.Name) || (options.Names.Contains(AllFeatures) && Features.Contains(scenario))).ToArray();
        var met = new List<Goal>();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{TimeProvider.System.GetUtcNow():yyyy-MM-dd HH:mm} UTC, {Environment.ProcessorCount} cores, load {File.ReadAllText("/proc/loadavg").Split(' ')[0]}, .NET {Environment.Version}, {(programs.Published ? "published as in the image" : "as built, not published")}; medians of {options.Rounds} interleaved rounds of {options.Duration.TotalSeconds} s"));
        foreach (var scenario in chosen)
        {
            // Each on a bed of its own: nothing that one leaves behind weighs on the next.
            using var bed = await TestBed.StartAsync(programs);
            var comparison = new Comparison(bed, options);
            try
            {
                await scenario.RunAsync(comparison);
                met.AddRange(comparison.goals);
            }
            catch (Exception failure) when (chosen.Length > 1 && failure is InvalidOperationException or System.Net.Sockets.SocketException)
            {
                Console.WriteLine($"\n{scenario.Name} FAILED: {failure.Message}");
                met.Add(new Goal($"{scenario.Name}: runs to its end", double.NaN, 0, ""));
            }
        }

        Console.WriteLine($"\n{"goal",-82}{"at most",13}{"measured",14}  met");
        met.ForEach(Console.WriteLine);
        return 0;
    }

    public void Goal(string text, double measured, double? limit, string unit = "×") => goals.Add(new Goal(text, measured, limit, unit));

    /// <summary>Runs the JIT compiler's tiers up, so that none of it happens while it is measured.</summary>
    public static async Task WarmUpAsync(IEnumerable<PeerProcess> contenders, string script)
    {
        foreach (var peer in contenders)
        {
            await Wrk.RunAsync(peer.Url, script, WarmUp);
        }
    }

    /// <summary>Warms the contenders up, loads them in turn with wrk, prints a line for each, and returns the CPU time per request of each, in µs.</summary>
    public async Task<IReadOnlyDictionary<PeerProcess, double>> MeasureAsync(string title, IReadOnlyList<PeerProcess> contenders, string script)
    {
        await WarmUpAsync(contenders, script);
        var samples = await InterleaveAsync(contenders, (peer, _) => Sample.OfWrkAsync(peer, script, options.Duration));
        Print(title, contenders.Select(peer => (peer.Name, samples[peer], peer.ResidentMiB())));
        return samples.ToDictionary(one => one.Key, one => one.Value.Median(sample => sample.Cpu));
    }

    /// <summary>Measures every contender once in each round; <paramref name="times"/> as many rounds where chance has more say.</summary>
    public async Task<Dictionary<TKey, List<TSample>>> InterleaveAsync<TKey, TSample>(IReadOnlyList<TKey> contenders, Func<TKey, int, Task<TSample>> measure, int times = 1)
        where TKey : notnull
    {
        var samples = contenders.ToDictionary(contender => contender, _ => new List<TSample>());
        for (var round = 0; round < times * options.Rounds; round++)
        {
            foreach (var contender in contenders)
            {
                samples[contender].Add(await measure(contender, round));
            }
        }

        return samples;
    }

    /// <summary>One line for each contender; ratios are to the first, which is named.</summary>
    public static void Print(string title, IEnumerable<(string Name, List<Sample> Samples, double ResidentMiB)> contenders)
    {
        var rows = contenders.ToList();
        Console.WriteLine($"\n{title}; ratio: of {rows[0].Name}\n{"",-56}{"CPU µs/req",11}{"ratio",8}{"req/s",9}{"p50 µs",9}{"p99 µs",9}{"p99.9 µs",10}{"RSS MiB",9}{"errors",8}");
        var reference = double.NaN;
        foreach (var (name, samples, resident) in rows)
        {
            var cpu = samples.Median(sample => sample.Cpu);
            reference = double.IsNaN(reference) ? cpu : reference;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-56}{cpu,11:F1}{cpu / reference,8:F2}{samples.Median(s => s.Rate),9:F0}{samples.Median(s => s.Round.P50),9:F0}{samples.Median(s => s.Round.P99),9:F0}{samples.Median(s => s.Round.P999),10:F0}{resident,9:F0}{samples.Sum(s => s.Round.Errors),8}"));
        }
    }
}
