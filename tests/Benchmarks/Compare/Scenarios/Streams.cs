using System.Globalization;
using Gateway.Benchmarks.Load;
using Gateway.Benchmarks.Peers;

namespace Gateway.Benchmarks.Compare.Scenarios;

/// <summary>What does an event cost on its way, and is any held back? Paced: a flood merges events, and bare YARP refuses streams beside it.</summary>
internal sealed class Streams : IScenario
{
    private const int Paced = 100;
    private const int EveryMilliseconds = 20;

    /// <summary>What stands in each event beside what every one holds: nothing, and as much as a long result.</summary>
    private static readonly int[] Bytes = [0, 16 * 1024];

    public string Name => "streams";

    public async Task RunAsync(Comparison comparison)
    {
        var bed = comparison.Bed;
        var duration = comparison.Options.Duration;
        var token = bed.Tokens.One(bed.Tokens.Rs256);
        var yarp = await bed.StartYarpAsync();
        var gateway = await bed.StartGatewayAsync();
        PeerProcess[] contenders = [yarp, gateway, bed.Backend];
        foreach (var bytes in Bytes)
        {
            foreach (var peer in contenders)
            {
                await MeasureAsync(peer, bytes, Comparison.WarmUp);
            }

            var paced = await comparison.InterleaveAsync(contenders, (peer, _) => MeasureAsync(peer, bytes, duration));
            var size = bytes == 0 ? "" : $" of {bytes / 1024} KiB";
            Print($"streams: {Paced} of them, an event{size} every {EveryMilliseconds} ms each", paced);
            comparison.Goal($"streams: CPU per event{size}, of bare YARP's", paced[gateway].Median(s => s.Cpu) / paced[yarp].Median(s => s.Cpu), bytes == 0 ? 1.10 : null);
        }

        async Task<EventSample> MeasureAsync(PeerProcess peer, int bytes, TimeSpan time)
        {
            var path = $"{(peer == bed.Backend ? "/mcp" : "/weather")}/events/{EveryMilliseconds}/{bytes}";
            using var streams = await EventStreams.OpenAsync(peer.Port, Paced, CallBytes.Call(path, token));
            var before = peer.Cpu();
            await streams.ReadAsync(time);
            return new EventSample((peer.Cpu() - before).TotalMicroseconds / streams.Events, streams.Events / time.TotalSeconds, streams.FirstEvents.Median(), streams.Delays.Quantile(0.5), streams.Delays.Quantile(0.99));
        }

        void Print(string title, Dictionary<PeerProcess, List<EventSample>> samples)
        {
            Console.WriteLine($"\n{title}; ratio: of {yarp.Name}\n{"",-26}{"CPU µs/event",13}{"ratio",8}{"events/s",10}{"first event µs",16}{"delay p50 µs",14}{"p99 µs",9}");
            foreach (var (peer, list) in samples)
            {
                var cpu = list.Median(s => s.Cpu);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{(peer == bed.Backend ? "no proxy" : peer.Name),-26}{cpu,13:F2}{cpu / samples[yarp].Median(s => s.Cpu),8:F2}{list.Median(s => s.Rate),10:F0}{list.Median(s => s.FirstEvent),16:F0}{list.Median(s => s.DelayP50),14:F0}{list.Median(s => s.DelayP99),9:F0}"));
            }
        }
    }

    private sealed record EventSample(double Cpu, double Rate, double FirstEvent, double DelayP50, double DelayP99);
}
