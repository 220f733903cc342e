namespace Gateway;

/// <summary>
/// What others may take of the memory that the process may use, in a container three quarters of its limit: where none is left, the
/// runtime ends the process. Three eighths are for connections, each of which may hold a stranger's headers that never end; a quarter is
/// for bodies, a quarter for requests with MCP servers, an eighth for what of answers is read before it passes.
/// </summary>
internal static class AvailableMemory
{
    /// <summary>The headers of a request, and what reads them.</summary>
    private const long Connection = 48 * 1024;

    /// <summary>The connection to the MCP server, and what passes between the two.</summary>
    private const long Request = 32 * 1024;

    private const long Least = 16;

    /// <summary>In bytes, as the runtime found it when it started.</summary>
    public static long Bytes { get; } = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <summary>How many connections clients may have.</summary>
    public static long Connections(long bytes) => Math.Max(Least, bytes * 3 / 8 / Connection);

    /// <summary>How many bytes of bodies may be held.</summary>
    public static long Bodies(long bytes) => bytes / 4;

    /// <summary>How many requests may be with MCP servers.</summary>
    public static long Requests(long bytes) => Math.Max(Least, bytes / 4 / Request);

    /// <summary>How many bytes of answers may be held.</summary>
    public static long Answers(long bytes) => bytes / 8;
}
