using System.Collections.Concurrent;
using TokenExchange.Jose;

namespace TokenExchange.Inbound.Revocation;

/// <summary>What is revoked, as requests look it up; under one set of keys, and made anew for another.</summary>
internal sealed class RevocationIndex(RevocationKeys keys)
{
    private readonly ConcurrentDictionary<(RevocationSelector Selector, UInt128 Name), Bound> single = new();
    private readonly ConcurrentDictionary<string, Bound> whole = new(StringComparer.Ordinal);

    // Which kinds were ever there under which key, a bit each: of a kind that was not, no name is found out.
    private readonly int[] kinds = new int[keys.Count];

    public RevocationKeys Keys => keys;

    public void Add(Revocation revocation)
    {
        var bound = Bound.Of(revocation);
        var key = keys.Find(revocation.NameKey);
        if (revocation.Selector == RevocationSelector.Issuer || key < 0)
        {
            // What it names cannot be looked up any more: it stands for whatever it might have named.
            // Of those of its time alone: who it did not mean goes on with a fresh token.
            bound = bound with { AnyTimeUntil = 0 };
            whole.AddOrUpdate(revocation.IssuerOf(keys), bound, (_, known) => known.And(bound));
            return;
        }

        single.AddOrUpdate((revocation.Selector, revocation.Name), bound, (_, known) => known.And(bound));
        Interlocked.Or(ref kinds[key], 1 << (int)revocation.Selector);
    }

    /// <summary>Whether a revocation of the whole issuer hits, for as long, every token issued by then that this one hits.</summary>
    public bool Covers(string issuer, Revocation revocation) =>
        whole.TryGetValue(issuer, out var all) && all.IssuedUntil >= revocation.IssuedUntilSeconds && all.Until >= revocation.UntilSeconds;

    public TokenRefusal? Find(ValidatedToken token, long now)
    {
        if (whole.TryGetValue(token.Issuer, out var all) && all.Hits(token.IssuedAt, now))
        {
            return TokenRefusal.Revoked;
        }

        TokenRefusal? found = null;
        for (var key = 0; key < kinds.Length; key++)
        {
            var there = Volatile.Read(ref kinds[key]);
            for (var kind = 1; there >> kind != 0 && found != TokenRefusal.Revoked; kind++)
            {
                if ((there >> kind & 1) != 0 && token.NamesUnder(keys).Of(key, (RevocationSelector)kind) is { } name
                    && single.TryGetValue(((RevocationSelector)kind, name), out var bound) && bound.Hits(token.IssuedAt, now))
                {
                    found = kind == (int)RevocationSelector.Token ? TokenRefusal.Inactive : TokenRefusal.Revoked;
                }
            }
        }

        return found;
    }

    /// <summary>Until when which tokens are hit: those issued by a time, and those issued whenever.</summary>
    private sealed record Bound(long IssuedUntil, long Until, long AnyTimeUntil)
    {
        public static Bound Of(Revocation revocation) => new(revocation.IssuedUntilSeconds, revocation.UntilSeconds, revocation.AnyTime ? revocation.UntilSeconds : 0);

        public Bound And(Bound other) => new(Math.Max(IssuedUntil, other.IssuedUntil), Math.Max(Until, other.Until), Math.Max(AnyTimeUntil, other.AnyTimeUntil));

        public bool Hits(long? issuedAt, long now) => now < AnyTimeUntil || (now < Until && !(issuedAt > IssuedUntil));
    }
}
