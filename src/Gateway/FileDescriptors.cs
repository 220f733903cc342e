using System.Runtime.InteropServices;

namespace Gateway;

/// <summary>What .NET does not offer of an open file, by fcntl(2) and getrlimit(2). Constants are those of Linux, the same for glibc and musl.</summary>
internal static partial class FileDescriptors
{
    public const int DuplicateCloseOnExec = 1030;
    public const int SetDescriptorFlags = 2;
    public const int SetStatusFlags = 4;

    /// <summary>A flag of the descriptor.</summary>
    public const int CloseOnExec = 1;

    /// <summary>A flag of the status: each write goes to the end, wherever that is in its moment.</summary>
    public const int Append = 0x400;

    private const int OpenFiles = 7;

    /// <summary>How many files the process may have open, which the runtime has raised as far as it may be; null where that has no bound, or is not told.</summary>
    public static long? Limit => OperatingSystem.IsLinux() && GetLimit(OpenFiles, out var limit) == 0 && limit.Current < (nuint)nint.MaxValue ? (long)limit.Current : null;

    /// <summary>Has a command carried out; below 0 when that failed, and then the error is the thread's last.</summary>
    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial int Control(SafeHandle descriptor, int command, int argument);

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int GetLimit(int resource, out ResourceLimit limit);

    private readonly struct ResourceLimit(nuint current, nuint most)
    {
        public readonly nuint Current = current;
        public readonly nuint Most = most;
    }
}
