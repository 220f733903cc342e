using TokenExchange.Jose;

namespace TokenExchange.Inbound.Revocation;

/// <summary>What stands for what a token says, under each key; found out when it is asked for, and once.</summary>
internal sealed class TokenNames(RevocationKeys keys, TokenFacts facts)
{
    private const int Kinds = 8;
    private readonly UInt128[] names = new UInt128[keys.Count * Kinds];
    private readonly bool[] known = new bool[keys.Count * Kinds];

    /// <summary>These names; null where they are not those under the wanted keys, because there are others by now.</summary>
    public TokenNames? Under(RevocationKeys wanted) => ReferenceEquals(keys, wanted) ? this : null;

    /// <summary>The name; null when the token says nothing of the kind.</summary>
    public UInt128? Of(int key, RevocationSelector selector)
    {
        if (facts.Value(selector) is not { } value)
        {
            return null;
        }

        var place = (key * Kinds) + (int)selector;
        if (!Volatile.Read(ref known[place]))
        {
            // Two threads may both find it out, and write the same.
            names[place] = keys.NameOf(key, selector, facts.Issuer, value);
            Volatile.Write(ref known[place], true);
        }

        return names[place];
    }
}

/// <summary>What a revocation may find a token by.</summary>
internal readonly record struct TokenFacts(string Issuer, string Subject, string? ClientId, string? TokenId, string? Session, long? IssuedAt, TokenDigest Digest)
{
    public override string ToString() => $"facts of a token of {Issuer}";

    public static TokenFacts Of(ValidatedToken token) => new(token.Issuer, token.Subject, token.ClientId, token.TokenId, token.Session, token.IssuedAt, token.Digest);

    public string? Value(RevocationSelector selector) => selector switch
    {
        RevocationSelector.Subject => Subject,
        RevocationSelector.SubjectWithoutSession => Session is null ? Subject : null,
        RevocationSelector.Session => Session,
        RevocationSelector.Client => ClientId,
        RevocationSelector.TokenId => TokenId,
        RevocationSelector.Token => Digest.ToString(),
        _ => null,
    };
}
