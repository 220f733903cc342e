using Gateway.Authorize.Bodies;
using Gateway.Authorize.Calls;
using Gateway.Authorize.Policy;
using TokenExchange.Inbound;

namespace Gateway.Authorize;

/// <summary>What callers may do at one server, and with which scopes it is asked for outbound.</summary>
internal sealed class OperationPolicy
{
    public required OperationRules Rules { get; init; }

    public required ScopeMapping Scopes { get; init; }

    /// <summary>Whether hop tokens carry the scopes of the operation alone.</summary>
    public required bool NarrowToOperation { get; init; }

    /// <summary>The scopes to ask for outbound, of a caller with these scopes and an operation that was judged so.</summary>
    public ScopeSet OutboundScopes(ScopeSet effective, in OperationVerdict verdict) => Scopes.Outbound(NarrowToOperation ? verdict.Scopes : effective);

    /// <summary>What is asked of tokens for single calls; null: nothing.</summary>
    public CallPolicy? Calls { get; init; }

    /// <summary>The policy decision point that is asked besides; null: none.</summary>
    public PolicyCheck? Policy { get; init; }

    /// <summary>The longest request body, in bytes.</summary>
    public required long MaxRequestBody { get; init; }

    /// <summary>The longest that a request's body may take.</summary>
    public required TimeSpan RequestBodyTimeout { get; init; }

    /// <summary>What all request bodies together may hold, and one principal's.</summary>
    public required BodyBudget Bodies { get; init; }
}
