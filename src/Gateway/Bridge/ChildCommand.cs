using System.Collections.Immutable;

namespace Gateway.Bridge;

/// <summary>What is started for each session: a program by its path, its arguments with its name as the first, and all of its environment.</summary>
internal sealed record ChildCommand(string File, ImmutableArray<string> Arguments, ImmutableArray<string> Environment)
{
    /// <summary>What every child gets; nothing else of the bridge's own environment but what somebody names.</summary>
    private static readonly string[] Always = ["PATH", "HOME", "LANG"];

    /// <summary>The program that a shell would find; null when there is none that may be run.</summary>
    public static string? Find(string command)
    {
        if (command.Contains('/', StringComparison.Ordinal))
        {
            return IsProgram(command) ? command : null;
        }

        var path = System.Environment.GetEnvironmentVariable("PATH") ?? "";
        return path.Split(':', StringSplitOptions.RemoveEmptyEntries).Select(directory => Path.Combine(directory, command)).FirstOrDefault(IsProgram);
    }

    /// <summary>The environment of children, as the bridge has it at its own start.</summary>
    public static ImmutableArray<string> EnvironmentOf(IEnumerable<string> names) =>
    [
        .. from name in Always.Concat(names).Distinct(StringComparer.Ordinal)
           let value = System.Environment.GetEnvironmentVariable(name)
           where value is not null
           select $"{name}={value}",
    ];

    /// <summary>Names no argument: they may be secret.</summary>
    public override string ToString() => File;

    private static bool IsProgram(string path) =>
        System.IO.File.Exists(path) && (OperatingSystem.IsWindows() || (System.IO.File.GetUnixFileMode(path) & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != 0);
}
