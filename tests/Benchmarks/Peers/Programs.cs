using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Gateway.Benchmarks.Peers;

/// <summary>A program and the arguments that come before all others.</summary>
internal sealed record PeerProgram(string File, params string[] Leading)
{
    public string[] With(params string[] arguments) => [.. Leading, .. arguments];
}

/// <summary>A contender that can be started: its name, its port, its command line.</summary>
internal sealed record PeerStart(string Name, int Port, string File, string[] Arguments)
{
    /// <summary>Variables that it is started with besides those of this process.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();
}

/// <summary>The programs to compare: published as the image publishes them, or as this build made them.</summary>
internal sealed partial record Programs(PeerProgram Gateway, PeerProgram Yarp, PeerProgram JwtYarp, bool Published)
{
    /// <summary>A gateway of before a change; null: none is measured besides.</summary>
    public PeerProgram? Baseline { get; init; }

    /// <summary>The gateway compiled ahead of time whole; null: not measured.</summary>
    public PeerProgram? Native { get; init; }

    /// <summary>This very program, for the servers that it plays itself.</summary>
    public static PeerProgram Self { get; } = Environment.ProcessPath!.EndsWith("dotnet", StringComparison.Ordinal)
        ? new(Environment.ProcessPath, typeof(Programs).Assembly.Location)
        : new(Environment.ProcessPath);

    public static Programs Built { get; } = new(OfBuild("gateway.dll"), OfBuild("bareyarp.dll"), OfBuild("jwtyarp.dll"), Published: false);

    /// <summary>Publishes both with the Dockerfile's own settings into a directory, unless they are there already.</summary>
    public static async Task<Programs> PublishAsync(string directory)
    {
        var root = Root();
        return new(
            await PublishAsync(root, "src/Gateway/Gateway.csproj", directory, "gateway"),
            await PublishAsync(root, "tests/Benchmarks/BareYarp/BareYarp.csproj", directory, "bareyarp"),
            await PublishAsync(root, "tests/Benchmarks/JwtYarp/JwtYarp.csproj", directory, "jwtyarp"),
            Published: true);
    }

    private static async Task<PeerProgram> PublishAsync(string root, string project, string directory, string name)
    {
        var program = Path.Combine(directory, name, name);
        if (File.Exists(program))
        {
            return new PeerProgram(program);
        }

        Console.WriteLine($"publishing {project} as the image does");
        var runtime = "linux-" + (RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "arm64" : "x64");
        string[] arguments = ["publish", Path.Combine(root, project), "--output", Path.GetDirectoryName(program)!, "--configuration", "Release", "--runtime", runtime, "--self-contained", "true", "--nologo", "-v", "quiet", .. SettingsOfImage(root)];
        using var publish = Process.Start(new ProcessStartInfo("dotnet", arguments))!;
        await publish.WaitForExitAsync();
        return publish.ExitCode == 0 ? new PeerProgram(program) : throw new InvalidOperationException($"{project} could not be published.");
    }

    /// <summary>The properties that the Dockerfile publishes its first image with, so that what is measured is what is shipped.</summary>
    private static IEnumerable<string> SettingsOfImage(string root)
    {
        var dockerfile = File.ReadAllText(Path.Combine(root, "Dockerfile"));
        var command = dockerfile[dockerfile.IndexOf("dotnet publish", StringComparison.Ordinal)..];
        return Property().Matches(command[..command.IndexOf("${PUBLISH_ARGS}", StringComparison.Ordinal)]).Select(match => match.Value);
    }

    private static string Root()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Gateway.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException("The sources are not above this program; nothing can be published: --no-publish takes what lies beside it, and --gateway PROGRAM another gateway.");
    }

    private static PeerProgram OfBuild(string assembly) => new("dotnet", Path.Combine(AppContext.BaseDirectory, assembly));

    [GeneratedRegex(@"-p:\w+=\w+")]
    private static partial Regex Property();
}
