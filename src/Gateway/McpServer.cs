using System.Collections.Frozen;
using System.Collections.Immutable;
using Gateway.Authenticate;
using Gateway.Authorize;
using Gateway.Configuration.Options;
using Gateway.Forward;
using Gateway.Generations;
using Gateway.Sessions;
using TokenExchange.Inbound;
using TokenExchange.Inbound.Proof;
using TokenExchange.Outbound;

namespace Gateway;

/// <summary>A claim that tokens must carry at a server: any of the values.</summary>
internal sealed record RequiredClaim(string Name, FrozenSet<string> AnyOf);

/// <summary>
/// One MCP server at run time: everything that a request to it needs, of one generation. Immutable; a reload makes
/// another one.
/// </summary>
internal sealed class McpServer
{
    /// <summary>The id in the configuration.</summary>
    public required string Id { get; init; }

    /// <summary>The generation of the configuration that this server belongs to.</summary>
    public required long Generation { get; init; }

    /// <summary>The requests of that generation that have not ended.</summary>
    public required InFlight InFlight { get; init; }

    /// <summary>The path under the public URL; <c>/</c> for the root.</summary>
    public required string Path { get; init; }

    /// <summary>The resource identifier: what an acceptable token is minted for.</summary>
    public required string Resource { get; init; }

    /// <summary>The <c>aud</c> values that identify the server, for explanations; the validator compares its own.</summary>
    public required ImmutableArray<string> AcceptedAudiences { get; init; }

    /// <summary>Where the resource document is (RFC 9728 §3).</summary>
    public required string MetadataUrl { get; init; }

    public required McpTransport Transport { get; init; }

    /// <summary>Decides whether a token was minted for this server.</summary>
    public required TokenValidator Validator { get; init; }

    /// <summary>Decides whether what a token is bound to was proven, and takes proofs once.</summary>
    public required SenderPolicy Sender { get; init; }

    /// <summary>Finds the certificate that a client has proven to hold.</summary>
    public required ClientCertificates Certificates { get; init; }

    public required OutboundMode Mode { get; init; }

    /// <summary>Where hop tokens come from; null in the modes without one.</summary>
    public required ITokenExchanger? Exchanger { get; init; }

    /// <summary>What hop tokens are asked for; null in the modes without one.</summary>
    public required OutboundTarget? Target { get; init; }

    /// <summary>The static credential of mode credential.</summary>
    public required StaticCredential? Credential { get; init; }

    public required FrozenSet<string>? AllowedClients { get; init; }

    public required ImmutableArray<RequiredClaim> RequiredClaims { get; init; }

    public required OperationRules Rules { get; init; }

    public required ScopeMapping Scopes { get; init; }

    /// <summary>Whether hop tokens carry the scopes of the operation alone.</summary>
    public required bool NarrowToOperation { get; init; }

    public required bool FilterLists { get; init; }

    /// <summary>The scopes that a challenge without a token names, prefixed.</summary>
    public required string ChallengedScopes { get; init; }

    public required string? ScopePrefix { get; init; }

    public required FrozenSet<string> AllowedOrigins { get; init; }

    /// <summary>Names of further request headers to pass on.</summary>
    public required FrozenSet<string> ForwardHeaders { get; init; }

    public required long MaxRequestBody { get; init; }

    /// <summary>What all request bodies together may hold, and one principal's.</summary>
    public required BodyBudget Bodies { get; init; }

    public required TimeSpan MaxResponseDuration { get; init; }

    public required SessionBinding Sessions { get; init; }

    /// <summary>The destinations by the ids that sessions name them by.</summary>
    public required FrozenDictionary<string, string> Destinations { get; init; }

    /// <summary>The destinations' URLs by their addresses, ready to be sent to.</summary>
    public required FrozenDictionary<string, Uri> DestinationUrls { get; init; }

    /// <summary>The methods of the endpoint, as an Allow header lists them.</summary>
    public string Allow => Transport == McpTransport.HttpSse ? "GET, POST, OPTIONS" : "GET, POST, DELETE, OPTIONS";

    /// <summary>Whether <paramref name="path"/> is this server's or below it; compared case-sensitively, by whole segments.</summary>
    public bool Owns(ReadOnlySpan<char> path) =>
        Path == "/" || (path.StartsWith(Path, StringComparison.Ordinal) && (path.Length == Path.Length || path[Path.Length] == '/'));

    /// <summary>The rest of a request's path that is appended to the destination.</summary>
    public PathString Rest(PathString path) => Path == "/" ? path == "/" ? default : path : new PathString(path.Value![Path.Length..]);

    /// <summary>Scopes as clients ask for them at this server's authorization server.</summary>
    public string Prefixed(ScopeSet scopes) => ScopePrefix is null ? scopes.ToString() : string.Join(' ', scopes.Select(scope => ScopePrefix + scope));
}
