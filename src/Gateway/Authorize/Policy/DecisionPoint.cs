using System.Diagnostics;
using System.Text.Json;
using Gateway.Observe;
using TokenExchange.Inbound;
using TokenExchange.Issuers;

namespace Gateway.Authorize.Policy;

/// <summary>Where a decision point is, and how it is asked: what one is found again by.</summary>
internal sealed record DecisionPointSettings(string Url, string EvaluationsUrl, string? TokenFile, TimeSpan Timeout)
{
    /// <summary>Where lists are asked about unless the configuration says so: <c>evaluations</c> in place of the last segment.</summary>
    public static string EvaluationsOf(string url)
    {
        var address = new UriBuilder(url);
        address.Path = address.Path[..(address.Path.LastIndexOf('/') + 1)] + "evaluations";
        return address.Uri.AbsoluteUri;
    }
}

/// <summary>One policy decision point, for all servers that ask it: its connections, and its circuit breaker.</summary>
internal sealed class DecisionPoint(DecisionPointSettings settings, TimeProvider clock) : IDisposable
{
    private readonly JsonEndpoint endpoint = new(new JsonEndpointSettings("policy", settings.Timeout, settings.TokenFile), clock);
    private readonly Uri evaluation = new(settings.Url);
    private readonly Uri evaluations = new(settings.EvaluationsUrl);

    public DecisionPointSettings Settings => settings;

    public TimeProvider Clock => clock;

    /// <summary>May this be done?</summary>
    public async Task<PolicyDecision> EvaluateAsync(ValidatedToken token, ReadOnlyMemory<byte> message, string requestId)
    {
        using var span = Telemetry.Source.StartActivity("policy");
        var decision = await AskAsync(token.Issuer, token.Subject, message, requestId);
        Describe(span, decision);
        return decision;
    }

    /// <summary>The same of nobody.</summary>
    public Task<PolicyDecision> ProbeAsync(ReadOnlyMemory<byte> message) => AskAsync("", "", message, "doctor");

    /// <summary>Which of these may be done: as many answers as there were questions, in their order; null and the outage when they are not to be had.</summary>
    public async Task<(bool[]? Allowed, PolicyDecision? Outage)> EvaluateAllAsync(ValidatedToken token, ReadOnlyMemory<byte> message, int count, string requestId)
    {
        using var span = Telemetry.Source.StartActivity("policy list");
        span?.SetTag("gateway.policy.entries", count);
        var (allowed, outage) = await endpoint.PostAsync(evaluations, token.Issuer, token.Subject, message, requestId) switch
        {
            JsonAnswer.Answered { Body: var body } => ReadAll(body, count),
            JsonAnswer.Unavailable unavailable => (null, PolicyDecision.Unavailable(unavailable.Cause, unavailable.RetryAfter)),
            _ => throw new UnreachableException(),
        };
        Describe(span, outage);
        return (allowed, outage);
    }

    public void Dispose() => endpoint.Dispose();

    private async Task<PolicyDecision> AskAsync(string issuer, string subject, ReadOnlyMemory<byte> message, string requestId) => await endpoint.PostAsync(evaluation, issuer, subject, message, requestId) switch
    {
        JsonAnswer.Answered { Body: var body } => PolicyDecision.Of(body),
        JsonAnswer.Unavailable outage => PolicyDecision.Unavailable(outage.Cause, outage.RetryAfter),
        _ => throw new UnreachableException(),
    };

    private static (bool[]? Allowed, PolicyDecision? Outage) ReadAll(JsonElement body, int count)
    {
        if (!body.TryGetProperty("evaluations", out var list) || list.ValueKind != JsonValueKind.Array)
        {
            return (null, PolicyDecision.Unavailable("no_decisions"));
        }

        if (list.GetArrayLength() != count)
        {
            // Which of them is which, nobody knows.
            return (null, PolicyDecision.Unavailable("decisions_missing"));
        }

        var allowed = new bool[count];
        var place = 0;
        foreach (var entry in list.EnumerateArray())
        {
            var decision = PolicyDecision.Of(entry);
            if (decision.Outcome == PolicyOutcome.Unavailable)
            {
                return (null, decision);
            }

            allowed[place++] = decision.Outcome == PolicyOutcome.Allowed;
        }

        return (allowed, null);
    }

    private static void Describe(Activity? span, PolicyDecision? decision)
    {
        span?.SetTag("gateway.policy.outcome", decision?.Name ?? "answered");
        if (decision is { Outcome: PolicyOutcome.Unavailable, Why: var cause })
        {
            span?.SetTag("error.type", cause).SetStatus(ActivityStatusCode.Error);
        }
    }
}
