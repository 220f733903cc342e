using System.Globalization;

namespace Gateway.Bridge;

/// <summary>The process group of a child, whose number is the child's as long as that one is not reaped.</summary>
internal static class ProcessGroup
{
    public static void Signal(int id, int signal) => _ = Native.Kill(-id, signal);

    /// <summary>
    /// Whether a process of the group still runs; what has ended and waits to be reaped does not count. Where the system
    /// does not let us look, as without a free descriptor, one may.
    /// </summary>
    public static bool IsAlive(int id)
    {
        try
        {
            return Directory.EnumerateDirectories("/proc").Any(directory => char.IsAsciiDigit(Path.GetFileName(directory)[0]) && Reads(directory, id));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }

    /// <summary>The fields after the name, which may hold anything in its brackets: state, parent, group.</summary>
    private static bool Reads(string directory, int id)
    {
        try
        {
            var stat = File.ReadAllText(Path.Combine(directory, "stat"));
            var fields = stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return fields.Length > 2 && fields[0] is not ("Z" or "X") && fields[2] == id.ToString(CultureInfo.InvariantCulture);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It has ended meanwhile.
            return false;
        }
    }
}
