using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Gateway.Tests.Harness;
using Xunit;

namespace Gateway.Tests.Lifecycle;

/// <summary>The executable as an operator starts it: <c>dotnet gateway.dll …</c> in a directory of its own.</summary>
internal sealed partial class GatewayProcess : IAsyncDisposable
{
    private const int Hangup = 1;
    private const int Terminate = 15;

    /// <summary>What never happens fails the test, and does not hang it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly Process process;
    private readonly StringBuilder output = new();
    private readonly TaskCompletionSource<string> listening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<(string Text, TaskCompletionSource Said)> awaited = [];
    private readonly Lazy<Task<string>> listened;

    private GatewayProcess(Process process)
    {
        this.process = process;
        listened = new(ListenedAsync);
        process.OutputDataReceived += (_, line) => Add(line.Data);
        process.ErrorDataReceived += (_, line) => Add(line.Data);
        process.EnableRaisingEvents = true;
        process.Exited += (_, _) => ended.TrySetResult();
    }

    /// <summary>The first address that it said it listens on. Fails, with what it said, when it ends before.</summary>
    public Task<string> Listening => listened.Value;

    public int Id => process.Id;

    /// <summary>Both streams, in the order of arrival.</summary>
    public string Output
    {
        get
        {
            lock (output)
            {
                return output.ToString();
            }
        }
    }

    public static GatewayProcess Start(string directory, params string[] arguments) => Start(directory, new Dictionary<string, string>(), arguments);

    public static GatewayProcess Start(string directory, IReadOnlyDictionary<string, string> environment, params string[] arguments) => Start(directory, environment, null, arguments);

    /// <summary>With at most so many open files; null: as many as this process may have.</summary>
    public static GatewayProcess Start(string directory, IReadOnlyDictionary<string, string> environment, int? files, params string[] arguments)
    {
        var start = new ProcessStartInfo(files is null ? "dotnet" : "sh") { WorkingDirectory = directory, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        if (files is not null)
        {
            start.ArgumentList.Add("-c");
            start.ArgumentList.Add($"ulimit -n {files} && exec dotnet \"$@\"");
            start.ArgumentList.Add("dotnet");
        }

        start.ArgumentList.Add(typeof(GatewayApplication).Assembly.Location);
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment.Remove("GATEWAY_CONFIG");

        // As in the image; a process that is killed would leave its sockets behind.
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        var gateway = new GatewayProcess(Process.Start(start)!);
        gateway.process.BeginOutputReadLine();
        gateway.process.BeginErrorReadLine();
        return gateway;
    }

    /// <summary>Starts a gateway with this section <c>Gateway</c>, on a port that it says itself.</summary>
    public static GatewayProcess Serve(string directory, JsonObject options, IReadOnlyDictionary<string, string>? environment = null, params string[] arguments)
    {
        TestGateway.Write(directory, options);
        return Start(directory, environment ?? new Dictionary<string, string>(), ["run", "--urls", "http://127.0.0.1:0", .. arguments]);
    }

    /// <summary>Calls a tool of the server at <c>/weather</c>: the status, and the reason of a refusal.</summary>
    public async Task<(int Status, string? Reason)> CallAsync(HttpClient client, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, await Listening.WaitAsync(TestContext.Current.CancellationToken) + "/weather")
        {
            Content = new StringContent(Messages.Call("echo"), Encoding.UTF8, "application/json"),
        };
        request.Headers.Authorization = new("Bearer", token);
        request.Headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        var answer = await Answer.OfAsync(response);
        return (answer.Status, answer.Status == 200 ? null : answer.Reason);
    }

    /// <summary>Runs a command to its end.</summary>
    public static async Task<(int Exit, string Output)> RunAsync(string directory, params string[] arguments)
    {
        await using var gateway = Start(directory, arguments);
        return (await gateway.ExitAsync(), gateway.Output);
    }

    /// <summary>Completes when it has written this text, which may include the end of its line, now or before.</summary>
    public Task SaidAsync(string text)
    {
        var said = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (output)
        {
            if (output.ToString().Contains(text, StringComparison.Ordinal))
            {
                return Task.CompletedTask;
            }

            awaited.Add((text, said));
        }

        return said.Task.WaitAsync(Patience, TestContext.Current.CancellationToken);
    }

    /// <summary>Asks it to look at its files now.</summary>
    public void Look() => Assert.Equal(0, Signal(process.Id, Hangup));

    /// <summary>Asks it to stop, as an orchestrator does.</summary>
    public void Stop() => Assert.Equal(0, Signal(process.Id, Terminate));

    public async Task<int> ExitAsync()
    {
        try
        {
            await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Patience, TestContext.Current.CancellationToken);
        }
        catch (TimeoutException)
        {
            Assert.Fail($"The gateway did not end. It said:\n{Output}");
        }

        return process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            // Not for the end of its output, too: whatever it started may hold that open.
            process.Kill();
            await ended.Task.WaitAsync(Patience).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        process.Dispose();
    }

    private async Task<string> ListenedAsync()
    {
        await Task.WhenAny(listening.Task, ended.Task).WaitAsync(Patience, TestContext.Current.CancellationToken);
        if (!listening.Task.IsCompleted)
        {
            // Its last words may still be on their way.
            await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Patience, TestContext.Current.CancellationToken);
        }

        return listening.Task.IsCompleted ? await listening.Task : throw new InvalidOperationException($"The gateway ended before it listened. It said:\n{Output}");
    }

    private void Add(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (output)
        {
            line += "\n";
            output.Append(line);
            foreach (var (_, said) in awaited.Where(waiting => line.Contains(waiting.Text, StringComparison.Ordinal)))
            {
                said.TrySetResult();
            }

            awaited.RemoveAll(waiting => waiting.Said.Task.IsCompleted);
        }

        if (Address().Match(line) is { Success: true } match)
        {
            listening.TrySetResult(match.Groups[1].Value);
        }
    }

    [GeneratedRegex("Now listening on: (http://\\S+)")]
    private static partial Regex Address();

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Signal(int process, int signal);
}
