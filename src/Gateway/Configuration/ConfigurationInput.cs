using System.Collections;
using System.Collections.Immutable;

namespace Gateway.Configuration;

/// <summary>What a configuration is read from: the file, and what overrides it, weakest first.</summary>
internal sealed record ConfigurationInput
{
    /// <summary>The path of gateway.json.</summary>
    public required string Path { get; init; }

    /// <summary>Overrides of single keys, from the environment and then from the command line; the last one wins.</summary>
    public ImmutableArray<ConfigurationOverride> Overrides { get; init; } = [];

    /// <summary>Where the gateway listens unless <c>Kestrel:Endpoints</c> says it.</summary>
    public ImmutableArray<string> Listening { get; init; } = [ListeningAddresses.Default];

    /// <summary>The options of the command line that say where to listen; <c>Kestrel:Endpoints</c> is taken before them.</summary>
    public ImmutableArray<string> ListeningOptions { get; init; } = [];

    /// <summary>Whether a file that is not there is an error (<c>run</c>) or a warning (<c>check</c>, on another machine).</summary>
    public bool FilesMustExist { get; init; } = true;

    /// <summary>Whether it is read to judge what comes in, for which the keys of the way out need not be usable.</summary>
    public bool IsInboundOnly { get; init; }

    /// <summary>The time that what expires is held against.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>The file with the overrides of this process's environment and of a command line.</summary>
    public static ConfigurationInput Of(string path, IReadOnlyList<string> arguments, bool filesMustExist = true) => new()
    {
        Path = path,
        Overrides = [.. ConfigurationOverride.FromEnvironment(Environment.GetEnvironmentVariables()), .. ConfigurationOverride.FromArguments(arguments)],
        Listening = ListeningAddresses.Of(arguments, Environment.GetEnvironmentVariables()),
        ListeningOptions = [.. ListeningAddresses.Said(arguments, Environment.GetEnvironmentVariables()).Select(said => said.Source).OfType<string>().Where(source => source.StartsWith("--", StringComparison.Ordinal)).Distinct()],
        FilesMustExist = filesMustExist,
    };
}

/// <summary>One value that overrides the file: keys are compared without regard to case, values are text.</summary>
/// <param name="Key">The key with its path, for example <c>Gateway:Servers:weather:Destinations:0</c>.</param>
/// <param name="Value">The value as text; numbers and booleans are read from it.</param>
/// <param name="Source">Where it comes from, as a person would look for it: an option or the name of a variable.</param>
internal sealed record ConfigurationOverride(string Key, string Value, string Source)
{
    /// <summary>The sections that may be overridden; every other variable or option is somebody else's.</summary>
    private static readonly string[] Sections = ["Gateway", "Kestrel", "Logging", "AllowedHosts"];

    /// <summary>Whether a key belongs to a section of gateway.json, whatever its case.</summary>
    public static bool IsOurs(string key) => Sections.Any(section =>
        key.StartsWith(section, StringComparison.OrdinalIgnoreCase)
        && (key.Length > section.Length ? key[section.Length] == ':' : section == "AllowedHosts"));

    /// <summary>
    /// The variables that name a section, the .NET way: <c>__</c> stands for <c>:</c>. What the framework keeps in the
    /// environment for itself (<c>ASPNETCORE_…</c>, <c>DOTNET_…</c>) is none, nor is a Kubernetes service named gateway
    /// (<c>GATEWAY_PORT</c>).
    /// </summary>
    public static IEnumerable<ConfigurationOverride> FromEnvironment(IDictionary variables) =>
        from DictionaryEntry variable in variables
        let name = (string)variable.Key
        let key = name.Replace("__", ":", StringComparison.Ordinal)
        where IsOurs(key)
        orderby key, name
        select new ConfigurationOverride(key, (string?)variable.Value ?? "", $"environment variable {name}");

    /// <summary>The options of a command line that name a section: <c>--Key=value</c> or <c>--Key value</c>; others are left alone.</summary>
    public static IEnumerable<ConfigurationOverride> FromArguments(IReadOnlyList<string> arguments) =>
        from option in GivenOption.All(arguments)
        where IsOurs(option.Name)
        select new ConfigurationOverride(option.Name, option.Value ?? "", $"option --{option.Name}");
}
