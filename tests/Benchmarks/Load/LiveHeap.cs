using System.Diagnostics.Tracing;
using Microsoft.Diagnostics.NETCore.Client;
using Microsoft.Diagnostics.Tracing;
using Microsoft.Diagnostics.Tracing.Parsers;

namespace Gateway.Benchmarks.Load;

/// <summary>What is alive on a .NET process's heap: its size right after a full collection, which this induces.</summary>
internal static class LiveHeap
{
    public static Task<long> BytesAsync(int process) => Task.Factory.StartNew(() => Bytes(process), TaskCreationOptions.LongRunning);

    private static long Bytes(int process)
    {
        var size = 0L;
        var stopping = Task.CompletedTask;
        using var session = new DiagnosticsClient(process).StartEventPipeSession(
            [new EventPipeProvider("Microsoft-Windows-DotNETRuntime", EventLevel.Informational, (long)(ClrTraceEventParser.Keywords.GC | ClrTraceEventParser.Keywords.GCHeapCollect))],
            requestRundown: false);
        using var source = new EventPipeEventSource(session.EventStream);
        source.Clr.GCHeapStats += statistics =>
        {
            if (size == 0)
            {
                size = statistics.TotalHeapSize;
                stopping = Task.Run(session.Stop);
            }
        };
        source.Process();

        // The process may be stopped as soon as this returns; the session must have let go of it by then.
        stopping.Wait();
        return size;
    }
}
