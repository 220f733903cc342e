using System.Diagnostics;

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

    public override void ExtractTraceIdAndState(object? carrier, PropagatorGetterCallback? getter, out string? traceId, out string? traceState) =>
        W3C.ExtractTraceIdAndState(carrier, getter, out traceId, out traceState);

    public override IEnumerable<KeyValuePair<string, string?>>? ExtractBaggage(object? carrier, PropagatorGetterCallback? getter) => null;
}
