using System.Collections.Concurrent;
using TokenExchange.Jose;

namespace TokenExchange.Inbound.Proof;

/// <summary>
/// Keys that proofs were verified with, by their thumbprints, so that a key in use is not made anew for every proof. The
/// thumbprint is the key: nothing about a proof is remembered. Bounded in two halves, as accepted tokens are.
/// </summary>
internal sealed class ProofKeys(int capacity = 4096)
{
    private readonly Lock turning = new();
    private readonly int half = capacity / 2;
    private volatile ConcurrentDictionary<string, VerificationKey> young = new(StringComparer.Ordinal);
    private volatile ConcurrentDictionary<string, VerificationKey> old = new(StringComparer.Ordinal);
    private int youngCount;

    public VerificationKey? Find(string thumbprint)
    {
        if (young.TryGetValue(thumbprint, out var key))
        {
            return key;
        }

        if (old.TryRemove(thumbprint, out key))
        {
            Add(thumbprint, key);
        }

        return key;
    }

    public void Add(string thumbprint, VerificationKey key)
    {
        if (!young.TryAdd(thumbprint, key) || Interlocked.Increment(ref youngCount) < half)
        {
            return;
        }

        lock (turning)
        {
            if (Volatile.Read(ref youngCount) >= half)
            {
                old = young;
                young = new(StringComparer.Ordinal);
                Volatile.Write(ref youngCount, 0);
            }
        }
    }
}
