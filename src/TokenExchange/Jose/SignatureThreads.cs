using System.Runtime.CompilerServices;

namespace TokenExchange.Jose;

/// <summary>
/// Where signatures are made and checked, and exchanges begin: threads of their own, that begin what comes first and sleep when
/// nothing is left. A caller may be on a thread that serves the sockets of others: what is long by comparison with a request whose
/// tokens are known is not done there, so that nobody waits for another's signature.
/// </summary>
/// <remarks>Not the thread pool's, which adds threads beside those that are busy, and looks for more work for a while after it has done some.</remarks>
internal static class SignatureThreads
{
    /// <summary>How many. One fewer would leave a processor to those whose tokens are known, and made them wait no less when that was measured.</summary>
    public static readonly int Most = Environment.ProcessorCount;

    private static readonly object Turn = new();
    private static readonly Queue<Action> Waiting = new();
    private static int started;
    private static int idle;

    [ThreadStatic]
    private static bool isOne;

    /// <summary>Goes on on such a thread; at once where the caller is on one, or on the thread pool, which serves nobody's sockets.</summary>
    public static Switching Switch() => default;

    private static void Enqueue(Action continuation)
    {
        lock (Turn)
        {
            Waiting.Enqueue(continuation);
            if (idle > 0)
            {
                idle--;
                Monitor.Pulse(Turn);
            }
            else if (started < Most)
            {
                started++;
                new Thread(Work) { IsBackground = true, Name = "Signatures" }.UnsafeStart();
            }
        }
    }

    private static void Work()
    {
        isOne = true;
        while (true)
        {
            Next()();
        }
    }

    private static Action Next()
    {
        lock (Turn)
        {
            Action? next;
            while (!Waiting.TryDequeue(out next))
            {
                idle++;
                Monitor.Wait(Turn);
            }

            return next;
        }
    }

    /// <summary>What <see cref="Switch"/> gives to <c>await</c>.</summary>
    public readonly struct Switching : ICriticalNotifyCompletion
    {
        public bool IsCompleted => isOne || Thread.CurrentThread.IsThreadPoolThread;

        public Switching GetAwaiter() => this;

        public void GetResult()
        {
        }

        public void OnCompleted(Action continuation) => Enqueue(continuation);

        public void UnsafeOnCompleted(Action continuation) => Enqueue(continuation);
    }
}
