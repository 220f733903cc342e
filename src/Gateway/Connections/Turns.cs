namespace Gateway.Connections;

/// <summary>
/// The turns of whoever reads one connection, or accepts connections: after so many reads in a row for which it let nobody else have the
/// thread, it goes to the end of the thread pool's queue. Reads that never wait never let go of their thread by themselves.
/// </summary>
internal struct Turns
{
    /// <summary>How many reads in a row may find something to read: of pipelined requests one each, of an answer with what HttpClient reads at once 64 KiB.</summary>
    public const int Most = 16;

    /// <summary>
    /// How many reads of others, for each of its own, show that a thread which serves sockets was let go. One would not: a request and its
    /// answer are read by one thread in turn, and may be parts of one row.
    /// </summary>
    public const int OfOthers = 3;

    /// <summary>How many reads this thread has begun, whosoever they were.</summary>
    [ThreadStatic]
    private static uint all;

    private int inARow;
    private int thread;
    private uint before;

    /// <summary>The read that was just begun, with which a row begins anew.</summary>
    public ValueTask<T> Begin<T>(ValueTask<T> read)
    {
        all++;
        inARow = 0;
        return read;
    }

    /// <summary>The read that was just begun, or one that also gives way.</summary>
    public ValueTask<T> Take<T>(ValueTask<T> read)
    {
        all++;
        if (IsRow(read.IsCompleted))
        {
            inARow++;
        }
        else
        {
            (inARow, thread, before) = (1, Environment.CurrentManagedThreadId, all - 1);
        }

        if (inARow < Most)
        {
            return read;
        }

        inARow = 0;
        return GiveWayAsync(read);
    }

    /// <summary>
    /// Whether nobody else had the thread since the row began. Who waits on the pool has given way. A thread that serves sockets comes
    /// back with what is there already, so that waiting shows nothing there, but reads of others do, and another thread.
    /// </summary>
    private readonly bool IsRow(bool found)
    {
        if (inARow == 0)
        {
            return false;
        }

        if (Thread.CurrentThread.IsThreadPoolThread)
        {
            return found;
        }

        return thread == Environment.CurrentManagedThreadId && all - 1 - before - (uint)inARow < (uint)(OfOthers * inARow);
    }

    private static async ValueTask<T> GiveWayAsync<T>(ValueTask<T> reading)
    {
        var read = await reading;
        await Task.Yield();
        return read;
    }
}
