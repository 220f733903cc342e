using System.Collections.Immutable;
using TokenExchange.Issuers.Errors;

namespace TokenExchange.Issuers;

/// <summary>How one product speaks with its clients, whatever they ask for: which assertions it takes and how it spells errors.</summary>
/// <remarks>A value; nothing in it is asked of a server. RFC 6749 §5.2 and RFC 7523 §2.2 leave the room that products use.</remarks>
public sealed record ServerDialect
{
    internal ServerDialect(string name) => Name = name;

    /// <summary>What the specifications say.</summary>
    public static ServerDialect Standard { get; } = new("rfc8693");

    /// <summary>The product's name in the configuration.</summary>
    public string Name { get; }

    /// <summary>The algorithm of client assertions with an RSA key.</summary>
    internal string RsaAlgorithm { get; init; } = "PS256";

    /// <summary>The header type of client assertions.</summary>
    internal string AssertionTyp { get; init; } = "client-authentication+jwt";

    /// <summary>The member that holds the error code when <c>error</c> is not there; null: there is no such answer.</summary>
    internal string? OtherErrorMember { get; init; }

    /// <summary>What errors mean here; the first rule that fits wins, before <see cref="ErrorRule.Standard"/>.</summary>
    internal ImmutableArray<ErrorRule> Errors { get; init; } = [];
}
