using System.Collections.Frozen;
using System.Collections.Immutable;
using TokenExchange.Inbound;
using TokenExchange.Inbound.Proof;
using TokenExchange.Outbound;

namespace Gateway.Authenticate;

/// <summary>A claim that tokens must carry at a server: any of the values.</summary>
internal sealed record RequiredClaim(string Name, FrozenSet<string> AnyOf);

/// <summary>Who may come to one server.</summary>
internal sealed class AdmissionPolicy
{
    /// <summary>Decides whether a token was minted for this server.</summary>
    public required TokenValidator Validator { get; init; }

    /// <summary>Decides whether what a token is bound to was proven, and takes proofs once.</summary>
    public required SenderPolicy Sender { get; init; }

    /// <summary>The server's own headers that are passed on, in which a token must not stand.</summary>
    public required FrozenSet<string> ForwardHeaders { get; init; }

    /// <summary>Finds the certificate that a client has proven to hold.</summary>
    public required ClientCertificates Certificates { get; init; }

    /// <summary>The <c>aud</c> values that identify the server, for explanations; the validator compares its own.</summary>
    public required ImmutableArray<string> AcceptedAudiences { get; init; }

    public required FrozenSet<string> AllowedOrigins { get; init; }

    /// <summary>The clients that are admitted; null: any.</summary>
    public required FrozenSet<string>? AllowedClients { get; init; }

    public required ImmutableArray<RequiredClaim> RequiredClaims { get; init; }

    /// <summary>Claims of the caller that the MCP server is told in headers, and that a token must therefore have.</summary>
    public required ImmutableArray<IdentityHeader> IdentityHeaders { get; init; }

    /// <summary>What a token is used for from here, which its own claims must let it be.</summary>
    public required OutboundTarget Onward { get; init; }
}
