using System.Diagnostics;
using System.Globalization;

namespace Gateway.Benchmarks.Load;

/// <summary>Drives h2load, of nghttp2: the calls of <see cref="Wrk"/>, as many at a time, over HTTP/2 without TLS.</summary>
/// <param name="directory">Where it keeps what it sends and what it has seen.</param>
/// <param name="path">The path that is called.</param>
/// <param name="token">The token of every call.</param>
internal sealed class H2Load(string directory, string path, string token)
{
    public const string Program = "h2load";
    private const int Connections = 4;

    public async Task<Round> RunAsync(string url, TimeSpan duration)
    {
        var (body, seen) = (Path.Combine(directory, "h2load.json"), Path.Combine(directory, "h2load.log"));
        await File.WriteAllTextAsync(body, Wrk.Call);
        File.Delete(seen);
        string[] arguments =
        [
            "--clients=" + Connections, "--max-concurrent-streams=" + (Wrk.Connections / Connections), $"--duration={(int)duration.TotalSeconds}", "--data=" + body, "--log-file=" + seen,
            "--header=authorization: Bearer " + token, "--header=content-type: application/json", "--header=accept: application/json, text/event-stream", url + path,
        ];
        using var process = Process.Start(new ProcessStartInfo(Program, arguments) { RedirectStandardOutput = true })!;
        var text = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();

        // A line for each call: when it began, its status, and how long it took in microseconds.
        var calls = File.Exists(seen) ? File.ReadLines(seen).Select(line => line.Split('\t')).ToArray() : [];
        if (calls.Length == 0)
        {
            throw new InvalidOperationException("h2load said: " + text);
        }

        var took = calls.Select(call => double.Parse(call[2], CultureInfo.InvariantCulture)).Order().ToArray();
        double At(double part) => took[(int)(part * (took.Length - 1))];
        return new Round(calls.Length, At(0.5), At(0.99), At(0.999), calls.Count(call => call[1] != "200"));
    }
}
