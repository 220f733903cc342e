using System.Collections.Immutable;
using Gateway.Generations;

namespace Gateway.Management;

/// <summary>What is running here, and since when.</summary>
/// <param name="Version">The program's version.</param>
/// <param name="Started">When the process began to serve.</param>
/// <param name="ConfigurationFile">The absolute path of the configuration.</param>
/// <param name="Applied">When the generation that is served was applied.</param>
/// <param name="Changes">The last changes of the configuration since the start, newest first.</param>
internal sealed record About(string Version, DateTimeOffset Started, string ConfigurationFile, DateTimeOffset Applied, ImmutableArray<ConfigurationChange> Changes);
