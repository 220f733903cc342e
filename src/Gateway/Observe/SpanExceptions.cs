using System.Diagnostics;

namespace Gateway.Observe;

/// <summary>
/// Has every recorded span tell an exception by its kinds alone. The HTTP client puts the exception of a failed request on
/// its span, and its text repeats what the peer sent.
/// </summary>
internal static class SpanExceptions
{
    private static readonly Lazy<ActivityListener> Listener = new(() =>
    {
        // It samples nothing, so that by itself it makes no span.
        var listener = new ActivityListener { ShouldListenTo = static _ => true, ExceptionRecorder = Tell };
        ActivitySource.AddActivityListener(listener);
        return listener;
    });

    /// <summary>From now on; once for the process, and only where spans are recorded: sources that nobody listens to cost nothing.</summary>
    public static void Clean() => _ = Listener.Value;

    private static void Tell(Activity activity, Exception exception, ref TagList tags)
    {
        tags.Add("exception.message", Fault.Kinds(exception));
        tags.Add("exception.stacktrace", Fault.Trace(exception));
    }
}
