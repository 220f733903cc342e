using System.Runtime.InteropServices;
using TokenExchange.Inbound;

namespace Gateway.Authorize.Bodies;

/// <summary>Whose bytes are counted: a subject of an issuer, whatever clients and tokens it comes with.</summary>
internal readonly record struct Principal(string Issuer, string Subject)
{
    public static Principal Of(ValidatedToken token) => new(token.Issuer, token.Subject);
}

/// <summary>
/// The bytes of request bodies that are held in this moment, of all requests of the process and of each principal. Counting
/// allocates nothing once a stripe has seen as many principals at a time as it sees now.
/// </summary>
internal sealed class HeldBodies
{
    private readonly Stripe[] stripes = [.. Enumerable.Range(0, 16).Select(_ => new Stripe())];
    private readonly HeldBytes total = new();

    /// <summary>How many bytes are held by all.</summary>
    public long Total => total.Value;

    /// <summary>Counts further bytes of a principal, unless all would then hold more than <paramref name="most"/>, or the principal more than <paramref name="own"/>; null: more than would then be left of <paramref name="most"/>.</summary>
    public bool TryTake(in Principal principal, long bytes, long most, long? own)
    {
        var stripe = StripeOf(principal);
        lock (stripe.Gate)
        {
            ref var held = ref CollectionsMarshal.GetValueRefOrAddDefault(stripe.Held, principal, out var isKnown);

            // What is left is looked at and taken in one step: others take of it in the same moment.
            if (own is { } limit ? held + bytes <= limit && total.TryAdd(bytes, most) : total.TryAdd(bytes, most - held))
            {
                held += bytes;
                return true;
            }

            if (!isKnown)
            {
                stripe.Held.Remove(principal);
            }

            return false;
        }
    }

    public void Give(in Principal principal, long bytes)
    {
        var stripe = StripeOf(principal);
        lock (stripe.Gate)
        {
            ref var held = ref CollectionsMarshal.GetValueRefOrNullRef(stripe.Held, principal);
            held -= bytes;
            if (held == 0)
            {
                stripe.Held.Remove(principal);
            }
        }

        total.Subtract(bytes);
    }

    private Stripe StripeOf(in Principal principal) => stripes[(uint)principal.GetHashCode() % (uint)stripes.Length];

    private sealed class Stripe
    {
        public readonly Lock Gate = new();
        public readonly Dictionary<Principal, long> Held = [];
    }
}

/// <summary>
/// How much may be held, as one generation says: of all requests together, and of one principal a quarter, so that nobody
/// takes the memory of all.
/// </summary>
internal sealed class BodyBudget(HeldBodies held, long limit)
{
    /// <summary>A hold without a byte yet; disposing of it gives everything back.</summary>
    public BodyHold For(Principal principal) => new(this, principal);

    public bool TryTake(in Principal principal, long bytes) => held.TryTake(principal, bytes, limit, limit / 4);

    public void Give(in Principal principal, long bytes) => held.Give(principal, bytes);
}

/// <summary>What one request holds of the budget; given back once.</summary>
internal struct BodyHold(BodyBudget budget, Principal principal) : IDisposable
{
    private long bytes;

    /// <summary>Makes the hold as large as <paramref name="wanted"/>; false when the budget does not allow it, and then it stays as it was.</summary>
    public bool TryGrow(long wanted)
    {
        if (wanted <= bytes)
        {
            return true;
        }

        if (!budget.TryTake(principal, wanted - bytes))
        {
            return false;
        }

        bytes = wanted;
        return true;
    }

    /// <summary>Makes the hold larger by <paramref name="more"/>, likewise.</summary>
    public bool TryAdd(long more) => TryGrow(bytes + more);

    /// <summary>Gives everything back; it can be held again.</summary>
    public void Dispose()
    {
        if (bytes > 0)
        {
            budget.Give(principal, bytes);
            bytes = 0;
        }
    }
}
