using System.CommandLine;
using Gateway.Commands.Proving;
using Gateway.Configuration;

namespace Gateway.Commands;

/// <summary><c>prove</c>: from the configuration alone, every way from an accepted token to an outbound one, and that none can be taken for another.</summary>
internal static class ProveCommand
{
    private const int Proven = 0;
    private const int Refuted = 1;
    private const int Unreadable = 2;

    public static Command Create(TextWriter output, IReadOnlyList<string> overrides)
    {
        var options = new HostOptions();
        var format = CommandLine.OneOf("--format", "How it is printed.", "text", "json");
        var command = new Command("prove", "Lists every way from an accepted token to an outbound one, with what it can carry at most; fails on two tokens that two servers could confuse and on every 'any'. Exits 0 (holds), 1 (does not) or 2 (unreadable).");
        command.Options.Add(format);
        options.AddTo(command);
        command.SetAction(parsed =>
        {
            var path = options.PathOf(parsed);
            var loaded = ConfigurationLoader.Load(ConfigurationInput.Of(path, options.ArgumentsOf(parsed, overrides), filesMustExist: false) with { IsInboundOnly = true });
            var report = new ProofReport(path, loaded, loaded.Options is { } read ? Proof.Of(read) : null);
            output.Write(parsed.GetValue(format) == "json" ? report.ToJson() : report.ToText());
            return loaded.Unreadable ? Unreadable : report.Holds ? Proven : Refuted;
        });
        return command;
    }
}
