using System.Security.Cryptography;
using Gateway.Benchmarks.Load;
using Gateway.Benchmarks.Peers;

namespace Gateway.Benchmarks.Compare.Scenarios;

/// <summary>
/// What does it cost a warm call that revocations are shared with other replicas, and one that brings a proof that used proofs are?
/// Each replica holds all revocations, so that no call should wait for anybody; a proof waits for Redis, whose own CPU time is not counted.
/// </summary>
internal sealed class State : IScenario
{
    public string Name => "state";

    public async Task RunAsync(Comparison comparison)
    {
        var bed = comparison.Bed;
        if (await Redis.StartAsync(bed) is not { } redis)
        {
            return;
        }

        var token = bed.Tokens.One(bed.Tokens.Es256);
        var script = bed.PathOf("warm.lua");
        Wrk.WriteScript(script, [("/weather", token)]);
        var keys = bed.PathOf("session.keys");
        await File.WriteAllTextAsync(keys, Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)) + "\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(keys, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        GatewayConfiguration Share(GatewayConfiguration options) => options with { StateEndpoint = $"127.0.0.1:{redis.Port}", SessionKeyFile = keys };
        var alone = await bed.StartGatewayAsync("gateway, no shared state");
        var clients = await ClientsAsync(redis);
        var sharing = await bed.StartGatewayAsync("gateway, shared state", Share);
        PeerProcess[] contenders = [alone, sharing];
        await new Probe(token).AnswersAsync(contenders);
        Probe.Require(await ClientsAsync(redis) > clients, sharing, "is connected with Redis");

        var cpu = await comparison.MeasureAsync($"state: one token, small JSON calls, {Wrk.Connections} connections", contenders, script);
        comparison.Goal("warm with shared state: CPU per request, of without", cpu[sharing] / cpu[alone], 1.03);
        contenders.ToList().ForEach(bed.Stop);

        var calls = new ProvenCalls(bed);
        var provenAlone = await bed.StartGatewayAsync("gateway, a proof each, no shared state", ProvenCalls.Configure);
        var provenSharing = await bed.StartGatewayAsync("gateway, a proof each, shared state", options => ProvenCalls.Configure(Share(options)));
        contenders = [provenAlone, provenSharing];
        await calls.PrepareAsync(provenAlone);
        var before = await Redis.AskAsync(redis, "DBSIZE");
        await calls.PrepareAsync(provenSharing);
        Probe.Require(await Redis.AskAsync(redis, "DBSIZE") != before, provenSharing, "keeps used proofs in Redis");
        var proven = await comparison.InterleaveAsync(contenders, (peer, _) => calls.RunAsync(peer, comparison.Options.Duration));
        Comparison.Print($"state: {ProvenCalls.Keys} keys, a proof each, small JSON calls, {Wrk.Connections} connections", contenders.Select(peer => (peer.Name, proven[peer], peer.ResidentMiB())));
        comparison.Goal("warm with inbound DPoP and shared state: CPU per request, of without shared state", proven[provenSharing].Median(sample => sample.Cpu) / proven[provenAlone].Median(sample => sample.Cpu), null);
    }

    private static async Task<int> ClientsAsync(PeerProcess redis) => (await Redis.AskAsync(redis, "CLIENT LIST")).Split("id=").Length;
}
