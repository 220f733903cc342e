using System.Diagnostics;
using System.Net.Http.Headers;

namespace Gateway.Observe;

/// <summary>
/// Takes the trace context of a caller, and hands ours on. Baggage is the caller's business with the MCP server: it is
/// forwarded as a header like any other, byte for byte, and goes to nobody else.
/// </summary>
/// <remarks>W3C Trace Context §3.2, §3.3.</remarks>
internal sealed class TraceContext : DistributedContextPropagator
{
    private const string TraceParent = "traceparent";
    private const string TraceState = "tracestate";
    private const int KnownLength = 55;
    private static readonly DistributedContextPropagator W3C = CreateW3CPropagator();

    public override IReadOnlyCollection<string> Fields { get; } = [TraceParent, TraceState];

    public override void Inject(Activity? activity, object? carrier, PropagatorSetterCallback? setter)
    {
        if (activity?.Id is not { } id || setter is null)
        {
            return;
        }

        if (carrier is HttpRequestMessage request)
        {
            // What was copied from the caller names the caller's span, not ours.
            request.Headers.Remove(TraceParent);
            request.Headers.Remove(TraceState);
        }

        setter(carrier, TraceParent, id);
        if (!string.IsNullOrEmpty(activity.TraceStateString))
        {
            setter(carrier, TraceState, activity.TraceStateString);
        }
    }

    /// <summary>
    /// Where nobody records spans, what was copied from a caller goes on as it came, provided that it is a trace context: the
    /// one that the request's activity goes on with, and with it the audit. Anything else makes way for that activity's own.
    /// </summary>
    public static void Complete(HttpRequestHeaders outbound)
    {
        var activity = Activity.Current;
        if (outbound.NonValidated.TryGetValues(TraceParent, out var lines) && lines.Count == 1
            && (activity is null ? ActivityContext.TryParse(lines.ToString(), null, out _) : lines.ToString() == activity.ParentId))
        {
            return;
        }

        outbound.Remove(TraceParent);
        outbound.Remove(TraceState);
        if (activity is { IdFormat: ActivityIdFormat.W3C, Id: { } id })
        {
            outbound.TryAddWithoutValidation(TraceParent, id);
        }
    }

    public override void ExtractTraceIdAndState(object? carrier, PropagatorGetterCallback? getter, out string? traceId, out string? traceState)
    {
        W3C.ExtractTraceIdAndState(carrier, getter, out traceId, out traceState);

        // What a later version has more is not ours to know (§2.2.1), and an activity takes no id that has it.
        traceId = traceId is { Length: > KnownLength } ? traceId[..KnownLength] : traceId;
    }

    public override IEnumerable<KeyValuePair<string, string?>>? ExtractBaggage(object? carrier, PropagatorGetterCallback? getter) => null;
}
