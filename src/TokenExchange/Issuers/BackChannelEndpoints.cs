using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using Duende.IdentityModel.Client;
using TokenExchange.Issuers.ClientAuthentication;
using TokenExchange.Jose;

namespace TokenExchange.Issuers;

/// <summary>
/// The endpoints of one authorization server that the gateway asks as a client, with what all its clients share: the
/// breakers, and for each client its credentials. Lives as long as the server's settings stay the same.
/// </summary>
internal sealed class BackChannelEndpoints(AuthorizationServerSettings settings, IssuerMetadataSource metadata, TimeProvider clock) : IDisposable
{
    private const int StrangersConnections = 16;
    private static readonly TimeSpan Forgotten = TimeSpan.FromHours(1);

    // Apart from one another and from the keys, which every request may need: what hangs in one takes no connection of another.
    // Anybody can make up opaque tokens; asking about those that nobody knows has connections of its own as well.
    private readonly FairConnections[] shared = Lanes();
    private readonly ProtectedEndpoint token = new("token", settings.Name, settings.Timeout, clock);
    private readonly ProtectedEndpoint introspection = new("introspection", settings.Name, settings.Timeout, clock);
    private readonly ServerNonce nonce = new();
    private readonly NonceTurns turns = new();
    private readonly ConcurrentDictionary<ClientSettings, RegisteredClient> clients = new();

    /// <summary>The outage of the token endpoint that goes on; null when there is none.</summary>
    public EndpointOutage? TokenOutage => token.Outage;

    /// <summary>The outage of the introspection endpoint that goes on; null when there is none.</summary>
    public EndpointOutage? IntrospectionOutage => introspection.Outage;

    /// <summary>The client with these settings; one and the same for equal settings. Throws when they cannot work.</summary>
    public RegisteredClient Client(ClientSettings client)
    {
        if (!clients.TryGetValue(client, out var known))
        {
            // The server stays whatever is reloaded; a client of before, which nobody has asked as for long, is let go, and made anew if need be.
            foreach (var pair in clients.Where(pair => pair.Value.Unused >= Forgotten))
            {
                clients.TryRemove(pair);
            }

            known = clients.GetOrAdd(client, wanted => new RegisteredClient(ClientAuthenticator.Create(wanted, settings, clock), clock));
        }

        known.Use();
        return known;
    }

    /// <summary>How many clients are known.</summary>
    internal int ClientCount => clients.Count;

    /// <summary>Posts to the token endpoint. <paramref name="write"/> fills in each attempt's form anew.</summary>
    /// <param name="client">As whom.</param>
    /// <param name="subject">About whom.</param>
    /// <param name="write">Fills in a form.</param>
    /// <param name="prove">Makes the DPoP proof of a request to an address, with the server's nonce where it asked for one; null: no proof goes with it.</param>
    public Task<EndpointAnswer> AskTokenAsync(RegisteredClient client, AskedAbout subject, Action<Parameters> write, Func<string, string?, string>? prove = null)
    {
        return token.AskAsync(subject, prove is null ? cancellationToken => PostAsync(null, cancellationToken) : ProveAsync);

        async Task<EndpointAnswer> ProveAsync(CancellationToken cancellationToken)
        {
            long? visit = null;
            if (turns.EnterBesideOthers() is { } first)
            {
                visit = first.Visit;
                using (first)
                {
                    if (await PostOnceAsync(cancellationToken) is { IsSpent: false } sound)
                    {
                        return sound.Answer;
                    }
                }
            }

            // Once more with the nonce that the answer brought (RFC 9449 §8). Where each brings the only good one, whoever asked meanwhile has
            // taken it: from here on one by one, and who comes queues; until one finds that its nonce is good for others as well.
            var turn = await turns.EnterAloneAsync(visit, only: false, cancellationToken);
            if (!turn.IsAlone)
            {
                using (turn)
                {
                    if (await PostOnceAsync(cancellationToken) is { IsSpent: false } sound)
                    {
                        return sound.Answer;
                    }
                }

                // It was not, after all, or there is another by now.
                turn = await turns.EnterAloneAsync(visit: null, only: true, cancellationToken);
            }

            using (turn)
            {
                var last = await PostOnceAsync(cancellationToken);
                last = last.IsSpent && turn.OthersAsked ? await PostOnceAsync(cancellationToken) : last;
                turn.NonceIsGoodForMany = last.IsGoodForMany;
                return last.IsSpent ? ((EndpointAnswer.Reply)last.Answer) with { WantsAnotherNonce = true } : last.Answer;
            }
        }

        async Task<Proven> PostOnceAsync(CancellationToken cancellationToken)
        {
            string? sent = null;
            var answer = await PostAsync((uri, latest) => prove(uri, sent = latest), cancellationToken);
            return new(answer, ServerNonce.IsAskedFor(answer), sent, nonce.Latest);
        }

        Task<EndpointAnswer> PostAsync(Func<string, string?, string>? proof, CancellationToken cancellationToken) =>
            this.PostAsync(client, subject, Lane.Exchange, settings.TokenEndpoint, known => known.TokenEndpointFor(client.ShowsCertificate), write, proof, cancellationToken);
    }

    /// <summary>Posts to the introspection endpoint, which <paramref name="endpoint"/> may name.</summary>
    public Task<EndpointAnswer> AskIntrospectionAsync(RegisteredClient client, AskedAbout subject, Uri? endpoint, Action<Parameters> write)
    {
        var lane = subject == AskedAbout.Nobody ? Lane.Strangers : Lane.Introspection;
        return introspection.AskAsync(subject, async cancellationToken =>
            await PostAsync(client, subject, lane, endpoint, known => known.IntrospectionEndpointFor(client.ShowsCertificate), write, null, cancellationToken));
    }

    /// <summary>The address of the token endpoint, as a request of the client finds it; null when nothing names one.</summary>
    public async ValueTask<Uri?> TokenEndpointAsync(RegisteredClient client, CancellationToken cancellationToken) =>
        settings.TokenEndpoint ?? (await metadata.GetAsync(cancellationToken))?.TokenEndpointFor(client.ShowsCertificate);

    public void Dispose()
    {
        foreach (var client in clients.Values)
        {
            client.Dispose();
        }

        foreach (var lane in shared)
        {
            lane.Dispose();
        }
    }

    /// <summary>Connections for each <see cref="Lane"/>, in its order.</summary>
    public static FairConnections[] Lanes(SslStreamCertificateContext? clientCertificate = null) =>
        [new(clientCertificate: clientCertificate), new(clientCertificate: clientCertificate), new(StrangersConnections, clientCertificate, oneSubject: true)];

    private async Task<EndpointAnswer> PostAsync(RegisteredClient client, AskedAbout subject, Lane lane, Uri? given, Func<IssuerMetadata, Uri?> discovered, Action<Parameters> write, Func<string, string?, string>? prove, CancellationToken cancellationToken)
    {
        var endpoint = given;
        if (endpoint is null)
        {
            if (await metadata.GetAsync(cancellationToken) is not { } known)
            {
                return new EndpointAnswer.Outage(null, Repeatable: false, OutageCause.Metadata);
            }

            endpoint = discovered(known);
        }

        if (endpoint is null)
        {
            return new EndpointAnswer.NotSent("the metadata names no such endpoint");
        }

        // Looked at here as well, so that no path of configuration or metadata sends a secret in the clear.
        if (!IssuerDocument.IsAllowed(endpoint, settings))
        {
            return new EndpointAnswer.NotSent("the endpoint is not https");
        }

        using var place = await (client.Connections(lane) ?? shared[(int)lane]).EnterAsync(subject, settings.Timeout, clock, cancellationToken);
        if (place is null)
        {
            return EndpointAnswer.Busy.Instance;
        }

        // An assertion or a proof may have to be signed, also when the answer to another request was waited for just now.
        await SignatureThreads.Switch();
        using var request = new ProtocolRequest
        {
            Method = HttpMethod.Post,
            RequestUri = endpoint,
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        write(request.Parameters);
        if (client.Authenticator.Authenticate(request) is { } diagnostic)
        {
            return new EndpointAnswer.NotSent(diagnostic);
        }

        request.Prepare();
        EachOnce(request.Parameters);
        if (prove is not null)
        {
            request.Headers.Add("DPoP", prove(endpoint.GetLeftPart(UriPartial.Path), nonce.Latest));
        }

        using var response = await place.SendAsync(request, cancellationToken);
        if (prove is not null)
        {
            nonce.Take(response);
        }

        return await AnswerReader.ReadAsync(response, clock, cancellationToken);
    }

    /// <summary>A parameter stands in a request once: of two, nobody knows which one the server takes (RFC 6749 §3.2).</summary>
    private static void EachOnce(Parameters parameters)
    {
        for (var i = 1; i < parameters.Count; i++)
        {
            for (var j = 0; j < i; j++)
            {
                if (parameters[i].Key == parameters[j].Key)
                {
                    throw new InvalidOperationException($"The parameter {parameters[i].Key} is there twice.");
                }
            }
        }
    }

    /// <summary>What came of a request with a proof.</summary>
    private sealed record Proven(EndpointAnswer Answer, bool IsNonceAskedFor, string? Sent, string? Latest)
    {
        /// <summary>Whether it asks for a nonce, and another one than was sent is there.</summary>
        public bool IsSpent => IsNonceAskedFor && Latest is not null && Latest != Sent;

        /// <summary>Whether, of one who asked alone, the nonce served and no other took its place.</summary>
        public bool IsGoodForMany => Answer is EndpointAnswer.Reply { Status: 200 } && Sent is not null && Latest == Sent;

        public override string ToString() => "answer to a proof";
    }
}
