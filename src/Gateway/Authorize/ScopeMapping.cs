using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Collections.Immutable;
using TokenExchange.Inbound;

namespace Gateway.Authorize;

/// <summary>
/// From the scopes of an inbound token to those that it counts for here, and on to those that are asked for outbound.
/// Results are remembered: the sets of scopes in use are few, and a caller cannot make up scopes.
/// </summary>
internal sealed class ScopeMapping
{
    private const int Remembered = 1024;
    private readonly FrozenDictionary<string, ImmutableArray<string>> implied;
    private readonly FrozenDictionary<string, ImmutableArray<string>>? map;
    private readonly ScopeSet? only;
    private readonly ConcurrentDictionary<ScopeSet, ScopeSet> effective = new();
    private readonly ConcurrentDictionary<ScopeSet, ScopeSet> outbound = new();

    public ScopeMapping(FrozenDictionary<string, ImmutableArray<string>> implied, FrozenDictionary<string, ImmutableArray<string>>? map, ScopeSet? only)
    {
        this.implied = implied;
        this.map = map;
        this.only = only;
    }

    /// <summary>Whether a scope is asked for to sign in, and never crosses.</summary>
    public static bool IsForSigningIn(string scope) => scope is "openid" or "profile" or "email" or "offline_access";

    /// <summary>The scopes closed under those that they stand for.</summary>
    public ScopeSet Effective(ScopeSet inbound) => implied.Count == 0 ? inbound : Remember(effective, inbound, Close);

    /// <summary>The scopes to ask for; sign-in scopes never cross.</summary>
    public ScopeSet Outbound(ScopeSet effectiveScopes) => Remember(outbound, effectiveScopes, Map);

    /// <summary>The inbound scopes that stand for outbound ones which an MCP server asks for.</summary>
    public ScopeSet Back(ScopeSet asked)
    {
        if (map is null)
        {
            return asked;
        }

        return ScopeSet.Of(map.Where(entry => entry.Value.Any(asked.Contains)).Select(entry => entry.Key));
    }

    private ScopeSet Close(ScopeSet scopes)
    {
        var all = new HashSet<string>(scopes, StringComparer.Ordinal);
        var open = new Queue<string>(scopes);
        while (open.TryDequeue(out var scope))
        {
            if (implied.TryGetValue(scope, out var others))
            {
                foreach (var other in others.Where(all.Add))
                {
                    open.Enqueue(other);
                }
            }
        }

        return ScopeSet.Of(all);
    }

    private ScopeSet Map(ScopeSet scopes)
    {
        var kept = scopes.Where(scope => !IsForSigningIn(scope));
        var mapped = map is null ? kept : kept.SelectMany(scope => map.TryGetValue(scope, out var others) ? others : []);
        var set = ScopeSet.Of(mapped);
        return only is null ? set : set.Intersect(only);
    }

    private static ScopeSet Remember(ConcurrentDictionary<ScopeSet, ScopeSet> memory, ScopeSet scopes, Func<ScopeSet, ScopeSet> compute)
    {
        if (memory.TryGetValue(scopes, out var known))
        {
            return known;
        }

        var result = compute(scopes);
        if (memory.Count < Remembered)
        {
            memory.TryAdd(scopes, result);
        }

        return result;
    }
}
