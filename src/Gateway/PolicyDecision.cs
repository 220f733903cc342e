using System.Text.Json;
using Gateway.Advertise;

namespace Gateway;

internal enum PolicyOutcome
{
    Denied,
    Allowed,
    Unavailable,
}

/// <summary>What came of asking a decision point. Only a <c>decision</c> that is true allows anything.</summary>
/// <param name="Outcome">Whether it allows, denies, or is not to be had.</param>
/// <param name="Id">The decision's id, where the decision point gives one.</param>
/// <param name="Why">Its reason, in words of its own; for an outage, the kind of it.</param>
/// <param name="RetryAfter">When to ask again.</param>
internal sealed record PolicyDecision(PolicyOutcome Outcome, string? Id = null, string? Why = null, TimeSpan? RetryAfter = null)
{
    /// <summary>The name of an outcome in audit and metrics.</summary>
    public string Name => Outcome switch
    {
        PolicyOutcome.Allowed => "allowed",
        PolicyOutcome.Denied => "denied",
        _ => "unavailable",
    };

    public static PolicyDecision Unavailable(string cause, TimeSpan? retryAfter = null) => new(PolicyOutcome.Unavailable, Why: cause, RetryAfter: retryAfter ?? Refusal.ComeBack);

    /// <summary>Reads an access evaluation response.</summary>
    /// <remarks>AuthZEN 1.0 §6.2: <c>decision</c> is a boolean; what <c>context</c> holds is the decision point's own.</remarks>
    public static PolicyDecision Of(JsonElement answer)
    {
        if (answer.ValueKind != JsonValueKind.Object || !answer.TryGetProperty("decision", out var decision) || decision.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
        {
            return Unavailable("no_decision");
        }

        var outcome = decision.ValueKind == JsonValueKind.True ? PolicyOutcome.Allowed : PolicyOutcome.Denied;
        return answer.TryGetProperty("context", out var context) && context.ValueKind == JsonValueKind.Object
            ? new(outcome, Text(context, "id"), Text(context, "reason") ?? Text(context, "reason_admin") ?? Text(context, "reason_user"))
            : new(outcome);
    }

    /// <summary>A text or a number, or the first one in an object, as reasons by code or language are written.</summary>
    private static string? Text(JsonElement context, string name)
    {
        if (!context.TryGetProperty(name, out var value))
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Object)
        {
            var first = value.EnumerateObject().FirstOrDefault();
            value = first.Value;
        }

        try
        {
            return value.ValueKind switch
            {
                JsonValueKind.String => value.GetString(),
                JsonValueKind.Number => value.GetRawText(),
                _ => null,
            };
        }
        catch (InvalidOperationException)
        {
            // No Unicode.
            return null;
        }
    }
}
