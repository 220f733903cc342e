using System.Text.Json.Nodes;
using Gateway.Benchmarks.Load;
using Gateway.Benchmarks.Peers;

namespace Gateway.Benchmarks.Compare.Scenarios;

/// <summary>What does a request cost whose token was never seen before, against one whose token was?</summary>
internal static class ColdTokens
{
    /// <summary>More than two cores can take in.</summary>
    public const int MostPerSecond = 16_000;

    /// <summary>Compares warm with cold at one gateway; returns the ratio of their CPU per request.</summary>
    public static async Task<double> CompareAsync(Comparison comparison, PeerProcess gateway, string title)
    {
        var cold = await PrepareAsync(comparison, [gateway]);
        var samples = await comparison.InterleaveAsync(
            ["warm", "cold"], (kind, round) => kind == "cold" ? cold.RunAsync(gateway, round) : Sample.OfWrkAsync(gateway, cold.Warm, comparison.Options.Duration));
        Comparison.Print(title, samples.Select(pair => (pair.Key, pair.Value, gateway.ResidentMiB())));
        return samples["cold"].Median(sample => sample.Cpu) / samples["warm"].Median(sample => sample.Cpu);
    }

    /// <summary>Warms the contenders up, with tokens that they know and with such that they do not, and has a script of new tokens for each round.</summary>
    /// <param name="comparison">What the rounds are part of.</param>
    /// <param name="contenders">Who is warmed up.</param>
    /// <param name="once">Makes each token one that is good once, so that no gateway knows any; null: they are good until they expire.</param>
    public static async Task<ColdRounds> PrepareAsync(Comparison comparison, IReadOnlyList<PeerProcess> contenders, Action<JsonObject>? once = null)
    {
        var bed = comparison.Bed;
        var duration = comparison.Options.Duration;
        var rounds = new ColdRounds(bed, once is null ? "cold" : "once", duration, MostPerSecond * (int)duration.TotalSeconds);
        for (var round = 0; round < comparison.Options.Rounds; round++)
        {
            Write(bed, rounds.ScriptOf(round), rounds.Tokens, once);
        }

        if (once is null)
        {
            Wrk.WriteScript(rounds.Warm, [("/weather", bed.Tokens.One(bed.Tokens.Es256))]);
            await Comparison.WarmUpAsync(contenders, rounds.Warm);
        }

        await WarmUpAsync(bed, contenders, once);
        return rounds;
    }

    /// <summary>Loads the contenders with new tokens alone until what serves those is compiled for good, too.</summary>
    public static async Task WarmUpAsync(TestBed bed, IEnumerable<PeerProcess> contenders, Action<JsonObject>? once = null)
    {
        var script = bed.PathOf("unseen.lua");
        Write(bed, script, MostPerSecond * (int)Comparison.WarmUp.TotalSeconds, once);
        await Comparison.WarmUpAsync(contenders, script);
    }

    private static void Write(TestBed bed, string script, int tokens, Action<JsonObject>? once) =>
        Wrk.WriteScript(script, bed.Tokens.Many(bed.Tokens.Es256, tokens, change: once).Select(token => ("/weather", token)));

    /// <summary>The scripts of a measurement: of a token that is known, and for each round one of so many new ones.</summary>
    internal sealed record ColdRounds(TestBed Bed, string Name, TimeSpan Duration, int Tokens)
    {
        public string Warm { get; } = Bed.PathOf("warm.lua");

        public string ScriptOf(int round) => Bed.PathOf($"{Name}{round}.lua");

        /// <summary>Loads a contender with new tokens alone. Throws when they run out.</summary>
        public async Task<Sample> RunAsync(PeerProcess peer, int round)
        {
            var sample = await Sample.OfWrkAsync(peer, ScriptOf(round), Duration);
            return sample.Round.Requests <= Tokens ? sample : throw new InvalidOperationException("Tokens ran out: not every one was a cold one.");
        }
    }
}
