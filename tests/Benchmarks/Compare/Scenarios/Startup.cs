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
        var samples = await comparison.InterleaveAsync((string[])["bare YARP", "gateway", .. bed.Baseline() is null ? (string[])[] : ["baseline"]], async (name, _) =>
        {
            var start = name switch { "gateway" => bed.Gateway(), "baseline" => bed.Baseline()!, _ => bed.Yarp() };
            var watch = Stopwatch.StartNew();
            using var peer = PeerProcess.Launch(start.Name, start.Port, start.File, start.Arguments, image);
            while (!Answers(peer.Port, call))
            {
                if (watch.Elapsed > TimeSpan.FromSeconds(30))
                {
                    throw new InvalidOperationException($"{name} gave no answer in 30 s.");
                }

                Thread.Sleep(1);
            }

            var first = watch.Elapsed;
            await Task.Delay(Settling);
            return (First: first.TotalMilliseconds, Resident: peer.ResidentMiB());
        });

        Console.WriteLine($"\nstart-up: to the first proxied answer\n{"",-26}{"ms",8}{"ratio",8}{"RSS MiB, idle",16}");
        foreach (var (name, list) in samples)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-26}{list.Median(s => s.First),8:F0}{list.Median(s => s.First) / samples["bare YARP"].Median(s => s.First),8:F2}{list.Median(s => s.Resident),16:F1}"));
        }

        comparison.Goal("start-up: process start to first proxied answer, of bare YARP's", samples["gateway"].Median(s => s.First) / samples["bare YARP"].Median(s => s.First), 1.5);
        comparison.Goal("start-up: resident when idle", samples["gateway"].Median(s => s.Resident), 80, "MiB");
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
