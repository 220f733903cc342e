namespace TokenExchange.Jose;

/// <summary>
/// A token as it was presented, with the digest that stands for it. The digest is always that of the characters: whoever is
/// asked about the one is never shown the other. Made once for a token that is presented again and again, it spares the hashing.
/// </summary>
/// <param name="characters">The token, of any length.</param>
public sealed class TokenText(ReadOnlyMemory<char> characters)
{
    /// <summary>The token.</summary>
    public ReadOnlyMemory<char> Characters { get; } = characters;

    /// <summary>The digest; null of what is longer than any token may be, over which none is computed.</summary>
    public TokenDigest? Digest { get; } = characters.Length <= JwsChecks.MaxLength ? TokenDigest.Of(characters.Span) : null;

    /// <summary>Names no part of the token.</summary>
    public override string ToString() => $"token of {Characters.Length} characters";
}
