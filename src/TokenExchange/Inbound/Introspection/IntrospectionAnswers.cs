using System.Collections.Concurrent;
using TokenExchange.Issuers;
using TokenExchange.Jose;

namespace TokenExchange.Inbound.Introspection;

/// <summary>
/// Clear answers by the digest of the token. Those that say "active" and those that do not each have a memory of their
/// own, since anybody can make up tokens that are not active. A dropped answer is asked for again, never presumed.
/// </summary>
internal sealed class IntrospectionAnswers(TimeSpan maxAge, TimeProvider clock, int capacity = 10_000)
{
    private readonly Lock gate = new();
    private readonly TwoHalves<TokenDigest, Entry> active = new(capacity, EqualityComparer<TokenDigest>.Default, clock);
    private readonly TwoHalves<TokenDigest, Entry> inactive = new(capacity, EqualityComparer<TokenDigest>.Default, clock);

    public int Count
    {
        get
        {
            lock (gate)
            {
                return active.Count + inactive.Count;
            }
        }
    }

    /// <summary>The answer, while it is young enough.</summary>
    public IntrospectionAnswer? Find(TokenDigest digest) =>
        Get(digest) is { } entry && entry.Asked.Age(clock) < maxAge ? entry.Answer : null;

    /// <summary>The subject that the last answer named, however old it is; empty when it was active and named none, null when it was not.</summary>
    public string? LastSubject(TokenDigest digest) =>
        Get(digest)?.Answer is IntrospectionAnswer.Active known ? Jws.StringOf(known.Claims, "sub") ?? "" : null;

    /// <summary>Remembers an answer. It is as old as the question.</summary>
    public void Put(TokenDigest digest, IntrospectionAnswer answer, Moment asked)
    {
        lock (gate)
        {
            var (its, other) = answer is IntrospectionAnswer.Active ? (active, inactive) : (inactive, active);
            _ = Take(other.Young, digest) ?? Take(other.Old, digest) ?? Take(its.Old, digest);
            its.Put(digest, new(answer, asked));
        }
    }

    private Entry? Get(TokenDigest digest)
    {
        lock (gate)
        {
            return Used(active, digest) ?? Used(inactive, digest);
        }
    }

    // What is used stays: a subject, too, whose answer is too old.
    private static Entry? Used(TwoHalves<TokenDigest, Entry> its, TokenDigest digest)
    {
        if (its.Young.TryGetValue(digest, out var entry) || (entry = Take(its.Old, digest)) is null)
        {
            return entry;
        }

        its.Put(digest, entry);
        return entry;
    }

    private static Entry? Take(ConcurrentDictionary<TokenDigest, Entry> half, TokenDigest digest) => half.TryRemove(digest, out var entry) ? entry : null;

    private sealed record Entry(IntrospectionAnswer Answer, Moment Asked);
}
