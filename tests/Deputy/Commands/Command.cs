using Deputy.Attacks;
using Deputy.Mutants;
using Deputy.Reports;
using Deputy.Staging;

namespace Deputy.Commands;

/// <summary>Reads the command line and does what it says. Exit codes: 0 all held, 1 something broke or erred, 2 not started.</summary>
internal static class Command
{
    private const string Usage = """
        deputy attack TARGET.json [--case ID...] [--json FILE] [--junit FILE] [--html FILE] [--no-build] [--verbose]
        deputy attack TARGET.json --mutants [ID...|smoke] [--everything]
        deputy attack --describe            what a gateway must be configured with, and every case
        deputy scoreboard FILE.md RESULT.json...

        Ids may be cut: '--case audience' runs the whole family. Exit code: 0 when every applicable case held (or every mutant
        was found), 1 when not, 2 when the attack could not begin or its result could not be written, 130 and 143 when it was ended (SIGINT, SIGTERM).
        """;

    public static async Task<int> RunAsync(string[] arguments, TextWriter output, TextWriter error)
    {
        try
        {
            return await DispatchAsync(arguments, output, error);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or FormatException or InvalidOperationException or System.Text.Json.JsonException)
        {
            await error.WriteLineAsync(exception.Message);
            return 2;
        }
    }

    private static async Task<int> DispatchAsync(string[] arguments, TextWriter output, TextWriter error)
    {
        switch (arguments)
        {
            case ["--help" or "-h"] or [_, "--help" or "-h"]:
                await output.WriteLineAsync(Usage);
                return 0;
            case ["attack", .. var rest]:
                return await AttackAsync(Options.Parse(rest), output, error);
            case ["scoreboard", var page, .. { Length: > 0 } results]:
                await Scoreboard.WriteAsync(page, results);
                return 0;
            case ["stub", "refuse" or "forward" or "introspect", var port, .. var servers]:
                return await Stub.RunAsync(arguments[1], int.Parse(port, System.Globalization.CultureInfo.InvariantCulture), servers);
            case ["stub", "stdio", var server]:
                return await Stub.StdioAsync(new Uri(server), Console.In, output);
            default:
                await error.WriteLineAsync(Usage);
                return 2;
        }
    }

    private static async Task<int> AttackAsync(Options options, TextWriter output, TextWriter error)
    {
        var cases = options.Cases.Count == 0 ? Catalogue.All
            : [.. Catalogue.All.Where(one => options.Cases.Exists(id => Names(id, one)))];
        var problem = options.Problem
            ?? (options.Cases.Find(id => !Catalogue.All.Any(one => Names(id, one))) is { } strange ? $"'{strange}' is no case and no family; --describe lists them." : null)
            ?? (options.Target is null && !options.Describe ? "A target is missing." : null);
        if (problem is not null)
        {
            await error.WriteLineAsync($"{problem} --help says what there is.");
            return 2;
        }

        if (options.Describe)
        {
            DescribeReport.Write(output);
            return 0;
        }

        var target = Target.Read(options.Target!);
        var repository = Repository.Find(target.Directory);
        if (options.Mutants)
        {
            return await MutantsAsync(options, target, repository, output);
        }

        // A report that cannot be written is told before the attack, not after it.
        CheckWritable("--json", options.Json);
        CheckWritable("--junit", options.Junit);
        CheckWritable("--html", options.Html);
        if (!options.NoBuild)
        {
            await BuildAsync(target, repository);
        }

        var run = await AttackRun.RunAsync(target, repository, cases);
        TerminalReport.Write(output, run, options.Verbose);
        Write(options.Json, path => JsonReport.Write(path, run));
        Write(options.Junit, path => JunitReport.Write(path, run));
        Write(options.Html, path => HtmlReport.Write(path, run));
        return run.Holds ? 0 : 1;
    }

    private static bool Names(string id, Case one) => one.Id == id || one.Id.StartsWith(id + ".", StringComparison.Ordinal);

    private static void CheckWritable(string option, string? path)
    {
        if (path is null)
        {
            return;
        }

        try
        {
            var isNew = !File.Exists(path);
            File.Open(path, FileMode.OpenOrCreate, FileAccess.Write).Dispose();
            if (isNew)
            {
                File.Delete(path);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new IOException($"{option} {path} cannot be written: {exception.Message}", exception);
        }
    }

    private static async Task<int> MutantsAsync(Options options, Target target, string repository, TextWriter output)
    {
        var all = Mutant.Read(Path.Combine(AppContext.BaseDirectory, "Mutants", "mutants.json"));
        if (options.Only.Find(id => id != "smoke" && !all.Any(mutant => mutant.Id == id)) is { } strange)
        {
            throw new FormatException($"'{strange}' is no mutant; tests/Deputy/Mutants/mutants.json lists them.");
        }

        var chosen = options.Only switch
        {
            [] => all,
            var ids => [.. all.Where(mutant => ids.Contains(mutant.Id) || (mutant.Smoke && ids.Contains("smoke")))],
        };
        var (found, missed) = await new MutantRun(repository, target.Directory, output).RunAsync(chosen, options.Everything);
        await output.WriteLineAsync($"\n{found} found, {missed} not");
        return missed == 0 && found > 0 ? 0 : 1;
    }

    private static void Write(string? path, Action<string> write)
    {
        if (path is not null)
        {
            write(path);
        }
    }

    private static async Task BuildAsync(Target target, string repository)
    {
        await using var stage = new Stage(target, repository, TimeProvider.System);
        foreach (var command in target.Build)
        {
            await TargetProcess.RunAsync([.. command.Select(word => stage.Fill(word, "'build'"))], target.Directory);
        }
    }
}
