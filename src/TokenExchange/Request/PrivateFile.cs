using System.Runtime.InteropServices;

namespace TokenExchange.Request;

/// <summary>
/// Reads small files and refuses a secret that others can read. As PostgreSQL has it: a file of our own is readable by us
/// alone; a file of another owner, as Kubernetes mounts it for a group, by that group too; by everybody, never.
/// </summary>
internal static class PrivateFile
{
    public const int MaxBytes = 64 * 1024;

    /// <summary>The content. Throws <see cref="PrivateFileException"/> with a fixed text, or what file systems throw.</summary>
    public static byte[] Read(string path, bool isSecret)
    {
        using var file = File.OpenHandle(path);
        if (isSecret && !OperatingSystem.IsWindows())
        {
            // Asked of the open file, not of its name: a link may be swapped in between.
            var mode = File.GetUnixFileMode(file);
            if ((mode & (UnixFileMode.OtherRead | UnixFileMode.OtherWrite)) != 0)
            {
                throw new PrivateFileException("is open to everybody");
            }

            if ((mode & (UnixFileMode.GroupRead | UnixFileMode.GroupWrite)) != 0 && !Environment.IsPrivilegedProcess && IsOurs(file.DangerousGetHandle()))
            {
                throw new PrivateFileException("is open to its group");
            }
        }

        var length = RandomAccess.GetLength(file);
        if (length > MaxBytes)
        {
            throw new PrivateFileException("is too large");
        }

        var content = new byte[length];
        var read = 0;
        while (read < length)
        {
            var more = RandomAccess.Read(file, content.AsSpan(read), read);
            if (more == 0)
            {
                throw new PrivateFileException("changed while it was read");
            }

            read += more;
        }

        return content.Length > 0 ? content : throw new PrivateFileException("is empty");
    }

    /// <summary>Whether the file belongs to us; when that cannot be told, it is taken for ours, which is the stricter case.</summary>
    private static bool IsOurs(nint descriptor)
    {
        try
        {
            const int EmptyPath = 0x1000;
            const uint Owner = 8;
            var status = new byte[256];
            return StatX((int)descriptor, "", EmptyPath, Owner, status) != 0 || MemoryMarshal.Read<uint>(status.AsSpan(20)) == EffectiveUser();
        }
        catch (Exception exception) when (exception is DllNotFoundException or EntryPointNotFoundException)
        {
            return true;
        }
    }

    // .NET tells a file's mode but not its owner. The layout of statx is the same on every Linux.
    [DllImport("libc", EntryPoint = "statx", CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int StatX(int directory, string path, int flags, uint mask, byte[] status);

    [DllImport("libc", EntryPoint = "geteuid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern uint EffectiveUser();
}

/// <summary>A file that must not be used. The message continues a sentence that begins with the setting's name.</summary>
internal sealed class PrivateFileException(string message) : Exception(message);
