using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Gateway.Configuration.Options;

namespace Gateway.Configuration;

/// <summary>One thing that is wrong with the configuration: the rule's stable id, where, and what would be right.</summary>
/// <param name="Rule">The rule's id, as documented.</param>
/// <param name="Key">The key with its path, for example <c>Gateway:Servers:weather:Path</c>.</param>
/// <param name="Message">What is there, what is wrong with it and what would be right; never a secret.</param>
/// <param name="Line">The line in the file, from 1; 0 when the value comes from elsewhere.</param>
/// <param name="Column">The column in the file, from 1; 0 when the value comes from elsewhere.</param>
/// <param name="IsWarning">Whether the gateway may run all the same.</param>
internal sealed record ConfigurationProblem(string Rule, string Key, string Message, int Line = 0, int Column = 0, bool IsWarning = false)
{
    /// <summary>Where the value comes from when not from the file: <c>option --Gateway:PublicUrl</c>, <c>environment variable Gateway__PublicUrl</c>.</summary>
    public string? Source { get; init; }
}

/// <summary>A configuration as read: options that may be used only without errors, and everything that was found.</summary>
/// <param name="Options">The section <c>Gateway</c>; null when the file could not be read as such.</param>
/// <param name="Host">The sections that are ASP.NET Core's own (<c>Kestrel</c>, <c>Logging</c>, <c>AllowedHosts</c>), overrides applied.</param>
/// <param name="Problems">Errors and warnings, in the order of the file.</param>
/// <param name="Unreadable">Whether the file is missing or not to be opened.</param>
internal sealed record LoadedConfiguration(GatewayOptions? Options, JsonObject Host, ImmutableArray<ConfigurationProblem> Problems, bool Unreadable = false)
{
    /// <summary>The limits of connections, which the framework does not read from its section by itself.</summary>
    public KestrelLimitsOptions Limits { get; init; } = new();

    /// <summary>The files and stores of certificates that Kestrel serves, by the keys that name them.</summary>
    public ImmutableArray<(string Key, KestrelCertificateOptions Certificate)> Certificates { get; init; } = [];

    public bool HasErrors => Problems.Any(problem => !problem.IsWarning);
}
