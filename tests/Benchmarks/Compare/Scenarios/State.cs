using System.Security.Cryptography;
using Gateway.Benchmarks.Load;
using Gateway.Benchmarks.Peers;

namespace Gateway.Benchmarks.Compare.Scenarios;

/// <summary>What does it cost a warm call that revocations are shared with other replicas? Each replica holds all of them, so that no call should wait for anybody.</summary>
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

        var script = bed.PathOf("warm.lua");
        Wrk.WriteScript(script, [("/weather", bed.Tokens.One(bed.Tokens.Es256))]);
        var keys = bed.PathOf("session.keys");
        await File.WriteAllTextAsync(keys, Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)) + "\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(keys, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        var alone = await bed.StartGatewayAsync("gateway, no shared state");
        var sharing = await bed.StartGatewayAsync("gateway, shared state", options => options with { StateEndpoint = $"127.0.0.1:{redis.Port}", SessionKeyFile = keys });
        PeerProcess[] contenders = [alone, sharing];

        var cpu = await comparison.MeasureAsync($"state: one token, small JSON calls, {Wrk.Connections} connections", contenders, script);
        comparison.Goal("warm with shared state: CPU per request, of without", cpu[sharing] / cpu[alone], 1.03);
    }
}
