using TokenExchange.Jose;

namespace TokenExchange.Inbound.Proof;

/// <summary>
/// Keys that proofs were verified with, by their thumbprints, so that a key in use is not made anew for every proof. The
/// thumbprint is the key: nothing about a proof is remembered. Bounded as accepted tokens are.
/// </summary>
internal sealed class ProofKeys(TimeProvider clock, int capacity = 4096)
{
    private readonly TwoHalves<string, VerificationKey> halves = new(capacity, StringComparer.Ordinal, clock);

    public VerificationKey? Find(string thumbprint)
    {
        if (halves.Young.TryGetValue(thumbprint, out var key))
        {
            return key;
        }

        if (halves.Old.TryRemove(thumbprint, out key))
        {
            Add(thumbprint, key);
        }

        return key;
    }

    public void Add(string thumbprint, VerificationKey key) => halves.Put(thumbprint, key);
}
