using System.Globalization;
using System.Text.Json;
using Gateway.Benchmarks.Stages;

namespace Gateway.Benchmarks;

/// <summary>
/// Holds what a warm request and every stage allocate to allowed-bytes.json. Bytes are the one cost that is the same on
/// every machine; whoever makes a stage need fewer lowers its bound, whoever needs more says so in the same commit.
/// </summary>
internal static class Regressions
{
    private const string WholeRequest = "WarmRequest.BeyondBareYarp";
    private const int Batches = 5;
    private const int Runs = 200;

    /// <summary>Between batches, so that the JIT compiler gets to what is hot.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(120);

    public static async Task<int> RunAsync()
    {
        var good = true;
        await ForEachAsync(row =>
        {
            good &= row.Good;
            Console.WriteLine($"{(row.Good ? "ok  " : "FAIL")} {row}");
        });
        return good ? 0 : 1;
    }

    public static async Task ForEachAsync(Action<Row> use)
    {
        using var file = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "allowed-bytes.json")));
        var allowed = file.RootElement.EnumerateObject().ToDictionary(member => member.Name, member => member.Value.GetInt64());
        var (bare, gateway) = await Allocations.MeasureAsync();
        Tell(WholeRequest, gateway - bare);
        await StageBenchmark.ForEachAsync(async benchmark => Tell(benchmark.Name, await BytesAsync(benchmark)));
        foreach (var gone in allowed.Keys)
        {
            use(new Row(gone, double.NaN, 0));
        }

        void Tell(string name, double bytes) => use(new Row(name, bytes, allowed.Remove(name, out var most) ? most : null));
    }

    /// <summary>The least of several batches: what is left when everything is compiled, and nothing else happened beside it.</summary>
    private static async Task<double> BytesAsync(StageBenchmark benchmark)
    {
        var least = double.MaxValue;
        for (var batch = 0; batch < Batches; batch++)
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            for (var i = 0; i < Runs; i++)
            {
                await benchmark.RunAsync();
            }

            least = Math.Min(least, (GC.GetTotalAllocatedBytes(precise: true) - before) / (double)Runs / benchmark.OperationsPerRun);
            await Task.Delay(Pause);
        }

        return least;
    }

    /// <summary>What was measured and what is allowed; without a bound, or without anything measured, it is not good.</summary>
    internal sealed record Row(string Name, double Bytes, long? Allowed)
    {
        public bool Good => Bytes <= Allowed;

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Name}: {Bytes:F0} B, {(Allowed is null ? "no bound" : $"at most {Allowed} B")}");
    }
}
