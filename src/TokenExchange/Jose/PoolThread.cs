using System.Runtime.CompilerServices;

namespace TokenExchange.Jose;

/// <summary>
/// Where signatures are made and checked, and exchanges begin. A caller may be on a thread that serves the sockets of
/// others: what is long by comparison with a request whose tokens are known is not done there, so that nobody waits for
/// another's signature.
/// </summary>
internal static class PoolThread
{
    /// <summary>Goes on on the thread pool: at once where the caller is on it already.</summary>
    public static ConfiguredTaskAwaitable Switch() =>
        Task.CompletedTask.ConfigureAwait(Thread.CurrentThread.IsThreadPoolThread ? ConfigureAwaitOptions.None : ConfigureAwaitOptions.ForceYielding);
}
