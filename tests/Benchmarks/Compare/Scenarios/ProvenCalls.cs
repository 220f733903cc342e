using System.Net;
using Gateway.Benchmarks.Load;
using Gateway.Benchmarks.Peers;
using Harness;

namespace Gateway.Benchmarks.Compare.Scenarios;

/// <summary>Calls of many clients, each with a token that is bound to a key of its own and every call with an ES256 proof of its own, made ahead.</summary>
internal sealed class ProvenCalls(TestBed bed)
{
    public const int Keys = 1000;

    /// <summary>The most calls a second that proofs are made for; more than are answered.</summary>
    private const int MostPerSecond = 16_000;

    private readonly (TestKey Key, string Token)[] clients = [.. Enumerable.Range(0, Keys).Select(_ => TestKey.Create("ES256", null)).Select(key => (key, bed.Tokens.Bound(bed.Tokens.Es256, key)))];

    /// <summary>How a gateway is configured for them: a proof may lie there as long as the measurement takes.</summary>
    public static GatewayConfiguration Configure(GatewayConfiguration options) => options with { ProofMaxAge = "01:00:00" };

    /// <summary>Throws unless the gateway demands a proof and takes each once; then warms it up.</summary>
    public async Task PrepareAsync(PeerProcess gateway)
    {
        var (key, token) = clients[0];
        await new Probe(token).IsRefusedAsync(gateway, HttpStatusCode.Unauthorized, "a bound token without a proof");
        var proven = new Probe(token) { Proof = Proof(key, token, TimeProvider.System.GetUtcNow()) };
        await proven.AnswersAsync([gateway]);
        await proven.IsRefusedAsync(gateway, HttpStatusCode.Unauthorized, "a proof that was used");
        await RunAsync(gateway, Comparison.WarmUp);
    }

    /// <summary>One round, for which every call gets a proof of its own. Throws when they run out.</summary>
    public async Task<Sample> RunAsync(PeerProcess gateway, TimeSpan duration)
    {
        var script = bed.PathOf("proven.lua");
        var proofs = new string[(int)(MostPerSecond * duration.TotalSeconds)];
        var now = TimeProvider.System.GetUtcNow();
        Parallel.For(0, proofs.Length, i => proofs[i] = Proof(clients[i % Keys].Key, clients[i % Keys].Token, now));
        Wrk.WriteProvenScript(script, proofs.Select((proof, i) => ("/weather", clients[i % Keys].Token, proof)));
        var sample = await Sample.OfWrkAsync(gateway, script, duration);
        return sample.Round.Requests < proofs.Length ? sample : throw new InvalidOperationException("The proofs ran out: raise MostPerSecond.");
    }

    private static string Proof(TestKey key, string token, DateTimeOffset now) => ProofForge.Proof(key, "POST", InboundTokens.ResourceOf("weather"), token, now);
}
