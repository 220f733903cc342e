using System.Collections.Concurrent;
using System.Diagnostics;
using Deputy.Wire;

namespace Deputy.Staging;

/// <summary>The processes of a target: started, waited for, and ended with all that they started.</summary>
internal sealed class TargetProcess : IDisposable
{
    private readonly List<Process> processes = [];
    private readonly ConcurrentQueue<string> output = new();

    private TargetProcess()
    {
    }

    public bool HasExited => processes.Exists(process => process.HasExited);

    public string Output => string.Join('\n', output);

    public static TargetProcess Start(IReadOnlyList<string[]> commands, IReadOnlyDictionary<string, string> environment, string directory)
    {
        var target = new TargetProcess();
        foreach (var command in commands)
        {
            var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = directory };
            foreach (var (key, value) in environment)
            {
                start.Environment[key] = value;
            }

            var process = Process.Start(start) ?? throw new InvalidOperationException($"{command[0]} did not start.");
            process.OutputDataReceived += (_, line) => target.Keep(line.Data);
            process.ErrorDataReceived += (_, line) => target.Keep(line.Data);
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            target.processes.Add(process);
        }

        return target;
    }

    /// <summary>Runs a command to its end; throws with what it wrote when it fails.</summary>
    public static async Task RunAsync(string[] command, string directory)
    {
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = directory };
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{command[0]} did not start.");
        var error = process.StandardError.ReadToEndAsync();
        var text = await process.StandardOutput.ReadToEndAsync() + await error;
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"'{string.Join(' ', command)}' ended with {process.ExitCode}:\n{text}");
        }
    }

    /// <summary>Waits until the address answers below 500.</summary>
    public async Task ReadyAsync(Uri ready)
    {
        var request = System.Text.Encoding.ASCII.GetBytes($"GET {ready.PathAndQuery} HTTP/1.1\r\nHost: {ready.Authority}\r\nConnection: close\r\n\r\n");
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < TimeSpan.FromSeconds(60))
        {
            if (HasExited)
            {
                break;
            }

            if (await RawClient.ExchangeAsync(ready.Port, request, TimeSpan.FromSeconds(2)) is { Status: > 0 and < 500 })
            {
                return;
            }

            await Task.Delay(100);
        }

        throw new InvalidOperationException($"The target did not become ready at {ready}:\n{Output}");
    }

    public void Dispose()
    {
        foreach (var process in processes)
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
                process.WaitForExit(5000);
            }

            process.Dispose();
        }
    }

    private void Keep(string? line)
    {
        if (line is not null)
        {
            output.Enqueue(line);
        }
    }
}
