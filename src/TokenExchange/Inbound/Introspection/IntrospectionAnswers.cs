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
    private readonly Halves active = new(capacity);
    private readonly Halves inactive = new(capacity);

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
            other.Remove(digest);
            its.Put(digest, new(answer, asked));
        }
    }

    private Entry? Get(TokenDigest digest)
    {
        lock (gate)
        {
            return active.Get(digest) ?? inactive.Get(digest);
        }
    }

    private sealed record Entry(IntrospectionAnswer Answer, Moment Asked);

    /// <summary>Bounded in two halves: what is new goes into the young one; when that is full it becomes the old one, and the old one is dropped.</summary>
    private sealed class Halves(int capacity)
    {
        private Dictionary<TokenDigest, Entry> young = [];
        private Dictionary<TokenDigest, Entry> old = [];

        public int Count => young.Count + old.Count;

        public Entry? Get(TokenDigest digest) => young.GetValueOrDefault(digest) ?? old.GetValueOrDefault(digest);

        public void Remove(TokenDigest digest)
        {
            young.Remove(digest);
            old.Remove(digest);
        }

        public void Put(TokenDigest digest, Entry entry)
        {
            if (young.Count >= capacity / 2 && !young.ContainsKey(digest))
            {
                (old, young) = (young, []);
            }

            old.Remove(digest);
            young[digest] = entry;
        }
    }
}
