namespace Gateway.Connections;

/// <summary>
/// Which threads go on with what a socket was waited for: those that were told of it, one for each processor, or the thread pool's. On
/// the former a call needs no thread to be woken, which below saturation is half of its CPU; they must not be kept from others, by
/// whoever always has something to say (<see cref="Turns"/>) or by work that is long (<c>SignatureThreads</c>).
/// </summary>
internal static class SocketThreads
{
    /// <summary>Read by .NET once, at a process's first socket.</summary>
    private const string Variable = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";

    /// <summary>Says so for this process, before its first socket; what the environment says already stays.</summary>
    public static void Serve(bool inline)
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable(Variable)))
        {
            Environment.SetEnvironmentVariable(Variable, inline ? "1" : "0");
        }
    }
}
