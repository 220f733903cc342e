namespace Demo.AuthorizationServer;

/// <summary>What the development authorization server does well and what it does badly on purpose.</summary>
internal sealed record AuthorizationServerBehaviour
{
    /// <summary>What the walk is written for: everything is right, except that a token for the archive is minted for the weather server.</summary>
    public static AuthorizationServerBehaviour AsTheWalkExpects { get; } = new() { WrongAudienceFor = ["archive"] };

    /// <summary>The servers, by name, for which an exchange is answered with a token for the weather server.</summary>
    public IReadOnlyList<string> WrongAudienceFor { get; init; } = [];

    /// <summary>Whether exchanged tokens name the gateway in <c>act</c>.</summary>
    public bool NamesTheActor { get; init; } = true;

    /// <summary>Whether an exchanged token holds no more scope than was asked for.</summary>
    public bool NarrowsScope { get; init; } = true;
}
