using System.Collections.Concurrent;
using System.Diagnostics;
using System.Reflection;
using System.Runtime.CompilerServices;
using Xunit.v3;

[assembly: Watch.HangWatch]

namespace Watch;

/// <summary>
/// Ends a run in which a test hangs, and names the test: a runner waits for ever, and whoever ends it from outside learns
/// nothing. Not even the slowest test takes a tenth of the limit.
/// </summary>
[AttributeUsage(AttributeTargets.Assembly)]
internal sealed class HangWatchAttribute : BeforeAfterTestAttribute
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);
    private static readonly ConcurrentDictionary<string, Event> Running = [];
    private static volatile Event lastEnded = new("none", Environment.TickCount64);

    /// <inheritdoc/>
    public override void Before(MethodInfo methodUnderTest, IXunitTest test) => Running[test.UniqueID] = new(test.TestDisplayName, Environment.TickCount64);

    /// <inheritdoc/>
    public override void After(MethodInfo methodUnderTest, IXunitTest test)
    {
        Running.TryRemove(test.UniqueID, out _);
        lastEnded = new(test.TestDisplayName, Environment.TickCount64);
    }

    // A thread of its own: what hangs may have taken those of the pool.
    [ModuleInitializer]
    internal static void Begin() => new Thread(Look) { IsBackground = true, Name = "hang watch" }.Start();

    private static void Look()
    {
        while (true)
        {
            Thread.Sleep(TimeSpan.FromSeconds(5));
            var now = Environment.TickCount64;
            var hanging = Running.Values.Where(test => now - test.At > Limit.TotalMilliseconds).Select(test => test.Name).ToList();

            // What hangs before or after a test, a fixture perhaps, is seen by that nothing else ends.
            if (hanging.Count > 0 || now - lastEnded.At > Limit.TotalMilliseconds)
            {
                End($"Failed : tests hang: {string.Join("; ", hanging.DefaultIfEmpty("none that runs"))}. The last that ended: {lastEnded.Name}.");
            }
        }
    }

    /// <summary>The runner does not show what a test process says at its end; tests/run names a file that it shows.</summary>
    private static void End(string report)
    {
        Console.Error.WriteLine(report);
        if (Environment.GetEnvironmentVariable("HANGING_TESTS") is { Length: > 0 } file)
        {
            File.AppendAllText(file, report + "\n");
        }

        using var self = Process.GetCurrentProcess();
        self.Kill();
    }

    private sealed record Event(string Name, long At);
}
