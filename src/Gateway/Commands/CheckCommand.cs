using System.CommandLine;
using Gateway.Configuration;

namespace Gateway.Commands;

/// <summary><c>check</c>: what <c>run</c> would say about the configuration, without starting anything.</summary>
internal static class CheckCommand
{
    private const int Clean = 0;
    private const int Problems = 1;
    private const int Unreadable = 2;

    public static Command Create(TextWriter output, IReadOnlyList<string> overrides)
    {
        var options = new HostOptions();
        var format = CommandLine.OneOf("--format", "How problems are printed.", "text", "json");
        var strict = new Option<bool>("--strict") { Description = "Counts warnings as problems." };
        var command = new Command("check", "Validates the configuration offline: keys, types, rules, topology. Exits 0 (clean), 1 (problems) or 2 (unreadable).");
        command.Options.Add(format);
        command.Options.Add(strict);
        options.AddTo(command);
        command.SetAction(parsed =>
        {
            var path = options.PathOf(parsed);
            var loaded = ConfigurationLoader.Load(ConfigurationInput.Of(path, options.ArgumentsOf(parsed, overrides), filesMustExist: false));
            var report = new ConfigurationReport(path, loaded);
            output.Write(parsed.GetValue(format) == "json" ? report.ToJson() : report.ToText(IsTerminal(output)));
            return loaded.Unreadable ? Unreadable
                : loaded.HasErrors || (parsed.GetValue(strict) && loaded.Problems.Length > 0) ? Problems
                : Clean;
        });
        return command;
    }

    private static bool IsTerminal(TextWriter output) =>
        output == Console.Out && !Console.IsOutputRedirected
        && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
        && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb");
}
