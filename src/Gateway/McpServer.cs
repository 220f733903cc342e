using System.Collections.Immutable;
using Gateway.Advertise;
using Gateway.Authenticate;
using Gateway.Authorize;
using Gateway.Exchange;
using Gateway.Forward;
using Gateway.Generations;
using Gateway.Http;
using Gateway.Observe.Traffic;
using Gateway.Sessions;

namespace Gateway;

/// <summary>
/// One MCP server at run time: who it is, and one policy for each stage that a request to it passes, all of one
/// generation. Immutable; a reload makes another one.
/// </summary>
internal sealed class McpServer
{
    /// <summary>The id in the configuration.</summary>
    public required string Id { get; init; }

    /// <summary>The generation of the configuration that this server belongs to.</summary>
    public required long Generation { get; init; }

    /// <summary>The requests of that generation that have not ended.</summary>
    public required InFlight InFlight { get; init; }

    /// <summary>Counts for the management page, across generations; null where there is none.</summary>
    public ServerTraffic? Traffic { get; init; }

    /// <summary>The path under the public URL; <c>/</c> for the root.</summary>
    public required string Path { get; init; }

    /// <summary>The paths under the root that the gateway keeps for itself; empty for a server that is not there.</summary>
    public required ImmutableArray<string> KeptBack { get; init; }

    /// <summary>The resource identifier: what an acceptable token is minted for.</summary>
    public required string Resource { get; init; }

    public required McpTransport Transport { get; init; }

    public required ChallengePolicy Challenge { get; init; }

    public required AdmissionPolicy Admission { get; init; }

    public required OperationPolicy Operations { get; init; }

    public required SessionPolicy Sessions { get; init; }

    /// <summary>Where what goes to the MCP server in place of the inbound token comes from.</summary>
    public required CredentialSource Source { get; init; }

    public required RelayPolicy Relay { get; init; }

    /// <summary>The methods of the endpoint, as an Allow header lists them.</summary>
    public string Allow => Transport == McpTransport.HttpSse ? "GET, POST, OPTIONS" : "GET, POST, DELETE, OPTIONS";

    /// <summary>Whether <paramref name="path"/> is this server's or below it; compared case-sensitively, by whole segments.</summary>
    public bool Owns(ReadOnlySpan<char> path) =>
        Path == "/" ? !IsKeptBack(path) : path.StartsWith(Path, StringComparison.Ordinal) && (path.Length == Path.Length || path[Path.Length] == '/');

    /// <summary>The rest of a request's path that is appended to the destination.</summary>
    public PathString Rest(PathString path) => Path == "/" ? path == "/" ? default : path : new PathString(path.Value![Path.Length..]);

    private bool IsKeptBack(ReadOnlySpan<char> path)
    {
        foreach (var kept in KeptBack)
        {
            if (GatewayPaths.IsAtOrBelow(path, kept))
            {
                return true;
            }
        }

        return false;
    }
}
