using System.Diagnostics;
using Gateway.Benchmarks.BareYarp;
using Gateway.Benchmarks.Compare.Scenarios;
using Gateway.Benchmarks.Load;
using Gateway.Benchmarks.Peers;

namespace Gateway.Benchmarks.Profile;

/// <summary>
/// Where do the microseconds of a warm request go? Samples bare YARP and the gateway under the same load with perf, and
/// prints what each area of code costs per request and how much of that the gateway adds; or, by <c>profile tokens</c>,
/// <c>profile servers</c> and <c>profile audit</c>, what 100 000 live tokens, or calls at 1 000 servers in turn, add to one, and
/// audit to a file to none; or, by <c>profile cold</c> and <c>profile cold-as</c>, what a token that was never seen before adds to
/// one that was, its hop token minted here or by an authorization server. Needs wrk and perf.
/// </summary>
internal sealed class Profiler(TestBed bed, TimeSpan duration)
{
    private static readonly TimeSpan Warmup = TimeSpan.FromSeconds(12);

    /// <summary>Methods are named by a map that the runtime writes; perf asks it only about memory that is mapped once.</summary>
    private static readonly Dictionary<string, string> Named = new() { ["DOTNET_PerfMapEnabled"] = "3", ["DOTNET_EnableWriteXorExecute"] = "0" };

    public static async Task<int> RunAsync(Options options)
    {
        using var bed = await TestBed.StartAsync(await options.ProgramsAsync());
        var profiler = new Profiler(bed, options.Duration);
        await (options.Names switch
        {
            ["tokens"] => profiler.TokensAsync(),
            ["servers"] => profiler.ServersAsync(),
            ["audit"] => profiler.AuditAsync(),
            ["cold"] => profiler.ColdAsync(exchange: false),
            ["cold-as"] => profiler.ColdAsync(exchange: true),
            _ => profiler.WarmAsync(),
        });
        return 0;
    }

    private async Task WarmAsync()
    {
        var calls = Calls(1);
        var yarp = await ProfileAsync(await bed.StartYarpAsync(Named), calls);
        var gateway = await ProfileAsync(await bed.StartGatewayAsync(environment: Named), calls);
        ProfileReport.Write(Console.Out, "bare YARP", yarp, "gateway", gateway);
    }

    private async Task TokensAsync()
    {
        var one = await ProfileAsync(await bed.StartGatewayAsync(environment: Named), Calls(1));
        var many = await ProfileAsync(await bed.StartGatewayAsync(change: options => options with { LongHopTokens = true }, environment: Named), Calls(100_000));
        ProfileReport.Write(Console.Out, "1 token", one, "100 000", many);
    }

    private async Task AuditAsync()
    {
        var off = await ProfileAsync(await bed.StartGatewayAsync(environment: Named), Calls(1));
        var file = await ProfileAsync(await bed.StartGatewayAsync(change: options => options with { AuditFile = bed.PathOf("audit.log") }, environment: Named), Calls(1));
        ProfileReport.Write(Console.Out, "audit off", off, "to a file", file);
    }

    private async Task ColdAsync(bool exchange)
    {
        var warm = await ProfileAsync(await bed.StartGatewayAsync(change: options => options with { Exchange = exchange }, environment: Named), Calls(1));
        var peer = await bed.StartGatewayAsync(change: options => options with { Exchange = exchange }, environment: Named);
        var unseen = Calls(ColdTokens.MostPerSecond * (int)(Warmup + duration).TotalSeconds);
        await WarmUpAsync(peer, unseen[..(ColdTokens.MostPerSecond * (int)Warmup.TotalSeconds)]);
        ProfileReport.Write(Console.Out, "warm", warm, "cold", await SampleAsync(peer, unseen[(ColdTokens.MostPerSecond * (int)Warmup.TotalSeconds)..]));
    }

    private async Task ServersAsync()
    {
        const int Many = 1000;
        var one = await ProfileAsync(await bed.StartGatewayAsync(environment: Named), Calls(1));
        var calls = Enumerable.Range(0, Many).Select(BareProxy.ServerId).Select(server => ("/" + server, bed.Tokens.One(bed.Tokens.Es256, server))).ToArray();
        var many = await ProfileAsync(await bed.StartGatewayAsync(change: options => options with { ServerCount = Many, LongHopTokens = true }, environment: Named), calls);
        ProfileReport.Write(Console.Out, "1 server", one, "1 000", many);
    }

    private (string Path, string Token)[] Calls(int tokens) => [.. bed.Tokens.Many(bed.Tokens.Es256, tokens).Select(token => ("/weather", token))];

    private async Task<CpuProfile> ProfileAsync(PeerProcess peer, (string Path, string Token)[] calls)
    {
        await CallBytes.EveryOnceAsync(peer.Port, calls);
        await WarmUpAsync(peer, calls);
        return await SampleAsync(peer, calls);
    }

    private async Task WarmUpAsync(PeerProcess peer, (string Path, string Token)[] calls)
    {
        var script = bed.PathOf("warm.lua");
        Wrk.WriteScript(script, calls);
        await Wrk.RunAsync(peer.Url, script, Warmup);
    }

    private async Task<CpuProfile> SampleAsync(PeerProcess peer, (string Path, string Token)[] calls)
    {
        var script = bed.PathOf("sampled.lua");
        Wrk.WriteScript(script, calls);
        var samples = bed.PathOf(peer.Name + ".perf");
        using var perf = Process.Start(new ProcessStartInfo("perf", ["record", "-q", "-e", "cpu-clock", "-F", "1999", "-g", "-p", $"{peer.Id}", "-o", samples, "--", "sleep", $"{duration.TotalSeconds}"]))!;
        var before = peer.Cpu();
        var round = await Wrk.RunAsync(peer.Url, script, duration);
        var cpu = (peer.Cpu() - before).TotalMicroseconds / round.Requests;
        await perf.WaitForExitAsync();
        using var report = Process.Start(new ProcessStartInfo("perf", ["script", "-i", samples, "-F", "comm,ip,sym,dso"]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        report.BeginErrorReadLine();
        var profile = await CpuProfile.ReadAsync(report.StandardOutput, cpu);
        await report.WaitForExitAsync();
        File.Delete($"/tmp/perf-{peer.Id}.map");
        bed.Stop(peer);
        return profile;
    }
}
