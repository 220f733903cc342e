using System.Collections.Immutable;
using TokenExchange.AspNetCore.Calls;
using TokenExchange.Inbound;

namespace Gateway.Authorize;

/// <summary>One rule: which operations, and what they need.</summary>
internal sealed record OperationRule(Pattern Method, Pattern? Name, ScopeSet Scopes, bool Deny, bool Approval = false);

/// <summary>What the rules say of one operation.</summary>
/// <param name="Denied">Whether nobody may do it.</param>
/// <param name="Scopes">The scopes it needs, all of them.</param>
/// <param name="Approval">Whether the user must have approved this very call.</param>
internal readonly record struct OperationVerdict(bool Denied, ScopeSet Scopes, bool Approval)
{
    /// <summary>What an operation needs that is both: all that either needs, and denied when either is.</summary>
    public OperationVerdict And(OperationVerdict other) => new(
        Denied || other.Denied,
        other.Scopes.IsSubsetOf(Scopes) ? Scopes : Scopes.Union(other.Scopes),
        Approval || other.Approval);
}

/// <summary>The operation rules of one server: the first match wins.</summary>
internal sealed class OperationRules
{
    private readonly ImmutableArray<OperationRule> rules;
    private readonly ImmutableArray<OperationVerdict> verdicts;
    private readonly OperationVerdict other;
    private readonly OperationVerdict plain;
    private readonly bool judgesUris;

    /// <param name="rules">The rules in their order.</param>
    /// <param name="required">The scopes that every request needs.</param>
    /// <param name="denyOthers">Whether what no rule matches is denied.</param>
    /// <param name="strictUris">Whether URIs must be spelt as every reader reads them, where a rule names any.</param>
    /// <param name="judgedElsewhere">Whether a policy decision point judges by URIs as well.</param>
    public OperationRules(ImmutableArray<OperationRule> rules, ScopeSet required, bool denyOthers, bool strictUris = true, bool judgedElsewhere = false)
    {
        this.rules = rules;
        judgesUris = strictUris && (judgedElsewhere || rules.Any(rule => rule.Name is not null && OperationNames.MayBeUri(rule.Method)));
        verdicts = [.. rules.Select(rule => new OperationVerdict(rule.Deny, required.Union(rule.Scopes), rule.Approval))];
        plain = new OperationVerdict(Denied: false, required, Approval: false);
        other = new OperationVerdict(denyOthers, required, Approval: false);
        AllScopes = verdicts.Where(verdict => !verdict.Denied).Aggregate(required, (all, verdict) => all.Union(verdict.Scopes));
        Required = required;
    }

    /// <summary>The scopes that every request needs.</summary>
    public ScopeSet Required { get; }

    /// <summary>All scopes that some operation needs.</summary>
    public ScopeSet AllScopes { get; }

    /// <summary>Whether no rule can refuse what the required scopes admit.</summary>
    public bool Open => rules.IsEmpty && !other.Denied;

    /// <summary>
    /// Whether a server could read one of the operation's URIs as another one, about which the rules say something else.
    /// Asked before the rules are, since a rule speaks of a spelling and a server serves what it makes of it.
    /// </summary>
    public bool AreMistakable(Operation operation)
    {
        if (!judgesUris)
        {
            return false;
        }

        if (operation is { IsUri: true, Name: { } uri } && IsMistakable(operation.Method!, uri))
        {
            return true;
        }

        foreach (var subscription in operation.Subscriptions)
        {
            if (subscription.Method == OperationNames.Subscribe && IsMistakable(subscription.Method, subscription.Name))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Whether a rule that is not a Deny would have to know the name that the operation does not say: a server that finds one
    /// all the same would do what the rule speaks of. A Deny matches it (<see cref="Of(Operation)"/>).
    /// </summary>
    public bool LacksName(Operation operation) =>
        operation is { Method: { } method, Name: null } && OperationNames.Of(method) != NameKind.None
        && rules.Any(rule => rule.Name is not null && rule.Method.Matches(method)) && !Of(operation).Denied;

    public OperationVerdict Of(Operation operation)
    {
        if (operation.Method is not { } method)
        {
            // GET, DELETE and the client's answers carry no operation of their own.
            return plain;
        }

        var verdict = Of(method, operation.Name, operation.Kind);
        foreach (var subscription in operation.Subscriptions)
        {
            verdict = verdict.And(Of(subscription.Method, subscription.Name, MessageKind.Request));
        }

        return verdict;
    }

    private OperationVerdict Of(string method, string? name, MessageKind kind)
    {
        if (Match(method, name) is var index && index < rules.Length)
        {
            return verdicts[index];
        }

        // A request without its id stays the operation that it names.
        var lifecycle = method.StartsWith("notifications/", StringComparison.Ordinal) ? kind == MessageKind.Notification : method is "initialize" or "server/discover" or "ping";
        return lifecycle ? plain : other;
    }

    /// <summary>The first rule that matches; as many as there are when none does. What a Deny may be meant for, and does not say, it matches.</summary>
    private int Match(string method, string? name, bool ignoreCase = false)
    {
        for (var i = 0; i < rules.Length; i++)
        {
            var rule = rules[i];
            if (rule.Method.Matches(method) && (rule.Name is null || (name is not null ? rule.Name.Matches(name, ignoreCase) : rule.Deny && OperationNames.Of(method) != NameKind.None)))
            {
                return i;
            }
        }

        return rules.Length;
    }

    private bool IsMistakable(string method, string uri)
    {
        // What a completion refers to may be a template; rules know it by its own text, and so do its other readings.
        if (!ResourceUri.IsNormal(OperationNames.Of(method) == NameKind.Reference ? ResourceUri.Expanded(uri) : uri))
        {
            return true;
        }

        var match = Match(method, uri);
        foreach (var reading in ResourceUri.OtherReadings(uri))
        {
            if (Match(method, reading) != match || IsEarlier(ResourceUri.WithOtherEmptyPath(reading)))
            {
                return true;
            }
        }

        // The C# SDK matches templates whatever the case, and paths of drives are equal in any.
        return IsEarlier(ResourceUri.WithOtherEmptyPath(uri)) || Match(method, uri, ignoreCase: true) < match;

        bool IsEarlier(string? reading) => reading is not null && Match(method, reading) < match;
    }
}
