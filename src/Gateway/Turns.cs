namespace Gateway;

/// <summary>
/// The turns of whoever reads one connection, or accepts connections: after so many reads in a row that found something to read, it goes to
/// the end of the thread pool's queue, so that others have theirs. Reads that never wait never let go of their thread by themselves.
/// </summary>
internal struct Turns
{
    /// <summary>How many reads in a row may find something to read: of pipelined requests one each, of an answer with what HttpClient reads at once 64 KiB.</summary>
    public const int Most = 16;

    private int inARow;

    /// <summary>The read that was just begun, or one that also gives way.</summary>
    public ValueTask<T> Take<T>(ValueTask<T> read)
    {
        // Who waits on the pool has given way. A thread that serves sockets comes back with what is there already.
        inARow = read.IsCompleted || !Thread.CurrentThread.IsThreadPoolThread ? inARow + 1 : 0;
        if (inARow < Most)
        {
            return read;
        }

        inARow = 0;
        return GiveWayAsync(read);
    }

    private static async ValueTask<T> GiveWayAsync<T>(ValueTask<T> reading)
    {
        var read = await reading;
        await Task.Yield();
        return read;
    }
}
