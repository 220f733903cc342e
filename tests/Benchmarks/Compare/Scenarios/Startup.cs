using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Gateway.Benchmarks.Load;
using Gateway.Benchmarks.Peers;

namespace Gateway.Benchmarks.Compare.Scenarios;

/// <summary>How long from the start of the process to the first proxied answer, and what is resident then?</summary>
internal sealed class Startup : IScenario
{
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(3);

    public string Name => "startup";

    public async Task RunAsync(Comparison comparison)
    {
        var bed = comparison.Bed;
        var call = CallBytes.Call("/weather", bed.Tokens.One(bed.Tokens.Es256));

        // As the image sets it.
        var image = new Dictionary<string, string> { ["DOTNET_EnableDiagnostics"] = "0" };
        PeerStart[] starts = [bed.Yarp(), bed.Gateway(), .. bed.Besides(comparison.Options.Environments)];
        var samples = await comparison.InterleaveAsync(starts, async (start, _) =>
        {
            var watch = Stopwatch.StartNew();
            using var peer = PeerProcess.Launch(start.Name, start.Port, start.File, start.Arguments, new Dictionary<string, string>([.. image, .. start.Environment]));
            while (!Answers(peer.Port, call))
            {
                if (watch.Elapsed > TimeSpan.FromSeconds(30))
                {
                    throw new InvalidOperationException($"{start.Name} gave no answer in 30 s.");
                }

                Thread.Sleep(1);
            }

            var first = watch.Elapsed;
            await Task.Delay(Settling);
            return (First: first.TotalMilliseconds, Resident: peer.ResidentMiB());
        });

        var bare = samples[starts[0]].Median(s => s.First);
        Console.WriteLine($"\nstart-up: to the first proxied answer\n{"",-46}{"ms",8}{"ratio",8}{"RSS MiB, idle",16}");
        foreach (var (start, list) in samples)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{start.Name,-46}{list.Median(s => s.First),8:F0}{list.Median(s => s.First) / bare,8:F2}{list.Median(s => s.Resident),16:F1}"));
        }

        Goals(starts[1], "start-up", 1.4, 72);
        if (starts.FirstOrDefault(start => start.Name == TestBed.NativeName) is { } native)
        {
            Goals(native, "start-up, ahead of time", 0.3, 50);
        }

        void Goals(PeerStart start, string title, double ratio, double resident)
        {
            comparison.Goal(title + ": process start to first proxied answer, of bare YARP's", samples[start].Median(s => s.First) / bare, ratio);
            comparison.Goal(title + ": resident when idle", samples[start].Median(s => s.Resident), resident, "MiB");
        }
    }

    private static bool Answers(int port, byte[] call)
    {
        try
        {
            using var socket = CallBytes.Connect(port);
            socket.Send(call);
            var buffer = new byte[4096];
            return buffer.AsSpan(0, socket.Receive(buffer)).StartsWith("HTTP/1.1 200 "u8);
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
