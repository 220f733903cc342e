using System.Collections.Concurrent;
using System.Diagnostics;
using Deputy.Wire;

namespace Deputy.Staging;

/// <summary>The processes of a target: started, waited for, and ended with all that they started.</summary>
internal sealed class TargetProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

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
        try
        {
            target.StartAll(commands, environment, directory);
            return target;
        }
        catch
        {
            target.Dispose();
            throw;
        }
    }

    private void StartAll(IReadOnlyList<string[]> commands, IReadOnlyDictionary<string, string> environment, string directory)
    {
        foreach (var command in commands)
        {
            var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = directory };
            foreach (var (key, value) in environment)
            {
                start.Environment[key] = value;
            }

            var process = Leftovers.Start(start);
            process.OutputDataReceived += (_, line) => Keep(line.Data);
            process.ErrorDataReceived += (_, line) => Keep(line.Data);
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            processes.Add(process);
        }
    }

    /// <summary>Runs a command to its end; throws with what it wrote when it fails.</summary>
    public static async Task RunAsync(string[] command, string directory)
    {
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = directory };
        var process = Leftovers.Start(start);
        try
        {
            var error = process.StandardError.ReadToEndAsync();
            var text = await process.StandardOutput.ReadToEndAsync() + await error;
            await process.WaitForExitAsync();
            if (process.ExitCode != 0)
            {
                throw new InvalidOperationException($"'{string.Join(' ', command)}' ended with {process.ExitCode}:\n{text}");
            }
        }
        finally
        {
            Leftovers.End(process);
        }
    }

    /// <summary>Waits until the address answers below 500.</summary>
    public async Task ReadyAsync(Uri ready)
    {
        var request = System.Text.Encoding.ASCII.GetBytes($"GET {ready.PathAndQuery} HTTP/1.1\r\nHost: {ready.Authority}\r\nConnection: close\r\n\r\n");
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < Patience)
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

        throw new InvalidOperationException($"The target did not become ready at {ready}{await EndingAsync()}:\n{(Output.Length > 0 ? Output : "(it wrote nothing)")}");
    }

    public void Dispose()
    {
        processes.ForEach(Leftovers.End);
        processes.Clear();
    }

    /// <summary>How a process that is gone ended, and the rest of what it wrote.</summary>
    private async Task<string> EndingAsync()
    {
        if (processes.Find(process => process.HasExited) is not { } gone)
        {
            return $" within {Patience.TotalSeconds:0} s";
        }

        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        try
        {
            await gone.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            // What it started holds its output open.
        }

        return $": '{gone.StartInfo.FileName}' ended with {gone.ExitCode}";
    }

    private void Keep(string? line)
    {
        if (line is not null)
        {
            output.Enqueue(line);
        }
    }
}
