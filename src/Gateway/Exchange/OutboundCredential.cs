using TokenExchange.Outbound;

namespace Gateway.Exchange;

/// <summary>What a request carries to the MCP server in place of the inbound token; closed. None of them prints.</summary>
internal abstract class OutboundCredential
{
    private OutboundCredential()
    {
    }

    /// <summary>What in it is secret; empty when nothing is.</summary>
    public abstract ReadOnlyMemory<char> Secret { get; }

    /// <summary>Names no part of the credential.</summary>
    public sealed override string ToString() => GetType().Name;

    /// <summary>Nothing, by configuration (mode none).</summary>
    public sealed class None : OutboundCredential
    {
        public static readonly None Instance = new();

        public override ReadOnlyMemory<char> Secret => default;
    }

    /// <summary>A static header (mode credential).</summary>
    public sealed class Header(string name, string prefix, string secret) : OutboundCredential
    {
        public string Name => name;

        /// <summary>The whole value of the header.</summary>
        public string Value { get; } = prefix + secret;

        public override ReadOnlyMemory<char> Secret => secret.AsMemory();
    }

    /// <summary>A verified token for this server alone.</summary>
    public sealed class HopToken(OutboundToken token) : OutboundCredential
    {
        public OutboundToken Token => token;

        public override ReadOnlyMemory<char> Secret => token.AuthorizationHeader.AsMemory(token.AuthorizationHeader.IndexOf(' ') + 1);
    }
}
