namespace Gateway.Management;

/// <summary>What the management listener shows and asks; the application fills it in, each member is called per request.</summary>
internal sealed record ManagementState
{
    public required Func<Readiness> Readiness { get; init; }

    public required Func<IReadOnlyList<ServerView>> Servers { get; init; }

    /// <summary>What is running here.</summary>
    public required Func<About> About { get; init; }

    /// <summary>The name of an issuer in the configuration; the issuer itself when it has none any more.</summary>
    public required Func<string, string> NameOf { get; init; }

    /// <summary>The hop tokens alive, at most as many as asked for.</summary>
    public required Func<int, IReadOnlyList<HopTokenView>> HopTokens { get; init; }

    /// <summary>
    /// Says which check refuses a token at a server: evaluated here, with keys fetched as always, the token neither sent
    /// nor stored. Null when there is no such server.
    /// </summary>
    public required Func<string, string, CancellationToken, ValueTask<Explanation?>> Explain { get; init; }
}
