using System.Diagnostics;
using Gateway.Benchmarks.Load;
using Gateway.Benchmarks.Peers;

namespace Gateway.Benchmarks.Profile;

/// <summary>
/// Where do the microseconds of a warm request go? Samples bare YARP and the gateway under the same load with perf, and
/// prints what each area of code costs per request and how much of that the gateway adds. Needs wrk and perf.
/// </summary>
internal sealed class Profiler(TestBed bed, TimeSpan duration)
{
    private static readonly TimeSpan Warmup = TimeSpan.FromSeconds(12);

    /// <summary>Methods are named by a map that the runtime writes; perf asks it only about memory that is mapped once.</summary>
    private static readonly Dictionary<string, string> Named = new() { ["DOTNET_PerfMapEnabled"] = "3", ["DOTNET_EnableWriteXorExecute"] = "0" };

    public static async Task<int> RunAsync(Options options)
    {
        using var bed = await TestBed.StartAsync(await options.ProgramsAsync());
        await new Profiler(bed, options.Duration).RunAsync();
        return 0;
    }

    private async Task RunAsync()
    {
        Wrk.WriteScript(bed.PathOf("warm.lua"), [("/weather", bed.Tokens.One(bed.Tokens.Rs256))]);
        var yarp = await ProfileAsync(await bed.StartYarpAsync(Named));
        var gateway = await ProfileAsync(await bed.StartGatewayAsync(environment: Named));
        ProfileReport.Write(Console.Out, yarp, gateway);
    }

    private async Task<CpuProfile> ProfileAsync(PeerProcess peer)
    {
        await Wrk.RunAsync(peer.Url, bed.PathOf("warm.lua"), Warmup);
        var samples = bed.PathOf(peer.Name + ".perf");
        using var perf = Process.Start(new ProcessStartInfo("perf", ["record", "-q", "-e", "cpu-clock", "-F", "1999", "-g", "-p", $"{peer.Id}", "-o", samples, "--", "sleep", $"{duration.TotalSeconds}"]))!;
        var before = peer.Cpu();
        var round = await Wrk.RunAsync(peer.Url, bed.PathOf("warm.lua"), duration);
        var cpu = (peer.Cpu() - before).TotalMicroseconds / round.Requests;
        await perf.WaitForExitAsync();
        using var script = Process.Start(new ProcessStartInfo("perf", ["script", "-i", samples, "-F", "comm,ip,sym,dso"]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        script.BeginErrorReadLine();
        var profile = await CpuProfile.ReadAsync(script.StandardOutput, cpu);
        await script.WaitForExitAsync();
        File.Delete($"/tmp/perf-{peer.Id}.map");
        bed.Stop(peer);
        return profile;
    }
}
