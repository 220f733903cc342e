using Gateway.Advertise;
using Gateway.Observe;
using TokenExchange.Inbound;

namespace Gateway.Authorize.Policy;

/// <summary>
/// Asks the decision point of one server whether an operation may be done, after the gateway's own rules and before
/// anything is obtained or sent for it. Whatever is not a decision that says yes refuses.
/// </summary>
internal sealed class PolicyCheck(PolicySettings settings, DecisionPoint point, GatewayMetrics? metrics)
{
    /// <summary>The most resources and tasks that one message may listen for: each is a question of its own.</summary>
    private const int MostSubscriptions = 256;

    /// <summary>How many of them are asked at a time.</summary>
    private const int AtOnce = 8;

    public PolicySettings Settings => settings;

    public DecisionPoint Point => point;

    /// <summary>What a policy judges a message by, or what is wrong with it, for two readers could read it differently.</summary>
    public PolicyParameters Read(Operation operation, ReadOnlyMemory<byte> body, out Refusal? fault) => PolicyParameters.Of(operation, body, settings.Arguments, out fault);

    /// <summary>Null when the operation may go on.</summary>
    public ValueTask<Refused?> RefusalAsync(GatewayRequest request, Authorized asked, CancellationToken cancellation)
    {
        var operation = asked.Operation;
        if (!PolicyQuestion.IsNeeded(operation))
        {
            return default;
        }

        if (PolicyQuestion.Of(operation) is not { } question)
        {
            return new(new Refused(Refusal.PolicyDenied, "unknown_method"));
        }

        if (operation.Subscriptions.Length > MostSubscriptions)
        {
            return new(new Refused(Refusal.PolicyDenied, "too_many_subscriptions"));
        }

        // The arguments are held a second time for as long as they are asked about.
        var parameters = asked.PolicyParameters;
        return parameters.Arguments.Length > 0 && !request.Held.TryGrow((long)asked.Body!.Length + parameters.Arguments.Length)
            ? new(Refusal.OverloadedByBodies)
            : AskAsync(request, asked, question, parameters, cancellation);
    }

    /// <summary>What the decision point says of somebody whom nobody knows: whether it answers at all is what counts.</summary>
    public async Task<PolicyDecision> ProbeAsync(CancellationToken cancellation) =>
        await point.ProbeAsync(PolicyMessage.Probe(settings)).WaitAsync(cancellation);

    /// <summary>One decision, counted. A caller who leaves cancels its own wait alone.</summary>
    public async Task<PolicyDecision> DecideAsync(ValidatedToken token, ReadOnlyMemory<byte> message, string requestId, CancellationToken cancellation)
    {
        var started = point.Clock.GetTimestamp();
        var decision = await point.EvaluateAsync(token, message, requestId).WaitAsync(cancellation);
        metrics?.PolicyAsked(settings.Server, decision.Name, point.Clock.GetElapsedTime(started));
        return decision;
    }

    /// <summary>Which entries of a list the caller may see; null and the outage when nobody can say.</summary>
    public async Task<(bool[]? Allowed, PolicyDecision? Outage)> DecideAllAsync(ValidatedToken token, IReadOnlyList<PolicyQuestion> questions, string requestId, CancellationToken cancellation)
    {
        var started = point.Clock.GetTimestamp();
        var (allowed, outage) = await point.EvaluateAllAsync(token, PolicyMessage.Evaluations(settings, token, questions), questions.Count, requestId).WaitAsync(cancellation);
        metrics?.PolicyAsked(settings.Server, outage?.Name ?? "filtered", point.Clock.GetElapsedTime(started));
        return (allowed, outage);
    }

    /// <summary>The refusal that a decision means; null for one that says yes.</summary>
    public static Refused? RefusalOf(PolicyDecision decision) => decision.Outcome switch
    {
        PolicyOutcome.Allowed => null,
        PolicyOutcome.Unavailable => new Refused(Refusal.PolicyUnavailable, decision.Why, RetryAfter: decision.RetryAfter),
        _ => Refusal.PolicyDenied,
    };

    private async ValueTask<Refused?> AskAsync(GatewayRequest request, Authorized asked, PolicyQuestion question, PolicyParameters parameters, CancellationToken cancellation)
    {
        var token = asked.Admitted.Token;
        var decision = await DecideAsync(token, PolicyMessage.Evaluation(settings, token, question, parameters), request.Id, cancellation);
        if (decision.Outcome == PolicyOutcome.Allowed && !asked.Operation.Subscriptions.IsEmpty)
        {
            decision = await SubscriptionsAsync(request, asked, decision, cancellation);
        }

        request.Record.Policy = decision;
        return RefusalOf(decision);
    }

    /// <summary>Each subscription by itself: the first that is not allowed decides.</summary>
    private async Task<PolicyDecision> SubscriptionsAsync(GatewayRequest request, Authorized asked, PolicyDecision decision, CancellationToken cancellation)
    {
        var token = asked.Admitted.Token;
        foreach (var some in asked.Operation.Subscriptions.Distinct().Chunk(AtOnce))
        {
            var decisions = await Task.WhenAll(some.Select(one => DecideAsync(token, PolicyMessage.Evaluation(settings, token, PolicyQuestion.Of(one), PolicyParameters.None), request.Id, cancellation)));
            if (Array.Find(decisions, one => one.Outcome != PolicyOutcome.Allowed) is { } refused)
            {
                return refused;
            }
        }

        return decision;
    }
}
