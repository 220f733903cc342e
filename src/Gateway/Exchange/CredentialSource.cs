using Gateway.Authorize;
using TokenExchange.Inbound;
using TokenExchange.Inbound.Proof;
using TokenExchange.Outbound;

namespace Gateway.Exchange;

/// <summary>Where one server's outbound credential comes from; closed, one case a mode.</summary>
internal abstract record CredentialSource
{
    private CredentialSource()
    {
    }

    /// <summary>The mode as the configuration names it.</summary>
    public abstract string Mode { get; }

    /// <summary>Mode none: the MCP server gets no credential.</summary>
    public sealed record Nothing : CredentialSource
    {
        public static readonly Nothing Instance = new();

        public override string Mode => "none";
    }

    /// <summary>Mode credential: a static one, of a file.</summary>
    public sealed record Static(StaticCredential Credential) : CredentialSource
    {
        public override string Mode => "credential";
    }

    /// <summary>Modes exchange, local and same-token: a token that the library vouches for.</summary>
    /// <param name="Kind">Which of them.</param>
    /// <param name="Exchanger">Where hop tokens come from.</param>
    /// <param name="Target">What they are asked for.</param>
    public sealed record Token(TokenSourceKind Kind, ITokenExchanger Exchanger, OutboundTarget Target) : CredentialSource
    {
        public override string Mode => Kind switch
        {
            TokenSourceKind.Exchange => "exchange",
            TokenSourceKind.Local => "local",
            _ => "same-token",
        };

        /// <summary>Whether each hop token is for one call alone (<c>BindCall</c>).</summary>
        public bool BindsCall { get; init; }

        /// <summary>Whether a fresh token can be had in place of one that the MCP server refused.</summary>
        public bool Renewable => Kind != TokenSourceKind.SameToken;

        /// <summary>What is asked for on behalf of one message, to which the token is bound where each is for one call alone.</summary>
        public TokenExchangeRequest RequestFor(ValidatedToken subject, ScopeSet scopes, Operation operation, string verb, ReadOnlySpan<byte> body) => new(subject, Target, scopes)
        {
            Call = BindsCall ? new BoundCall(operation.Method ?? verb, operation.Name, ContentDigest.Of(body)) : null,
        };
    }
}

/// <summary>Who makes a hop token.</summary>
internal enum TokenSourceKind
{
    /// <summary>An authorization server.</summary>
    Exchange,

    /// <summary>The gateway's own issuer.</summary>
    Local,

    /// <summary>Nobody: the inbound token is minted for this very server, and goes on.</summary>
    SameToken,
}
