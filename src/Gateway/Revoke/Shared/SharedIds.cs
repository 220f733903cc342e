using TokenExchange.Inbound.Proof;

namespace Gateway.Revoke.Shared;

/// <summary>
/// Ids that are used once at all replicas together. What one caller may take of the memory, and an id that came here
/// before, is decided here; whether another replica has taken it, by the shared state.
/// </summary>
internal sealed class SharedIds(ReplayMemory here, RedisState state, SharedNames names, TimeProvider clock) : IUsedIds
{
    public async ValueTask<IdUse> TryTakeAsync(UsedId id, CancellationToken cancellationToken)
    {
        var use = await here.TryTakeAsync(id, cancellationToken);
        if (use != IdUse.Taken)
        {
            return use;
        }

        try
        {
            // Not given up when the caller leaves: then nobody would know whether it is taken.
            return await state.TakeAsync(names.Of(id), SharedNames.KeepFor(id, clock.GetUtcNow())) ? IdUse.Taken : IdUse.Seen;
        }
        catch (StateException)
        {
            here.Return(id);
            return IdUse.Unavailable;
        }
    }
}
