using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Gateway.Benchmarks.Peers;

/// <summary>A contender as a process group: started, waited for, measured, stopped.</summary>
internal sealed class PeerProcess : IDisposable
{
    private const double TicksPerSecond = 100;
    private readonly Process process;

    private PeerProcess(string name, Process process, int port) => (Name, this.process, Port) = (name, process, port);

    public string Name { get; }

    public int Id => process.Id;

    public int Port { get; }

    public string Url => $"http://127.0.0.1:{Port}";

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Starts a program and returns when its port answers; throws when it does not within 20 s.</summary>
    public static async Task<PeerProcess> StartAsync(string name, int port, string program, string[] arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var peer = Launch(name, port, program, arguments, environment);
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < TimeSpan.FromSeconds(20) && !peer.process.HasExited)
        {
            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync(IPAddress.Loopback, port);
                return peer;
            }
            catch (SocketException)
            {
                await Task.Delay(50);
            }
        }

        peer.Dispose();
        throw new InvalidOperationException($"{name} did not come up on port {port}.");
    }

    /// <summary>Starts a program and waits for nothing.</summary>
    public static PeerProcess Launch(string name, int port, string program, string[] arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (key, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[key] = value;
        }

        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is { Length: > 0 } text)
            {
                Console.Error.WriteLine($"{name}: {text}");
            }
        };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return new PeerProcess(name, process, port);
    }

    /// <summary>The CPU time that the process and its workers have used.</summary>
    public TimeSpan Cpu() => TimeSpan.FromSeconds(Family().Sum(id => Ticks(id)) / TicksPerSecond);

    /// <summary>Resident memory of the process and its workers, in MiB.</summary>
    public double ResidentMiB() => Family().Sum(id => Resident(id)) / 1024.0;

    public void Dispose()
    {
        // The master first, so that it does not mourn its workers.
        var workers = Children(process.Id).ToArray();
        if (!process.HasExited)
        {
            process.Kill();
        }

        foreach (var id in workers)
        {
            TryKill(id);
        }

        process.WaitForExit(5000);
        process.Dispose();
    }

    private IEnumerable<int> Family() => Children(process.Id).Prepend(process.Id);

    private static IEnumerable<int> Children(int id)
    {
        var file = $"/proc/{id}/task/{id}/children";
        return File.Exists(file)
            ? File.ReadAllText(file).Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(child => int.Parse(child, CultureInfo.InvariantCulture))
            : [];
    }

    private static double Ticks(int id)
    {
        // After the command's name, which may hold spaces: utime and stime are fields 14 and 15 of proc(5).
        var stat = File.ReadAllText($"/proc/{id}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture);
    }

    private static double Resident(int id) =>
        double.Parse(File.ReadLines($"/proc/{id}/status").First(line => line.StartsWith("VmRSS", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);

    private static void TryKill(int id)
    {
        try
        {
            Process.GetProcessById(id).Kill();
        }
        catch (ArgumentException)
        {
            // Gone already.
        }
    }
}
