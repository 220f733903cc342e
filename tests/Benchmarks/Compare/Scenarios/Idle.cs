using System.Globalization;
using Gateway.Benchmarks.Load;

namespace Gateway.Benchmarks.Compare.Scenarios;

/// <summary>What does a stream cost on which nothing happens?</summary>
internal sealed class Idle : IScenario
{
    private const int Count = 5000;
    private const int Users = 10;
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(3);

    /// <summary>Until the JIT compiler has done what opening the streams gave it to do: that is paid once.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(12);

    /// <summary>How long their CPU time is counted: it is so little that what a collection takes would be most of it in a short while.</summary>
    private static readonly TimeSpan Watch = TimeSpan.FromSeconds(20);

    public string Name => "idle";

    public async Task RunAsync(Comparison comparison)
    {
        var bed = comparison.Bed;
        var token = bed.Tokens.One(bed.Tokens.Rs256);
        var script = bed.PathOf("warm.lua");
        Wrk.WriteScript(script, [("/weather", token)]);

        // Of several users, since none of them may have more than half of the connections that are free.
        var listen = bed.Tokens.Many(bed.Tokens.Rs256, Users).Select(one => CallBytes.Listen("/weather", one)).ToArray();

        // Memory is compared under one kind of garbage collector, the gateway's; YARP as shipped runs with the server's.
        var workstation = new Dictionary<string, string> { ["DOTNET_gcServer"] = "0" };
        var samples = await comparison.InterleaveAsync(["bare YARP", "gateway"], async (name, _) =>
        {
            var peer = name == "gateway" ? await bed.StartGatewayAsync() : await bed.StartYarpAsync(workstation);
            await Comparison.WarmUpAsync([peer], script);
            await Task.Delay(Settling);
            var heap = await LiveHeap.BytesAsync(peer.Id);
            var resident = peer.ResidentMiB();
            using var streams = await EventStreams.OpenAsync(peer.Port, Count, listen);
            await Task.Delay(Quiet);
            resident = peer.ResidentMiB() - resident;
            var cpu = peer.Cpu();
            await Task.Delay(Watch);
            cpu = peer.Cpu() - cpu;
            heap = await LiveHeap.BytesAsync(peer.Id) - heap;
            bed.Stop(peer);
            return new IdleSample(resident * 1024 / Count, heap / 1024.0 / Count, cpu / Watch);
        });

        Console.WriteLine($"\nidle: {Count} streams on which nothing happens\n{"",-26}{"RSS KiB/stream",16}{"ratio",8}{"live heap KiB/stream",22}{"ratio",8}{"CPU % of a core",17}");
        var bare = samples["bare YARP"];
        foreach (var (name, list) in samples)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-26}{list.Median(s => s.Resident),16:F2}{list.Median(s => s.Resident) / bare.Median(s => s.Resident),8:F2}{list.Median(s => s.Heap),22:F2}{list.Median(s => s.Heap) / bare.Median(s => s.Heap),8:F2}{list.Median(s => s.Cpu) * 100,17:F2}"));
        }

        comparison.Goal("idle stream: resident memory, of bare YARP's", samples["gateway"].Median(s => s.Resident) / bare.Median(s => s.Resident), 1.05);
        comparison.Goal("idle streams: CPU of 5 000, more than bare YARP's", (samples["gateway"].Median(s => s.Cpu) - bare.Median(s => s.Cpu)) * 100, 1, "%");
    }

    private sealed record IdleSample(double Resident, double Heap, double Cpu);
}
