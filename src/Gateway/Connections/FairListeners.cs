using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;

namespace Gateway.Connections;

/// <summary>
/// Listens as <paramref name="listeners"/> does, and accepts in <see cref="Turns"/>: whoever connects faster than connections can be
/// served would keep the thread that accepts, and put ever more of them before everybody else's requests. What is not accepted
/// yet waits in the kernel's backlog, and is refused there when that is full.
/// </summary>
internal sealed class FairListeners(IConnectionListenerFactory listeners) : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        try
        {
            return new FairListener(await listeners.BindAsync(endpoint, cancellationToken));
        }
        catch (Exception error) when (error is AddressInUseException or SocketException)
        {
            // Of several addresses nobody could tell which; and Kestrel goes by the type.
            error.Data[nameof(EndPoint)] = endpoint;
            throw;
        }
    }

    public bool CanBind(EndPoint endpoint) => listeners is not IConnectionListenerFactorySelector selector || selector.CanBind(endpoint);

    private sealed class FairListener(IConnectionListener listener) : IConnectionListener
    {
        private Turns turns;

        public EndPoint EndPoint => listener.EndPoint;

        public ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default) => turns.Take(listener.AcceptAsync(cancellationToken));

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default) => listener.UnbindAsync(cancellationToken);

        public ValueTask DisposeAsync() => listener.DisposeAsync();
    }
}
