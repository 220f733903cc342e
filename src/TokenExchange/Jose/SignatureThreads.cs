using System.Runtime.CompilerServices;

namespace TokenExchange.Jose;

/// <summary>
/// Where signatures are made and checked, and exchanges begin: threads of their own, that begin what comes first and sleep when
/// nothing is left. A caller may be on a thread that serves the sockets of others: what is long by comparison with a request whose
/// tokens are known is not done there, so that nobody waits for another's signature.
/// </summary>
/// <remarks>Not the thread pool's, which adds threads beside those that are busy, and looks for more work for a while after it has done some.</remarks>
/// <param name="most">How many threads.</param>
/// <param name="mostWaiting">How many may wait for one before it is full.</param>
internal sealed class SignatureThreads(int most, int mostWaiting)
{
    /// <summary>How many. One fewer would leave a processor to those whose tokens are known, and made them wait no less when that was measured.</summary>
    public static readonly int Most = Environment.ProcessorCount;

    /// <summary>Those of this process. Half a second's worth of ES256 may wait: a client can have a hundred requests on each of its connections.</summary>
    public static readonly SignatureThreads Shared = new(Most, Most * 8192);

    private readonly object turn = new();
    private readonly Queue<Action> waiting = new();
    private int started;
    private int idle;

    [ThreadStatic]
    private static bool isOne;

    /// <summary>Goes on on such a thread; at once where the caller is on one, or on the thread pool, which serves nobody's sockets.</summary>
    public static Switching Switch() => Shared.SwitchTo();

    /// <summary>Whether so many wait that what arrives now, from whomever, had better come back later: who waits holds memory, and all who come after.</summary>
    public bool IsFull
    {
        get
        {
            lock (turn)
            {
                return waiting.Count >= mostWaiting;
            }
        }
    }

    /// <summary>As <see cref="Switch"/>, to one of these.</summary>
    public Switching SwitchTo() => new(this);

    private void Enqueue(Action continuation)
    {
        lock (turn)
        {
            waiting.Enqueue(continuation);
            if (idle > 0)
            {
                idle--;
                Monitor.Pulse(turn);
            }
            else if (started < most)
            {
                started++;
                new Thread(Work) { IsBackground = true, Name = "Signatures" }.UnsafeStart();
            }
        }
    }

    private void Work()
    {
        isOne = true;
        while (true)
        {
            Next()();
        }
    }

    private Action Next()
    {
        lock (turn)
        {
            Action? next;
            while (!waiting.TryDequeue(out next))
            {
                idle++;
                Monitor.Wait(turn);
            }

            return next;
        }
    }

    /// <summary>What <see cref="Switch"/> gives to <c>await</c>.</summary>
    public readonly struct Switching(SignatureThreads threads) : ICriticalNotifyCompletion
    {
        public bool IsCompleted => isOne || Thread.CurrentThread.IsThreadPoolThread;

        public Switching GetAwaiter() => this;

        public void GetResult()
        {
        }

        public void OnCompleted(Action continuation) => threads.Enqueue(continuation);

        public void UnsafeOnCompleted(Action continuation) => threads.Enqueue(continuation);
    }
}
