using System.CommandLine;

namespace Gateway.Commands;

/// <summary><c>doctor</c>: asks everything that the gateway depends on, live, and says what is wrong and why. Prints no token and no secret.</summary>
internal sealed class DoctorCommand(TextReader input, TextWriter output, TextWriter errors, IReadOnlyList<string> overrides)
{
    private readonly HostOptions options = new();
    private readonly Option<string?> server = new("--server") { Description = "Checks this server alone.", HelpName = "id" };
    private readonly Option<string> file = TokenFile.Option("--subject-token-file", "The file with an access token for the server: makes one real exchange.", required: false);

    public Command Create()
    {
        var command = new Command("doctor", "Checks issuers, keys, token endpoints, client authentication, shared state and destinations, live. Exits 0 when all checks pass, 1 otherwise.") { server, file };
        options.AddTo(command);
        command.SetAction(RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        using var gateway = Unserved.Build(options.PathOf(parsed), options.ArgumentsOf(parsed, overrides), inboundOnly: false, errors);
        var id = parsed.GetValue(server);
        if (gateway is null || (id is not null && gateway.Server(id, errors) is null))
        {
            return 1;
        }

        string? token = null;
        if (parsed.GetValue(file) is { } path && (token = TokenFile.Read(path, input, errors)) is null)
        {
            return 1;
        }

        var report = new DoctorReport(output);
        var checks = new DoctorChecks(gateway, report);
        var servers = gateway.Generation.Servers.Where(server => id is null || server.Id == id).ToArray();
        foreach (var name in DoctorChecks.AuthorizationServersOf(gateway.Options, servers))
        {
            await new IssuerCheck(gateway, report).RunAsync(name, servers, cancellation);
            await checks.FrontAsync(name, cancellation);
        }

        await StateCheck.RunAsync(gateway.Options, report);
        if (token is not null)
        {
            await checks.ExchangeAsync(servers, token, cancellation);
        }

        foreach (var server in servers)
        {
            await checks.ClientAsync(server, cancellation);
            await checks.PolicyAsync(server, cancellation);
            await checks.DestinationsAsync(server, cancellation);
        }

        output.WriteLine(report.Failed == 0 ? $"all {report.Passed} checks passed" : $"{report.Failed} of {report.Passed + report.Failed} checks failed; docs/troubleshooting.md#doctor says more");
        return report.Failed == 0 ? 0 : 1;
    }
}

/// <summary>One line per check.</summary>
internal sealed class DoctorReport(TextWriter output)
{
    public int Passed { get; private set; }

    public int Failed { get; private set; }

    public void Pass(string check, string detail = "")
    {
        Passed++;
        output.WriteLine($"pass  {check}{(detail.Length > 0 ? ": " + Shown.Visible(detail) : "")}");
    }

    /// <summary>Says what was not found out; neither passed nor failed.</summary>
    public void Note(string check, string detail) => output.WriteLine($"note  {check}: {Shown.Visible(detail)}");

    public void Fail(string check, string problem, string hint)
    {
        Failed++;
        output.WriteLine($"FAIL  {check}: {Shown.Visible(problem)}. Hint: {hint}");
    }

    /// <summary>A part of what has failed already: not counted again, and the hint was given there.</summary>
    public void Differs(string check, string detail) => output.WriteLine($"FAIL  {check}: {Shown.Visible(detail)}");

    /// <summary>Lines below the last check, each written by <paramref name="write"/> and set in.</summary>
    public void Below(Action<TextWriter> write)
    {
        using var lines = new StringWriter(System.Globalization.CultureInfo.InvariantCulture);
        write(lines);
        foreach (var line in lines.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries))
        {
            output.WriteLine("      " + line);
        }
    }
}
