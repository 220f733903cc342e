using System.Globalization;
using Gateway.Benchmarks.Peers;

namespace Gateway.Benchmarks;

/// <summary>What the command line says: names first, then options.</summary>
/// <param name="Names">The words before the first option.</param>
/// <param name="Rounds">Interleaved rounds, of which medians are taken.</param>
/// <param name="Duration">How long one round loads one contender.</param>
/// <param name="Published">A directory of published programs, filled when it is empty; null: a temporary one.</param>
/// <param name="Build">Take what this build made instead of publishing.</param>
/// <param name="Gateway">A gateway's program to measure instead.</param>
/// <param name="Baseline">Another gateway's program to measure besides, one of before a change.</param>
/// <param name="Native">The gateway compiled ahead of time, to measure besides.</param>
/// <param name="Environments">Settings of the environment, each to be measured besides in a gateway of its own.</param>
internal sealed record Options(IReadOnlyList<string> Names, int Rounds, TimeSpan Duration, string? Published, bool Build, string? Gateway, string? Baseline, string? Native, IReadOnlyList<string> Environments)
{
    public const string Usage = "[NAME…] [--rounds 5] [--seconds 4] [--minutes 60] [--rate CALLS] [--published DIRECTORY | --no-publish] [--gateway PROGRAM] [--baseline PROGRAM] [--native PROGRAM] [--environment NAME=VALUE[;NAME=VALUE…]]…";

    /// <summary>How long a soak takes.</summary>
    public int Minutes { get; private init; } = 60;

    /// <summary>The calls per second of a soak; null: half of what the gateway does at most.</summary>
    public int? Rate { get; private init; }

    /// <summary>Throws when an option is unknown or without its value.</summary>
    public static Options Parse(string[] arguments)
    {
        var names = arguments.TakeWhile(argument => !argument.StartsWith('-')).ToArray();
        var options = new Options(names, 5, TimeSpan.FromSeconds(4), null, false, null, null, null, []);
        for (var i = names.Length; i < arguments.Length; i++)
        {
            options = arguments[i] switch
            {
                "--no-publish" => options with { Build = true },
                "--rounds" when i + 1 < arguments.Length => options with { Rounds = int.Parse(arguments[++i], CultureInfo.InvariantCulture) },
                "--seconds" when i + 1 < arguments.Length => options with { Duration = TimeSpan.FromSeconds(int.Parse(arguments[++i], CultureInfo.InvariantCulture)) },
                "--minutes" when i + 1 < arguments.Length => options with { Minutes = int.Parse(arguments[++i], CultureInfo.InvariantCulture) },
                "--rate" when i + 1 < arguments.Length => options with { Rate = int.Parse(arguments[++i], CultureInfo.InvariantCulture) },
                "--published" when i + 1 < arguments.Length => options with { Published = arguments[++i] },
                "--baseline" when i + 1 < arguments.Length => options with { Baseline = arguments[++i] },
                "--native" when i + 1 < arguments.Length => options with { Native = arguments[++i] },
                "--environment" when i + 1 < arguments.Length && arguments[i + 1].Contains('=', StringComparison.Ordinal) => options with { Environments = [.. options.Environments, arguments[++i]] },
                "--gateway" when i + 1 < arguments.Length => options with { Gateway = arguments[++i] },
                _ => throw new ArgumentException($"'{arguments[i]}' is no option, or has no value: {Usage}"),
            };
        }

        return options;
    }

    /// <summary>The programs that the options name, published when need be; what was published in passing goes when this process does.</summary>
    public async Task<Programs> ProgramsAsync()
    {
        var programs = Build ? Programs.Built : await Programs.PublishAsync(Published ?? InPassing());
        programs = Gateway is null ? programs : programs with { Gateway = new PeerProgram(Gateway) };
        return programs with { Baseline = Baseline is null ? null : new PeerProgram(Baseline), Native = Native is null ? null : new PeerProgram(Native) };
    }

    private static string InPassing()
    {
        var directory = Directory.CreateTempSubdirectory("gateway-benchmark-published-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(directory, recursive: true);
        return directory;
    }
}
