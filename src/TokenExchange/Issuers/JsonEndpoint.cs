using System.Net.Http.Headers;
using System.Text.Json;
using TokenExchange.Issuers.Files;

namespace TokenExchange.Issuers;

/// <summary>How a party is asked that answers JSON with JSON.</summary>
/// <param name="Name">What it is asked for, a word for metrics.</param>
/// <param name="Timeout">The longest that an answer may take.</param>
/// <param name="TokenFile">The file with the bearer token that goes with every request, re-read when it changes; null: none goes.</param>
public sealed record JsonEndpointSettings(string Name, TimeSpan Timeout, string? TokenFile);

/// <summary>What came of asking; closed.</summary>
public abstract record JsonAnswer
{
    private JsonAnswer()
    {
    }

    /// <summary>Status 200, <c>application/json</c>, and one strict JSON object of at most 64 KiB.</summary>
    public sealed record Answered(JsonElement Body) : JsonAnswer
    {
        /// <summary>Shows nothing of the answer.</summary>
        public override string ToString() => "answered";
    }

    /// <summary>Anything else.</summary>
    /// <param name="Cause">In which way, in a fixed word: <see cref="OutageCause"/>, <c>malformed</c>, or why nothing was sent.</param>
    /// <param name="RetryAfter">When to ask again: 1 to 30 s.</param>
    public sealed record Unavailable(string Cause, TimeSpan RetryAfter) : JsonAnswer;
}

/// <summary>
/// One party that answers JSON with JSON, asked as carefully as an authorization server is: over connections of its own, of
/// which there is a bounded number that no single subject takes, within a time limit, once, without following redirects, and
/// behind a circuit breaker that no single subject opens. The answer is bounded and read strictly.
/// </summary>
public sealed class JsonEndpoint : IDisposable
{
    private const int Connections = 64;
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(5);

    private readonly FairConnections connections = new(Connections);
    private readonly ProtectedEndpoint endpoint;
    private readonly CredentialFile<AuthenticationHeaderValue>? token;
    private readonly TimeSpan timeout;
    private readonly TimeProvider clock;

    /// <summary>Nothing is asked or read until <see cref="PostAsync"/>.</summary>
    public JsonEndpoint(JsonEndpointSettings settings, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(settings);
        (timeout, this.clock) = (settings.Timeout, clock);
        endpoint = new ProtectedEndpoint(settings.Name, settings.Name, settings.Timeout, clock, tries: 1);
        token = settings.TokenFile is { } file ? new CredentialFile<AuthenticationHeaderValue>("TokenFile", file, FileContent.Secret, content => new AuthenticationHeaderValue("Bearer", FileToken.Read(content)), clock) : null;
    }

    /// <summary>
    /// Posts <paramref name="body"/> to an address. Runs to its end or the time limit also when its caller leaves, so that
    /// the breaker learns of it.
    /// </summary>
    /// <param name="address">Where; whether http is good enough has been judged by the caller.</param>
    /// <param name="issuer">The issuer of whom the question is about.</param>
    /// <param name="subject">Whom the question is about: what the breaker tells outages apart by.</param>
    /// <param name="body">The question.</param>
    /// <param name="requestId">Goes along as <c>X-Request-ID</c>.</param>
    public async Task<JsonAnswer> PostAsync(Uri address, string issuer, string subject, ReadOnlyMemory<byte> body, string requestId) =>
        await AskAsync(new AskedAbout(issuer, subject), address, body, requestId) switch
        {
            EndpointAnswer.Reply { Status: 200, Body: { } answer } => new JsonAnswer.Answered(answer),
            EndpointAnswer.Reply reply => new JsonAnswer.Unavailable(reply.Status == 200 ? "malformed" : OutageCause.Status(reply.Status), Soon),
            EndpointAnswer.Outage outage => new JsonAnswer.Unavailable(outage.Cause, outage.RetryAfter ?? Soon),
            EndpointAnswer.Busy => new JsonAnswer.Unavailable(OutageCause.Busy, Soon),
            EndpointAnswer.NotSent unsent => new JsonAnswer.Unavailable(unsent.Diagnostic, Soon),
            _ => throw new InvalidOperationException("An answer of a kind that there is not."),
        };

    /// <inheritdoc/>
    public void Dispose() => connections.Dispose();

    private Task<EndpointAnswer> AskAsync(AskedAbout subject, Uri address, ReadOnlyMemory<byte> body, string requestId) => endpoint.AskAsync(subject, async cancellation =>
    {
        using var place = await connections.EnterAsync(subject, timeout, clock, cancellation);
        return place is null ? EndpointAnswer.Busy.Instance : await SendAsync(place, address, body, requestId, cancellation);
    });

    private async Task<EndpointAnswer> SendAsync(FairConnections.Place place, Uri address, ReadOnlyMemory<byte> body, string requestId, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, address)
        {
            Version = System.Net.HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
            Content = new ReadOnlyMemoryContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
        };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        request.Headers.TryAddWithoutValidation("X-Request-ID", requestId);
        if (token is not null)
        {
            if (!token.TryRead(out var bearer, out var diagnostic))
            {
                return new EndpointAnswer.NotSent(diagnostic);
            }

            request.Headers.Authorization = bearer;
        }

        using var response = await place.SendAsync(request, cancellation);
        return await AnswerReader.ReadAsync(response, clock, cancellation);
    }
}
