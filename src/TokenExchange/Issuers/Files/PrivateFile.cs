using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace TokenExchange.Issuers.Files;

/// <summary>Reads small files that hold a credential or a key, and refuses one that <see cref="FileExposure"/> finds open to others.</summary>
/// <remarks>The one door for all of them: client keys and secrets, signing keys, session keys, assertions, static credentials.</remarks>
public static partial class PrivateFile
{
    /// <summary>Larger files are refused, in bytes.</summary>
    public const int MaxBytes = 64 * 1024;

    /// <summary>The content. Throws <see cref="PrivateFileException"/> with a fixed text, or what file systems throw.</summary>
    public static byte[] Read(string path, FileContent holds)
    {
        if (HasNoLength(path))
        {
            throw new PrivateFileException("is empty");
        }

        using var file = Open(path);
        if (holds is FileContent.Key or FileContent.Assertion && !OperatingSystem.IsWindows())
        {
            // Asked of the open file, not of its name: a link may be swapped in between.
            var user = EffectiveUser();
            if (FileExposure.Of(holds, File.GetUnixFileMode(file), OwnerOf(file.DangerousGetHandle()) ?? user, user) is { } exposed)
            {
                throw new PrivateFileException(exposed) { IsExposure = true };
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

    /// <summary>Whether there is nothing in the file. A pipe has no length either, and to open it would be to wait for whoever writes.</summary>
    private static bool HasNoLength(string path)
    {
        try
        {
            // Of what a link leads to: a link's own length is that of its text.
            var file = new FileInfo(path);
            return file.Exists && (file.ResolveLinkTarget(returnFinalTarget: true) ?? file) is FileInfo { Exists: true, Length: 0 };
        }
        catch (IOException)
        {
            // It is being swapped; opening it tells.
            return false;
        }
    }

    private static SafeFileHandle Open(string path)
    {
        try
        {
            return File.OpenHandle(path);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            // Kubernetes swaps the link to a volume's directory and then removes the old one. Whoever followed the link
            // before and came after finds nothing; asked again, the path leads to the new directory.
            return File.OpenHandle(path);
        }
    }

    /// <summary>The owner's number; null where it cannot be told, and then the file is taken for ours, which allows its group nothing.</summary>
    private static uint? OwnerOf(nint descriptor)
    {
        try
        {
            const int EmptyPath = 0x1000;
            const uint Owner = 8;
            Span<byte> status = stackalloc byte[256];
            return StatX((int)descriptor, "", EmptyPath, Owner, status) == 0 ? MemoryMarshal.Read<uint>(status[20..]) : null;
        }
        catch (Exception exception) when (exception is DllNotFoundException or EntryPointNotFoundException)
        {
            return null;
        }
    }

    // .NET tells a file's mode but not its owner. The layout of statx is the same on every Linux.
    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int StatX(int directory, string path, int flags, uint mask, Span<byte> status);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial uint EffectiveUser();
}

/// <summary>A file that must not be used. The message continues a sentence that begins with the setting's name.</summary>
public sealed class PrivateFileException(string message) : Exception(message)
{
    /// <summary>Whether others than the gateway have access to it.</summary>
    internal bool IsExposure { get; init; }
}
