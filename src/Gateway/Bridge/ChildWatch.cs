using System.Runtime.InteropServices;

namespace Gateway.Bridge;

/// <summary>
/// Tells when children have ended. A child that has ended is looked at and not reaped: until then its number belongs to
/// nobody else, so that a signal to its process group cannot hit a stranger.
/// </summary>
internal sealed class ChildWatch : IDisposable
{
    private const int InformationSize = 128;
    private readonly Lock gate = new();
    private readonly Dictionary<int, TaskCompletionSource> living = [];
    private readonly PosixSignalRegistration? registration;

    public ChildWatch() => registration = OperatingSystem.IsWindows() ? null : PosixSignalRegistration.Create(PosixSignal.SIGCHLD, _ => Look());

    /// <summary>Ends when the child has ended.</summary>
    public Task ExitOf(int id)
    {
        var exit = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            living.Add(id, exit);
        }

        // It may have ended before anybody watched.
        Look();
        return exit.Task;
    }

    /// <summary>Gives the number of an ended child back; its status as the system says it, or null when somebody else took it.</summary>
    public static int? Reap(int id)
    {
        int result, status;
        do
        {
            result = Native.WaitPid(id, out status, 0);
        }
        while (result < 0 && Marshal.GetLastPInvokeError() == Native.ErrorInterrupted);

        // What the child left behind is ours to reap where the bridge is the container's first process.
        while (Native.WaitPid(-id, out _, Native.WaitNoHang) > 0)
        {
        }

        return result == id ? status : null;
    }

    public void Dispose() => registration?.Dispose();

    private void Look()
    {
        lock (gate)
        {
            foreach (var (id, exit) in living)
            {
                if (HasEnded(id))
                {
                    living.Remove(id);
                    exit.SetResult();
                }
            }
        }
    }

    private static unsafe bool HasEnded(int id)
    {
        var information = stackalloc byte[InformationSize];
        new Span<byte>(information, InformationSize).Clear();
        int result;
        do
        {
            result = Native.WaitId(Native.WaitProcess, id, information, Native.WaitExited | Native.WaitNoHang | Native.WaitLeave);
        }
        while (result < 0 && Marshal.GetLastPInvokeError() == Native.ErrorInterrupted);

        // An error means that there is no such child any more; without news the signal's number stays zero.
        return result < 0 || *(int*)information != 0;
    }
}
