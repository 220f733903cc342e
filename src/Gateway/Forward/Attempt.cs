using Gateway.Advertise;

namespace Gateway.Forward;

/// <summary>What would make another attempt worth it.</summary>
internal enum Retry
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>The MCP server did not take the hop token, or it ran out before it was sent.</summary>
    FreshToken,

    /// <summary>The MCP server asked for its nonce alone, which is known now.</summary>
    KnownNonce,
}

/// <summary>What came of one attempt to send a request; the default is an answer that is relayed.</summary>
/// <param name="Refused">The refusal to write in place of an answer; null when it is relayed, or none came.</param>
/// <param name="Retry">What would make another attempt worth it.</param>
internal readonly record struct Attempt(Refused? Refused, Retry Retry = Retry.None);
