using System.Diagnostics.Tracing;

namespace Gateway.Benchmarks;

/// <summary>
/// What is allocated, by type: the runtime names one object about every 100 KiB, so bytes of a type are its share of the
/// samples. Kinds that are rare are therefore not seen, and small differences are noise.
/// </summary>
internal sealed class AllocatedTypes : EventListener
{
    private const string Runtime = "Microsoft-Windows-DotNETRuntime";
    private const EventKeywords Gc = (EventKeywords)0x1;
    private const int AllocationTick = 10;
    private readonly Lock gate = new();
    private Dictionary<string, double> bytes = [];

    /// <summary>The bytes by type since the last call.</summary>
    public Dictionary<string, double> Take()
    {
        lock (gate)
        {
            (var taken, bytes) = (bytes, []);
            return taken;
        }
    }

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == Runtime)
        {
            EnableEvents(eventSource, EventLevel.Verbose, Gc);
        }
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (eventData is not { EventId: AllocationTick, PayloadNames: { } names, Payload: { } payload })
        {
            return;
        }

        var amount = Convert.ToDouble(payload[names.IndexOf("AllocationAmount64")], System.Globalization.CultureInfo.InvariantCulture);
        lock (gate)
        {
            var name = (string)payload[names.IndexOf("TypeName")]!;
            bytes[name] = bytes.GetValueOrDefault(name) + amount;
        }
    }
}
