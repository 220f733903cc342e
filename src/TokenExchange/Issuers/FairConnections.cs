using System.Net.Security;

namespace TokenExchange.Issuers;

/// <summary>
/// A pool of connections, shared so that no single subject takes all of it: a question goes out while those of its own
/// subject hold fewer places than are free. One subject alone gets half of them, the next a quarter, and somebody always
/// finds a place as long as there is one. Whoever would take more waits for its own to return; those who wait take turns
/// by subject. So a question that was let in finds a connection, and what becomes of it says something of the endpoint.
/// </summary>
internal sealed class FairConnections : IDisposable
{
    /// <summary>The most questions of one subject that wait for a place.</summary>
    public const int MostWaiting = 1024;

    /// <summary>How many questions go over a connection of HTTP/2 at a time. Peers are asked to allow 100 at least (RFC 9113 §6.5.2).</summary>
    private const int Streams = 32;

    private readonly HttpMessageInvoker http;
    private readonly int connections;
    private readonly bool oneSubject;
    private readonly Lock gate = new();
    private readonly Dictionary<AskedAbout, Asker> askers = [];
    private readonly LinkedList<Asker> waiting = [];
    private int places;
    private int taken;

    /// <summary>A pool of its own; nothing is connected before something is asked.</summary>
    /// <param name="connections">The most connections, and so how many questions are asked at a time where each carries one.</param>
    /// <param name="clientCertificate">The certificate that they present; null: none.</param>
    /// <param name="oneSubject">Whether all who ask are one to begin with, with nobody to leave room for.</param>
    public FairConnections(int connections = 32, SslStreamCertificateContext? clientCertificate = null, bool oneSubject = false)
    {
        http = BackChannel.Create(clientCertificate, connections);
        (this.connections, places, this.oneSubject) = (connections, connections, oneSubject);
    }

    /// <summary>
    /// Waits for a place, for half of the question's time at most: the other half is left for an answer. Null when none came
    /// free by then, or too many of this subject wait already: nothing was asked.
    /// </summary>
    /// <param name="subject">Whom the question is about.</param>
    /// <param name="timeout">How long the question may take in all.</param>
    /// <param name="clock">The time.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async ValueTask<Place?> EnterAsync(AskedAbout subject, TimeSpan timeout, TimeProvider clock, CancellationToken cancellationToken)
    {
        Asker? asker;
        LinkedListNode<TaskCompletionSource> turn;
        lock (gate)
        {
            if (!askers.TryGetValue(subject, out asker))
            {
                askers[subject] = asker = new Asker(subject);
            }

            if (asker.Waiting.Count == 0 && HasPlaceFor(asker))
            {
                Take(asker);
                return new Place(this, asker);
            }

            if (asker.Waiting.Count >= MostWaiting)
            {
                return null;
            }

            if (asker.Waiting.Count == 0)
            {
                waiting.AddLast(asker);
            }

            turn = asker.Waiting.AddLast(new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        await turn.Value.Task.WaitAsync(timeout / 2, clock, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (gate)
        {
            // A place that was given at the last moment is a place.
            if (turn.Value.Task.IsCompletedSuccessfully)
            {
                return new Place(this, asker);
            }

            asker.Waiting.Remove(turn);
            if (asker.Waiting.Count == 0)
            {
                waiting.Remove(asker);
                Forget(asker);
            }

            return null;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => http.Dispose();

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await http.SendAsync(request, cancellationToken);
        var now = response.Version.Major >= 2 ? connections * Streams : connections;
        if (now != Volatile.Read(ref places))
        {
            lock (gate)
            {
                places = now;
                Admit();
            }
        }

        return response;
    }

    private bool HasPlaceFor(Asker asker) => (oneSubject ? 0 : asker.Held) < places - taken;

    private void Take(Asker asker)
    {
        taken++;
        asker.Held++;
    }

    private void Return(Asker asker)
    {
        lock (gate)
        {
            taken--;
            asker.Held--;
            Forget(asker);
            Admit();
        }
    }

    private void Admit()
    {
        // Who holds nothing gets whatever is free: no more are passed over than hold places.
        for (var node = waiting.First; node is not null && taken < places;)
        {
            var asker = node.Value;
            if (!HasPlaceFor(asker))
            {
                node = node.Next;
                continue;
            }

            Take(asker);
            asker.Waiting.First!.Value.SetResult();
            asker.Waiting.RemoveFirst();
            waiting.Remove(node);
            if (asker.Waiting.Count > 0)
            {
                waiting.AddLast(node);
            }

            node = waiting.First;
        }
    }

    private void Forget(Asker asker)
    {
        if (asker.Held == 0 && asker.Waiting.Count == 0)
        {
            askers.Remove(asker.Subject);
        }
    }

    /// <summary>The right to ask one question; returned when its answer has been read.</summary>
    public sealed class Place(FairConnections connections, Asker asker) : IDisposable
    {
        private bool returned;

        /// <summary>Asks.</summary>
        public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => connections.SendAsync(request, cancellationToken);

        /// <inheritdoc/>
        public void Dispose()
        {
            if (!returned)
            {
                returned = true;
                connections.Return(asker);
            }
        }
    }

    /// <summary>One subject: how many places its questions hold, and those that wait for one.</summary>
    internal sealed class Asker(AskedAbout subject)
    {
        public AskedAbout Subject => subject;

        public int Held { get; set; }

        public LinkedList<TaskCompletionSource> Waiting { get; } = [];
    }
}
