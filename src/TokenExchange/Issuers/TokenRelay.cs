using System.Net;
using System.Net.Http.Headers;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace TokenExchange.Issuers;

/// <summary>What came of a token request that was passed on; closed.</summary>
public abstract record RelayedAnswer
{
    private RelayedAnswer()
    {
    }

    /// <summary>Tokens, or an error as OAuth defines them: one strict JSON object of at most 64 KiB.</summary>
    /// <param name="Status">200, or a status of the 400s.</param>
    /// <param name="Json">The object in UTF-8, byte for byte as it came.</param>
    public sealed record Answered(int Status, ReadOnlyMemory<byte> Json) : RelayedAnswer
    {
        /// <summary>Names the status alone: the answer may hold tokens.</summary>
        public override string ToString() => $"answered {Status}";
    }

    /// <summary>No answer in time, a 5xx or a 429.</summary>
    /// <param name="RetryAfter">When the server wants to be asked again; null when it did not say.</param>
    public sealed record Unavailable(TimeSpan? RetryAfter) : RelayedAnswer;

    /// <summary>An answer that is none of the token endpoint: a redirect, no JSON, no token and no error.</summary>
    public sealed record Unsound : RelayedAnswer;
}

/// <summary>
/// Passes on token requests of public clients, as they are, to the token endpoint of one authorization server. No secret
/// goes along, no redirect is followed, nothing is kept. A request is sent once: a code or a refresh token that is seen
/// twice may cost the client all its tokens.
/// </summary>
/// <remarks>RFC 6749 §4.1.3, §5 and §6; RFC 9700 §4.14.</remarks>
public sealed class TokenRelay : IDisposable
{
    // Anybody can send these: they take no connection from exchanges, introspection or keys.
    private const int Connections = 16;

    private readonly AuthorizationServerSettings settings;
    private readonly IssuerMetadataSource metadata;
    private readonly TimeProvider clock;
    private readonly HttpMessageInvoker http = BackChannel.Create(connections: Connections);

    internal TokenRelay(AuthorizationServerSettings settings, IssuerMetadataSource metadata, TimeProvider clock) =>
        (this.settings, this.metadata, this.clock) = (settings, metadata, clock);

    /// <summary>Posts <paramref name="form"/>. Throws nothing but for a caller who leaves.</summary>
    public async Task<RelayedAnswer> SendAsync(IEnumerable<KeyValuePair<string, string>> form, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(settings.Timeout, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            var endpoint = settings.TokenEndpoint ?? (await metadata.GetAsync(either.Token))?.TokenEndpoint;
            if (endpoint is null || !IssuerDocument.IsAllowed(endpoint, settings))
            {
                return new RelayedAnswer.Unavailable(null);
            }

            using var request = new HttpRequestMessage(HttpMethod.Post, endpoint)
            {
                Version = HttpVersion.Version20,
                VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
                Content = new FormUrlEncodedContent(form),
            };
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
            using var response = await http.SendAsync(request, either.Token);
            return await AnswerReader.ReadAsync(response, clock, either.Token) switch
            {
                EndpointAnswer.Reply { Body: { } body } reply when IsOAuth(reply.Status, body) => new RelayedAnswer.Answered(reply.Status, JsonMarshal.GetRawUtf8Value(body).ToArray()),
                EndpointAnswer.Outage outage => new RelayedAnswer.Unavailable(outage.RetryAfter),
                _ => new RelayedAnswer.Unsound(),
            };
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return new RelayedAnswer.Unavailable(null);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => http.Dispose();

    private static bool IsOAuth(int status, JsonElement body) => status switch
    {
        200 => body.Text("access_token") is { Length: > 0 } && body.Text("token_type") is { Length: > 0 },
        >= 400 and < 500 => body.Text("error") is { Length: > 0 },
        _ => false,
    };
}
