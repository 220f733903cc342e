using System.CommandLine;
using System.Runtime.InteropServices;
using Gateway.Generations;

namespace Gateway.Commands;

/// <summary><c>run</c>: serves gateway.json. What keeps it from starting is one readable list, never a stack trace.</summary>
internal static class RunCommand
{
    public static Command Create(TextWriter output, TextWriter errors, IReadOnlyList<string> overrides)
    {
        var options = new HostOptions();
        var command = new Command("run", "Serves gateway.json (the default command).");
        options.AddTo(command);
        command.SetAction((parsed, cancellation) => RunAsync(options.PathOf(parsed), [.. options.ArgumentsOf(parsed), .. overrides], errors, cancellation));
        return command;
    }

    private static async Task<int> RunAsync(string path, IReadOnlyList<string> arguments, TextWriter errors, CancellationToken cancellation)
    {
        var starting = true;
        try
        {
            await using var gateway = GatewayApplication.Create(new GatewayStart
            {
                ConfigPath = path,
                Arguments = arguments,
                Configure = builder => SayItOnce(builder.Logging, () => starting),
            });
            await gateway.StartAsync(cancellation);
            starting = false;
            using var hangup = LookOnHangup(gateway.Services.GetRequiredService<Reload>());
            await gateway.WaitForShutdownAsync(cancellation);
            return 0;
        }
        catch (ConfigurationException problems)
        {
            await errors.WriteLineAsync(problems.Message.TrimEnd());
            return 1;
        }
        catch (Exception error) when (starting && error is not OperationCanceledException)
        {
            await errors.WriteLineAsync($"The gateway cannot start: {OneLine(error)}");
            return 1;
        }
    }

    /// <summary>SIGHUP has the files looked at now, not within the second. At a terminal it goes on meaning that the terminal is gone.</summary>
    private static PosixSignalRegistration? LookOnHangup(Reload reload) => OperatingSystem.IsWindows() || !Console.IsInputRedirected
        ? null
        : PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
        {
            signal.Cancel = true;
            reload.Poll();
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
            if (!reasons.Any(reason => reason.Contains(current.Message, StringComparison.Ordinal)))
            {
                reasons.Add(current.Message.ReplaceLineEndings(" ").Trim());
            }
        }

        return string.Join(" ", reasons);
    }
}
