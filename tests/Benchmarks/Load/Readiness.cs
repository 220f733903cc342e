using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Gateway.Benchmarks.Load;

/// <summary>Waits for many sockets at once, to the microsecond: poll(2) with the time that the framework's own does not have.</summary>
internal sealed class Readiness
{
    private const short Readable = 1;
    private const int TimerSlack = 29;
    private readonly Entry[] entries;

    public Readiness(IReadOnlyList<Socket> sockets)
    {
        entries = [.. sockets.Select(socket => new Entry { Descriptor = (int)socket.Handle, Wanted = Readable })];

        // Else the kernel may wake this thread 50 µs late, in order to wake others with it.
        _ = SetOption(TimerSlack, 1, 0, 0, 0);
    }

    /// <summary>Whether the socket at this place has something to read, or has ended, since the last wait.</summary>
    public bool this[int place] => entries[place].Seen != 0;

    /// <summary>Waits for another socket at this place from now on.</summary>
    public void Watch(int place, Socket socket) => entries[place].Descriptor = (int)socket.Handle;

    public void Wait(TimeSpan atMost)
    {
        var nanoseconds = Math.Max(0, (long)atMost.TotalNanoseconds);
        var timeout = new Time { Seconds = (nint)(nanoseconds / 1_000_000_000), Nanoseconds = (nint)(nanoseconds % 1_000_000_000) };
        _ = Poll(entries, (nuint)entries.Length, in timeout, 0);
    }

    [DllImport("libc", EntryPoint = "ppoll")]
    private static extern int Poll([In, Out] Entry[] entries, nuint count, in Time timeout, nint mask);

    [DllImport("libc", EntryPoint = "prctl")]
    private static extern int SetOption(int option, nuint value, nuint unused3, nuint unused4, nuint unused5);

    [StructLayout(LayoutKind.Sequential)]
    private struct Entry
    {
        public int Descriptor;
        public short Wanted;
        public short Seen;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Time
    {
        public nint Seconds;
        public nint Nanoseconds;
    }
}
