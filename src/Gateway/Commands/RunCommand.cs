using System.CommandLine;
using System.Runtime.InteropServices;
using Gateway.Configuration;
using Gateway.Generations;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Gateway.Commands;

/// <summary><c>run</c>: serves gateway.json. What keeps it from starting is one readable list, never a stack trace.</summary>
internal static class RunCommand
{
    public static Command Create(TextWriter output, TextWriter errors, IReadOnlyList<string> overrides, bool ownsProcess)
    {
        var options = new HostOptions();
        var command = new Command("run", "Serves gateway.json (the default command).");
        options.AddTo(command);
        command.SetAction((parsed, cancellation) => RunAsync(options.PathOf(parsed), options.ArgumentsOf(parsed, overrides), ownsProcess, output, errors, cancellation));
        return command;
    }

    private static async Task<int> RunAsync(string path, IReadOnlyList<string> arguments, bool ownsProcess, TextWriter output, TextWriter errors, CancellationToken cancellation)
    {
        var starting = true;
        Reload? reload = null;
        IConfiguration? configuration = null;

        // Before all else: whoever changes a file says so as soon as the process is there, and an unhandled SIGHUP ends it.
        // The host sees to the end only once it is started: an orchestrator that changes its mind before is heard here.
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var terminate = ownsProcess ? OnTerminate(end) : null;
        using var hangup = OnHangup(() => Volatile.Read(ref reload)?.Poll());
        try
        {
            await using var gateway = GatewayApplication.Create(new GatewayStart
            {
                ConfigPath = path,
                Arguments = arguments,
                OwnsProcess = ownsProcess,
                Configure = builder => SayItOnce(builder.Logging, () => starting),
            });
            configuration = gateway.Configuration;
            Volatile.Write(ref reload, gateway.Services.GetRequiredService<Reload>());
            await gateway.StartAsync(end.Token);
            starting = false;
            terminate?.Dispose();
            await output.WriteLineAsync(Started(gateway, path));
            await gateway.WaitForShutdownAsync(cancellation);
            return 0;
        }
        catch (ConfigurationException problems)
        {
            await errors.WriteLineAsync($"{problems.Message.TrimEnd()}{Environment.NewLine}The gateway does not start. docs/troubleshooting.md explains each by the name before it; 'check' looks at the file without starting.");
            return 1;
        }
        catch (OperationCanceledException) when (starting && end.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            return 0;
        }
        catch (Exception error) when (starting && error is not OperationCanceledException)
        {
            await errors.WriteLineAsync($"The gateway cannot start: {OneLine(error)}{ListeningFault.NextStep(error, configuration, arguments)}");
            return 1;
        }
    }

    /// <summary>What is served from now on, and where.</summary>
    private static string Started(WebApplication gateway, string path)
    {
        var version = typeof(RunCommand).Assembly.GetName().Version?.ToString(3);
        var addresses = gateway.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses ?? [];
        var options = gateway.Services.GetRequiredService<ReloadState>().Started;
        return string.Join(Environment.NewLine, [$"gateway {version}, {Path.GetFullPath(path)}, on {string.Join(", ", addresses)}", .. ConfigurationReport.Table(options)]);
    }

    /// <summary>SIGHUP has the files looked at now, not within the second. At a terminal it goes on meaning that the terminal is gone.</summary>
    private static PosixSignalRegistration? OnHangup(Action look) => OperatingSystem.IsWindows() || !Console.IsInputRedirected
        ? null
        : PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
        {
            signal.Cancel = true;
            look();
        });

    private static PosixSignalRegistration OnTerminate(CancellationTokenSource end) => PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
    {
        signal.Cancel = true;
        end.Cancel();
    });

    /// <summary>Host and server log a failing start with its stack, which says nothing that we do not.</summary>
    private static void SayItOnce(ILoggingBuilder logging, Func<bool> starting) => logging
        .AddFilter("Microsoft.Extensions.Hosting.Internal.Host", level => !starting() && level >= LogLevel.Information)
        .AddFilter("Microsoft.AspNetCore.Server.Kestrel", level => !starting() && level >= LogLevel.Information);

    private static string OneLine(Exception error)
    {
        var reasons = new List<string>();
        for (var current = error; current is not null; current = current.InnerException)
        {
            if (!reasons.Any(reason => reason.Contains(current.Message.TrimEnd('.'), StringComparison.OrdinalIgnoreCase)))
            {
                reasons.Add(current.Message.ReplaceLineEndings(" ").Trim());
            }
        }

        return string.Join(" ", reasons);
    }
}
