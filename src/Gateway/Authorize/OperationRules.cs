using System.Collections.Immutable;
using TokenExchange.Inbound;

namespace Gateway.Authorize;

/// <summary>One rule: which operations, and what they need.</summary>
internal sealed record OperationRule(Pattern Method, Pattern? Name, ScopeSet Scopes, bool Deny, bool Approval = false);

/// <summary>What the rules say of one operation.</summary>
/// <param name="Denied">Whether nobody may do it.</param>
/// <param name="Scopes">The scopes it needs, all of them.</param>
/// <param name="Class">Which rule matched; operations of one class need the same. -1: none.</param>
/// <param name="Approval">Whether the user must have approved this very call.</param>
internal readonly record struct OperationVerdict(bool Denied, ScopeSet Scopes, int Class, bool Approval = false);

/// <summary>The operation rules of one server: the first match wins.</summary>
internal sealed class OperationRules
{
    private readonly ImmutableArray<OperationRule> rules;
    private readonly ImmutableArray<OperationVerdict> verdicts;
    private readonly OperationVerdict other;
    private readonly OperationVerdict plain;

    public OperationRules(ImmutableArray<OperationRule> rules, ScopeSet required, bool denyOthers)
    {
        this.rules = rules;
        verdicts = [.. rules.Select((rule, index) => new OperationVerdict(rule.Deny, required.Union(rule.Scopes), index, rule.Approval))];
        plain = new OperationVerdict(false, required, -1);
        other = new OperationVerdict(denyOthers, required, -1);
        AllScopes = verdicts.Where(verdict => !verdict.Denied).Aggregate(required, (all, verdict) => all.Union(verdict.Scopes));
        Required = required;
    }

    /// <summary>The scopes that every request needs.</summary>
    public ScopeSet Required { get; }

    /// <summary>All scopes that some operation needs.</summary>
    public ScopeSet AllScopes { get; }

    /// <summary>Whether no rule can refuse what the required scopes admit.</summary>
    public bool Open => rules.IsEmpty && !other.Denied;

    public OperationVerdict Of(Operation operation)
    {
        if (operation.Method is not { } method)
        {
            // GET, DELETE and the client's answers carry no operation of their own.
            return plain;
        }

        for (var i = 0; i < rules.Length; i++)
        {
            var rule = rules[i];
            if (rule.Method.Matches(method) && (rule.Name is null || operation.Name is { } name && rule.Name.Matches(name)))
            {
                return verdicts[i];
            }
        }

        // A request without its id stays the operation that it names.
        var lifecycle = method.StartsWith("notifications/", StringComparison.Ordinal) ? operation.Kind == MessageKind.Notification : method is "initialize" or "server/discover" or "ping";
        return lifecycle ? plain : other;
    }
}
