using System.Collections.Concurrent;

namespace TokenExchange.Inbound.Revocation;

/// <summary>Finds out which of a few revocations hits a token, for whatever goes on in its name.</summary>
public sealed class RevocationMatch
{
    private readonly RevocationKeys keys;
    private readonly (Revocation Revocation, int Key, string Issuer)[] revocations;
    private readonly ConcurrentDictionary<(RevocationSelector, int, string, string), UInt128> names = new();

    internal RevocationMatch(RevocationKeys keys, IReadOnlyList<Revocation> revocations)
    {
        this.keys = keys;
        this.revocations = [.. revocations.Select(revocation => (revocation, keys.Find(revocation.NameKey), revocation.IssuerOf(keys)))];
    }

    /// <summary>The first revocation that hits the token, by its place; -1 when none does.</summary>
    public int IndexOf(ValidatedToken token)
    {
        ArgumentNullException.ThrowIfNull(token);
        for (var i = 0; i < revocations.Length; i++)
        {
            var (revocation, key, _) = revocations[i];
            if (MayHit(i, token.Issuer, token.IssuedAt) && (IsWhole(i) || token.NamesUnder(keys).Of(key, revocation.Selector) == revocation.Name))
            {
                return i;
            }
        }

        return -1;
    }

    internal int IndexOf(in TokenFacts facts)
    {
        for (var i = 0; i < revocations.Length; i++)
        {
            if (MayHit(i, facts.Issuer, facts.IssuedAt) && (IsWhole(i) || (facts.Value(revocations[i].Revocation.Selector) is { } value && NameOf(i, facts.Issuer, value) == revocations[i].Revocation.Name)))
            {
                return i;
            }
        }

        return -1;
    }

    private bool MayHit(int i, string issuer, long? issuedAt) =>
        revocations[i].Issuer == issuer && (revocations[i].Revocation.AnyTime || !(issuedAt > revocations[i].Revocation.IssuedUntilSeconds));

    private bool IsWhole(int i) => revocations[i].Revocation.Selector == RevocationSelector.Issuer || revocations[i].Key < 0;

    // A subject and a client have many tokens, and many revocations are looked for in one go.
    private UInt128 NameOf(int i, string issuer, string value) => revocations[i].Revocation.Selector is RevocationSelector.Session or RevocationSelector.TokenId or RevocationSelector.Token
        ? keys.NameOf(revocations[i].Key, revocations[i].Revocation.Selector, issuer, value)
        : names.GetOrAdd((revocations[i].Revocation.Selector, revocations[i].Key, issuer, value), static (name, keys) => keys.NameOf(name.Item2, name.Item1, name.Item3, name.Item4), keys);
}
