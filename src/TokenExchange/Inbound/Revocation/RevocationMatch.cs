using System.Collections.Concurrent;

namespace TokenExchange.Inbound.Revocation;

/// <summary>
/// Finds out which of some revocations hits a token, for whatever goes on in its name. What it costs does not grow with
/// their number: they are looked up by what stands for the token, which is found out once for each kind of them.
/// </summary>
public sealed class RevocationMatch
{
    private readonly RevocationKeys keys;
    private readonly Dictionary<string, OfIssuer> issuers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(RevocationSelector, int, string, string), UInt128> names = new();
    private int namesFound;

    internal RevocationMatch(RevocationKeys keys, IReadOnlyList<Revocation> revocations)
    {
        this.keys = keys;
        for (var place = 0; place < revocations.Count; place++)
        {
            var revocation = revocations[place];
            if (revocation.Selector == RevocationSelector.Undo)
            {
                // It hits nothing: what it takes back was carried out.
                continue;
            }

            var issuer = revocation.IssuerOf(keys);
            if (!issuers.TryGetValue(issuer, out var own))
            {
                issuers.Add(issuer, own = new OfIssuer());
            }

            own.Add(revocation, keys.Find(revocation.NameKey), place);
        }
    }

    /// <summary>How many names of tokens were found out that nobody remembers: what the looks so far have cost.</summary>
    internal int NamesFound => namesFound;

    /// <summary>The first revocation that hits the token, by its place; -1 when none does.</summary>
    public int IndexOf(ValidatedToken token)
    {
        ArgumentNullException.ThrowIfNull(token);
        return IndexOf(TokenFacts.Of(token), token.NamesUnder(keys));
    }

    /// <summary>The first revocation that hits the token that this is left of, by its place; -1 when none does.</summary>
    public int IndexOf(TokenTrace trace)
    {
        ArgumentNullException.ThrowIfNull(trace);
        return IndexOf(trace.Facts, trace.NamesUnder(keys));
    }

    internal int IndexOf(in TokenFacts facts, TokenNames? known = null)
    {
        if (!issuers.TryGetValue(facts.Issuer, out var own))
        {
            return -1;
        }

        var first = own.Whole.FirstFor(facts.IssuedAt);
        foreach (var (selector, key) in own.Kinds)
        {
            if ((known is null ? NameOf(facts, selector, key) : known.Of(key, selector)) is { } name && own.Named.TryGetValue((selector, key, name), out var named))
            {
                first = Math.Min(first, named.FirstFor(facts.IssuedAt));
            }
        }

        return first == int.MaxValue ? -1 : first;
    }

    // Many tokens have one subject or client; what only one has is not kept in mind.
    private UInt128? NameOf(in TokenFacts facts, RevocationSelector selector, int key) => facts.Value(selector) is not { } value ? null
        : selector is RevocationSelector.Session or RevocationSelector.TokenId or RevocationSelector.Token ? Find((selector, key, facts.Issuer, value))
        : names.GetOrAdd((selector, key, facts.Issuer, value), static (name, match) => match.Find(name), this);

    private UInt128 Find((RevocationSelector Selector, int Key, string Issuer, string Value) name)
    {
        Interlocked.Increment(ref namesFound);
        return keys.NameOf(name.Key, name.Selector, name.Issuer, name.Value);
    }

    /// <summary>The revocations of one issuer's tokens, by what they find them by.</summary>
    private sealed class OfIssuer
    {
        public Places Whole { get; } = new();

        public HashSet<(RevocationSelector Selector, int Key)> Kinds { get; } = [];

        public Dictionary<(RevocationSelector Selector, int Key, UInt128 Name), Places> Named { get; } = [];

        public void Add(Revocation revocation, int key, int place)
        {
            if (revocation.Selector == RevocationSelector.Issuer || key < 0)
            {
                // What it names cannot be looked up any more: it stands for whatever it might have named, of those of its time.
                Whole.Add(revocation.IssuedUntilSeconds, place);
                return;
            }

            Kinds.Add((revocation.Selector, key));
            if (!Named.TryGetValue((revocation.Selector, key, revocation.Name), out var named))
            {
                Named.Add((revocation.Selector, key, revocation.Name), named = new Places());
            }

            named.Add(revocation.AnyTime ? long.MaxValue : revocation.IssuedUntilSeconds, place);
        }
    }

    /// <summary>Revocations of one name by their places; of each only what none before it hits.</summary>
    private sealed class Places
    {
        private readonly List<(long IssuedUntil, int Place)> rising = [];

        public void Add(long until, int place)
        {
            if (rising is not [.., var widest] || until > widest.IssuedUntil)
            {
                rising.Add((until, place));
            }
        }

        /// <summary>The first that hits a token issued then, or nobody knows when; the highest number there is when none does.</summary>
        public int FirstFor(long? issuedAt)
        {
            foreach (var (until, place) in rising)
            {
                if (!(issuedAt > until))
                {
                    return place;
                }
            }

            return int.MaxValue;
        }
    }
}
