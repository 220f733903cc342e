using System.Collections.Immutable;
using Gateway.Configuration.Options;

namespace Gateway.Commands.Proving;

/// <summary>One way from an accepted token to what an MCP server gets, and the most that it can carry.</summary>
internal sealed record Way
{
    /// <summary>The server of the gateway.</summary>
    public required string Server { get; init; }

    /// <summary>The name of the authorization server whose tokens are meant.</summary>
    public required string AuthorizationServer { get; init; }

    /// <summary>The <c>iss</c> of the inbound token.</summary>
    public required string Issuer { get; init; }

    /// <summary>The <c>aud</c> that opens the server.</summary>
    public required string Audience { get; init; }

    /// <summary>What else may stand in <c>aud</c>; null: anything.</summary>
    public required ImmutableArray<string>? Beside { get; init; }

    /// <summary>The clients admitted; null: any.</summary>
    public required ImmutableArray<string>? Clients { get; init; }

    /// <summary>The scopes that every request needs.</summary>
    public required ImmutableArray<string> RequiredScopes { get; init; }

    public required OutboundMode Mode { get; init; }

    /// <summary>The MCP server's addresses.</summary>
    public required ImmutableArray<string> McpServer { get; init; }

    /// <summary>The <c>iss</c> of what goes out; null without a token.</summary>
    public required string? OutboundIssuer { get; init; }

    /// <summary>The <c>aud</c> of what goes out, at most.</summary>
    public required ImmutableArray<string> OutboundAudiences { get; init; }

    /// <summary>The scopes of what goes out, at most; null: those of the inbound token.</summary>
    public required ImmutableArray<string>? OutboundScopes { get; init; }

    /// <summary>The longest life of what goes out; null: no bound that the gateway knows.</summary>
    public required TimeSpan? Lifetime { get; init; }

    /// <summary>How long past the inbound token's end it may live; null: no bound that the gateway knows.</summary>
    public required TimeSpan? Outlives { get; init; }

    /// <summary>Who acts in it; null: nobody is named.</summary>
    public required string? Actor { get; init; }
}

/// <summary>Something that must not be: which servers, why, and two tokens that show it.</summary>
/// <param name="Kind">What is confused: <c>inbound</c>, <c>outbound</c>, <c>boomerang</c>, <c>subject</c>; or <c>any</c>.</param>
/// <param name="Servers">The servers.</param>
/// <param name="Message">What is wrong and what would be right.</param>
/// <param name="Tokens">Two tokens by their claims, each with the server where it is used.</param>
internal sealed record Failure(string Kind, ImmutableArray<string> Servers, string Message, ImmutableArray<ExampleToken> Tokens);

/// <summary>A token by its claims, what it becomes, and where.</summary>
/// <param name="Server">The server of the gateway that it is presented at.</param>
/// <param name="Issuer">Its <c>iss</c>.</param>
/// <param name="Subject">Its <c>sub</c>.</param>
/// <param name="Audiences">Its <c>aud</c>.</param>
/// <param name="Outcome">What comes of it there.</param>
internal sealed record ExampleToken(string Server, string Issuer, string Subject, ImmutableArray<string> Audiences, string Outcome);

/// <summary>Something to know, and nothing wrong.</summary>
/// <param name="Kind">What it is: <c>alias</c>, <c>companion</c>, <c>unbounded</c>, <c>foreign-subjects</c>, <c>multiple-audiences</c>.</param>
/// <param name="Server">The server.</param>
/// <param name="Message">What to know.</param>
internal sealed record Note(string Kind, string Server, string Message);
