using System.CommandLine;
using System.Globalization;
using Gateway.Bridge;

namespace Gateway.Commands;

/// <summary><c>bridge</c>: serves a stdio MCP server as Streamable HTTP, to a gateway on this machine.</summary>
internal static class BridgeCommand
{
    private const string DefaultUrl = "http://127.0.0.1:8081";

    public static Command Create(TextWriter errors)
    {
        var url = new Option<string>("--url")
        {
            Description = "Where to listen: loopback, or a Unix socket (http://unix:/run/mcp.sock).",
            HelpName = "url",
            DefaultValueFactory = _ => DefaultUrl,
        };
        url.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !BridgeAddress.TryParse(token.Value, out _))
            {
                result.AddError($"--url is '{token.Value}'; write a loopback address such as {DefaultUrl}, or a Unix socket such as http://unix:/run/mcp.sock. The bridge asks nobody for a token: a gateway stands before it.");
            }
        });
        var idle = new Option<string>("--idle") { Description = "How long a session may be without an open request, an open stream and a message.", HelpName = "time", DefaultValueFactory = _ => "00:15:00" };
        idle.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !IsTime(token.Value, out _))
            {
                result.AddError($"--idle is '{token.Value}'; write hours, minutes and seconds such as 00:15:00, one second at least and a day at most.");
            }
        });
        var maxSessions = new Option<int>("--max-sessions") { Description = "How many processes may run at once; beyond it 503.", HelpName = "count", DefaultValueFactory = _ => 16 };
        maxSessions.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !(int.TryParse(token.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count is > 0 and <= 10_000))
            {
                result.AddError($"--max-sessions is '{token.Value}'; write a whole number from 1 to 10000.");
            }
        });
        var variables = new Option<string[]>("--env") { Description = "A variable of this environment that the command gets, besides PATH, HOME and LANG. May be repeated.", HelpName = "name" };
        variables.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(token => token.Value.Length == 0 || token.Value.Contains('=', StringComparison.Ordinal)))
            {
                result.AddError($"--env is '{token.Value.Split('=')[0]}='; write the name alone, the value is taken from this environment.");
            }
        });
        var shared = new Option<bool>("--shared") { Description = "One process for all requests of the revisions without sessions (2026-07-28 on), instead of one per request." };
        var program = new Argument<string[]>("command") { Description = "After '--': the program of the stdio MCP server and its arguments.", Arity = ArgumentArity.OneOrMore };
        var command = new Command("bridge", "Serves a stdio MCP server as Streamable HTTP on loopback or a Unix socket, for a gateway before it.") { url, idle, maxSessions, variables, shared, program };
        command.SetAction((parsed, cancellation) =>
        {
            _ = BridgeAddress.TryParse(parsed.GetValue(url)!, out var address);
            _ = IsTime(parsed.GetValue(idle)!, out var time);
            return RunAsync(address!, parsed.GetValue(url)!, time, parsed.GetValue(maxSessions), parsed.GetValue(variables) ?? [], parsed.GetValue(shared), parsed.GetValue(program)!, errors, cancellation);
        });
        return command;
    }

    private static bool IsTime(string text, out TimeSpan time) =>
        TimeSpan.TryParseExact(text, ["c", @"h\:mm", @"hh\:mm"], CultureInfo.InvariantCulture, out time) && text.Contains(':', StringComparison.Ordinal)
        && time >= TimeSpan.FromSeconds(1) && time <= TimeSpan.FromDays(1);

    private static async Task<int> RunAsync(BridgeAddress address, string url, TimeSpan idle, int maxSessions, string[] variables, bool shared, string[] program, TextWriter errors, CancellationToken cancellation)
    {
        if (!OperatingSystem.IsLinux())
        {
            await errors.WriteLineAsync("The bridge runs on Linux alone: it needs process groups to leave nothing behind.");
            return 1;
        }

        if (ChildCommand.Find(program[0]) is not { } file)
        {
            await errors.WriteLineAsync($"The bridge cannot start: '{program[0]}' is no program that may be run, nor is one of that name on the PATH.");
            return 1;
        }

        var settings = new BridgeSettings
        {
            Address = address,
            Command = new ChildCommand(file, [.. program], ChildCommand.EnvironmentOf(variables)),
            Idle = idle,
            MaxProcesses = maxSessions,
            Shared = shared,
        };
        var starting = true;

        // The host logs a start that fails with its stack, which says nothing that we do not.
        await using var bridge = BridgeApplication.Create(settings, TimeProvider.System, builder =>
            builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", level => !Volatile.Read(ref starting) && level >= LogLevel.Warning));
        try
        {
            await bridge.StartAsync(cancellation);
            starting = false;
        }
        catch (Exception error) when (error is IOException or System.Net.Sockets.SocketException or UnauthorizedAccessException)
        {
            await errors.WriteLineAsync($"The bridge cannot start: {error.Message}{ListeningFault.NextStep(error, "--url", url)}");
            return 1;
        }

        var logger = bridge.Services.GetRequiredService<ILogger<BridgeEndpoint>>();
        foreach (var name in variables.Where(name => Environment.GetEnvironmentVariable(name) is null))
        {
            logger.VariableMissing(name);
        }

        logger.BridgeListening(file, BridgeApplication.UrlOf(bridge));
        await bridge.WaitForShutdownAsync(cancellation);
        return 0;
    }
}
