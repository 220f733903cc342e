using TokenExchange.Jose;

namespace TokenExchange.Inbound.Introspection;

/// <summary>
/// Clear answers by the digest of the token. Bounded in two halves: what is new goes into the young half; when that is
/// full it becomes the old one, and the old one is dropped. A dropped answer is asked for again, never presumed.
/// </summary>
internal sealed class IntrospectionAnswers(TimeSpan maxAge, TimeProvider clock, int capacity = 10_000)
{
    private readonly Lock gate = new();
    private Dictionary<TokenDigest, Entry> young = [];
    private Dictionary<TokenDigest, Entry> old = [];

    public int Count
    {
        get
        {
            lock (gate)
            {
                return young.Count + old.Count;
            }
        }
    }

    /// <summary>The answer, while it is young enough.</summary>
    public IntrospectionAnswer? Find(TokenDigest digest) =>
        Get(digest) is { } entry && clock.GetUtcNow() - entry.Asked < maxAge ? entry.Answer : null;

    /// <summary>The subject that the last answer named, however old it is.</summary>
    public string? LastSubject(TokenDigest digest) =>
        Get(digest)?.Answer is IntrospectionAnswer.Active active ? Jws.StringOf(active.Claims, "sub") : null;

    public void Put(TokenDigest digest, IntrospectionAnswer answer, DateTimeOffset asked)
    {
        lock (gate)
        {
            if (young.Count >= capacity / 2 && !young.ContainsKey(digest))
            {
                (old, young) = (young, []);
            }

            old.Remove(digest);
            young[digest] = new(answer, asked);
        }
    }

    private Entry? Get(TokenDigest digest)
    {
        lock (gate)
        {
            return young.GetValueOrDefault(digest) ?? old.GetValueOrDefault(digest);
        }
    }

    private sealed record Entry(IntrospectionAnswer Answer, DateTimeOffset Asked);
}
