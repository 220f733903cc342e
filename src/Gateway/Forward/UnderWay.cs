using Gateway.Authorize.Bodies;

namespace Gateway.Forward;

/// <summary>
/// How many requests are with MCP servers at a time. Each has a connection of its own, over HTTP/2 a hundred for one that a client
/// opened, and where no file can be opened any more, or no memory is left, the runtime ends the process. No caller takes more than half
/// of what is free.
/// </summary>
/// <param name="most">All together.</param>
internal sealed class UnderWay(long most)
{
    /// <summary>What the process has open besides: its own files, and connections to authorization servers, decision points and the shared state.</summary>
    private const long Others = 320;

    private const long Least = 16;

    private readonly HeldBodies requests = new();

    /// <summary>How many are to be under way where so many files may be open, of which clients have half, and there is memory for so many; null: no bound on files.</summary>
    public static long MostOf(long? files, long memory) => Math.Min(files is { } all ? Math.Max(Least, (all / 2) - Others) : long.MaxValue, memory);

    /// <summary>Whether a further one may be; when it may, <see cref="Leave"/> is owed.</summary>
    public bool TryEnter(in Principal principal) => requests.TryTake(principal, 1, most, own: null);

    public void Leave(in Principal principal) => requests.Give(principal, 1);
}
