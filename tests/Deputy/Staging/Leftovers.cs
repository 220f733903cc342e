using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Deputy.Staging;

/// <summary>What an attack that is broken off leaves behind: processes with all that they started, and directories.</summary>
internal static class Leftovers
{
    private static readonly Lock Gate = new();
    private static readonly HashSet<Process> Processes = [];
    private static readonly HashSet<DirectoryInfo> Directories = [];

    /// <summary>Whether everything was taken away, so that nothing new may begin.</summary>
    private static bool ended;

    /// <summary>
    /// Takes everything away when the kit is told to end (SIGINT, SIGTERM, SIGHUP), and ends it with the exit code that shells give for that.
    /// </summary>
    public static IDisposable OnSignals() => new Signals(
        [.. new[] { (PosixSignal.SIGINT, 130), (PosixSignal.SIGTERM, 143), (PosixSignal.SIGHUP, 129) }.Select(pair => PosixSignalRegistration.Create(pair.Item1, context =>
        {
            context.Cancel = true;
            TakeAway();
            Environment.Exit(pair.Item2);
        }))]);

    public static Process Start(ProcessStartInfo start)
    {
        lock (Gate)
        {
            if (ended)
            {
                throw new InvalidOperationException("The kit ends.");
            }

            try
            {
                var process = Process.Start(start) ?? throw new InvalidOperationException($"'{start.FileName}' did not start.");
                Processes.Add(process);
                return process;
            }
            catch (Win32Exception exception)
            {
                throw new InvalidOperationException($"'{start.FileName}' cannot be started: {new Win32Exception(exception.NativeErrorCode).Message}.", exception);
            }
        }
    }

    /// <summary>Ends a process and all that it started, if it is there still.</summary>
    public static void End(Process process)
    {
        lock (Gate)
        {
            Processes.Remove(process);
        }

        Kill(process);
        process.Dispose();
    }

    public static void Add(DirectoryInfo directory)
    {
        lock (Gate)
        {
            Directories.Add(directory);
        }
    }

    /// <summary>Deletes a directory with all that is in it.</summary>
    public static void Remove(DirectoryInfo directory)
    {
        lock (Gate)
        {
            Directories.Remove(directory);
        }

        directory.Delete(recursive: true);
    }

    private static void TakeAway()
    {
        lock (Gate)
        {
            ended = true;
            foreach (var process in Processes)
            {
                Kill(process);
            }

            foreach (var directory in Directories)
            {
                try
                {
                    directory.Delete(recursive: true);
                }
                catch (IOException)
                {
                    // Somebody still writes there.
                }
            }
        }
    }

    private static void Kill(Process process)
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit(5000);
        }
    }

    private sealed class Signals(PosixSignalRegistration[] registrations) : IDisposable
    {
        public void Dispose() => Array.ForEach(registrations, one => one.Dispose());
    }
}
