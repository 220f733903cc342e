using System.Collections.Frozen;
using System.Net.Http.Headers;
using Gateway.Advertise;
using Gateway.Authenticate;
using Gateway.Exchange;
using Gateway.Http;
using Gateway.Observe;
using Gateway.Revoke;
using Gateway.Sessions;
using Microsoft.Extensions.Primitives;
using TokenExchange.Inbound;
using Yarp.ReverseProxy.Transforms;

namespace Gateway.Forward;

/// <summary>
/// The last gate. Copies the headers of the allow-list and installs the outbound credential; it takes nothing but a
/// <see cref="Cleared"/> request, and refuses to send a token that is not for this very server.
/// </summary>
internal sealed class OutboundRequest(Standing standing, OpenStreams streams, TimeProvider clock)
{
    /// <summary>Carries the request's id; every request has it.</summary>
    public const string IdHeader = "X-Request-Id";

    /// <summary>Builds the outbound request from nothing; throws when there is no credential for this server.</summary>
    public ValueTask Apply(RequestTransformContext transform)
    {
        var context = transform.HttpContext;
        var request = GatewayRequest.Of(context);
        var cleared = request.Cleared ?? throw new InvalidOperationException("A request that was not cleared reached the last gate.");
        var authorized = cleared.Authorized;
        var server = cleared.Server;
        var outbound = transform.ProxyRequest;
        if (Fallen(cleared) is { } fallen)
        {
            request.Attempt = fallen;

            // Whatever the status is: with one set, the forwarder sends nothing.
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return default;
        }

        var whole = authorized.Body?.ToContent();
        OutboundBody.Leave(outbound, this, request, whole);
        CopyHeaders(context.Request.Headers, outbound, whole ?? outbound.Content, server, AnswerRewrite.Reads(context.Request.Method, authorized));
        TraceContext.Complete(outbound.Headers);
        outbound.Headers.TryAddWithoutValidation(IdHeader, request.Id);
        if (authorized.Session is { } session && server.Transport == McpTransport.StreamableHttp)
        {
            outbound.Headers.TryAddWithoutValidation(SessionPolicy.Header, session.Id);
        }

        if (server.Relay.OnSockets)
        {
            outbound.Headers.Host = UnixSockets.Host;
        }

        InstallCredential(cleared, clock, outbound.Headers);
        InstallIdentity(server, cleared.Inbound, outbound.Headers);
        transform.Path = server.Rest(context.Request.Path);
        if (authorized.Session is { Path: { } endpoint })
        {
            transform.Path = endpoint;
        }
        else if (authorized.Session is { } legacy && server.Transport == McpTransport.HttpSse)
        {
            transform.Query.Collection[SseEndpoint.SessionOf(context.Request.Query, context.Request.QueryString.Value).Name!] = legacy.Id;
        }
        else if (!transform.Path.HasValue && !context.Request.QueryString.HasValue)
        {
            // The destination as it stands: nearly every request, and nothing to put together and to parse again.
            outbound.RequestUri = server.Relay.DestinationUrls.GetValueOrDefault(transform.DestinationPrefix);
        }

        InstallProof(server, cleared.Credential, context.Request.Method, transform.DestinationPrefix, transform.Path, authorized.Body is { } body ? body.Bytes : default, clock, outbound.Headers);
        if (server.Transport == McpTransport.HttpSse)
        {
            streams.Pass(request, cleared);
        }

        // From here on the MCP server may have it, whatever becomes of the answer: it is told as sent.
        request.Record.Allowed = true;
        request.BeginWait();
        return default;
    }

    /// <summary>The first bytes of a request are about to be written; throws when it is not to be sent any more, and then none are.</summary>
    public void BeforeWriting(GatewayRequest request)
    {
        if (Fallen(request.Cleared!) is { } fallen)
        {
            request.Attempt = fallen;
            request.Record.Allowed = request.IsWritten;
            throw new InvalidOperationException("A request that waited for a connection is not to be sent any more.");
        }

        request.IsWritten = true;
    }

    /// <summary>
    /// Decided when it is sent: the time that went by since the token was accepted, and a logout in that time, count. A hop
    /// token that has run out meanwhile is treated as one that the MCP server refused.
    /// </summary>
    private Attempt? Fallen(Cleared cleared) =>
        (standing.RefusalOf(cleared.Inbound) ?? (streams.IsLost(cleared) ? Refusal.EndpointOutside : null)) is { } refused ? new Attempt(refused)
        : cleared.Credential is OutboundCredential.HopToken { Token: var hop } && hop.SentUntil <= clock.GetUtcNow()
            ? new Attempt(new Refused(Refusal.ExchangeResultRejected, "result_lifetime"), Retry.FreshToken)
        : null;

    /// <summary>Puts the outbound credential on the request; throws when it is not good for this server, now.</summary>
    internal static void InstallCredential(Cleared cleared, TimeProvider clock, HttpRequestHeaders headers) =>
        InstallCredential(cleared.Server, cleared.Credential, clock, headers);

    /// <inheritdoc cref="InstallCredential(Cleared, TimeProvider, HttpRequestHeaders)"/>
    internal static void InstallCredential(McpServer server, OutboundCredential credential, TimeProvider clock, HttpRequestHeaders headers)
    {
        switch (credential)
        {
            case OutboundCredential.None:
                return;
            case OutboundCredential.Header header:
                // Whatever was copied under that name is the client's, and lines of one name arrive joined.
                headers.Remove(header.Name);
                if (!headers.TryAddWithoutValidation(header.Name, header.Value))
                {
                    throw new InvalidOperationException("The credential's header cannot be sent.");
                }

                return;
            case OutboundCredential.HopToken { Token: var token } when token.InboundResource == server.Resource && token.SentUntil > clock.GetUtcNow():
                headers.TryAddWithoutValidation("Authorization", token.AuthorizationHeader);
                return;
            default:
                throw new InvalidOperationException("No token for this server reached the last gate.");
        }
    }

    /// <summary>Proves a request to a destination with the key that its hop token is bound to; nothing where it is bound to none.</summary>
    internal static void InstallProof(McpServer server, OutboundCredential credential, string method, string destination, PathString rest, ReadOnlySpan<byte> body, TimeProvider clock, HttpRequestHeaders headers)
    {
        if (server.Relay.Proof is { } proofs && credential is OutboundCredential.HopToken { Token: var hop })
        {
            headers.TryAddWithoutValidation(SenderProof.Header, proofs.Create(hop, method, destination, rest, body, clock.GetUtcNow()));
        }
    }

    /// <summary>What the server is told of the caller, from the validated token alone; the client's own lines of such a name were never copied.</summary>
    internal static void InstallIdentity(McpServer server, ValidatedToken inbound, HttpRequestHeaders headers)
    {
        foreach (var header in server.Admission.IdentityHeaders)
        {
            headers.Remove(header.Header);
            if (IdentityClaims.ValueOf(inbound.Claims, header) is not { } value || !headers.TryAddWithoutValidation(header.Header, value))
            {
                throw new InvalidOperationException("An identity header cannot be sent.");
            }
        }
    }

    private static void CopyHeaders(IHeaderDictionary inbound, HttpRequestMessage outbound, HttpContent? body, McpServer server, bool plain)
    {
        var nominated = Nominated(inbound.Connection);
        foreach (var header in inbound)
        {
            var name = header.Key;
            if (nominated is not null && nominated.Contains(name))
            {
                continue;
            }

            if (name.StartsWith("Content-", StringComparison.OrdinalIgnoreCase))
            {
                Add(body?.Headers, name, header.Value);
            }
            else if (IsAllowed(name, server.Relay.ForwardHeaders, plain))
            {
                Add(outbound.Headers, name, header.Value);
            }
        }
    }

    private static void Add(HttpHeaders? headers, string name, StringValues values)
    {
        if (values.Count == 1)
        {
            headers?.TryAddWithoutValidation(name, values[0]);
        }
        else
        {
            headers?.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
        }
    }

    // What the gateway has to read must not come compressed.
    private static bool IsAllowed(string name, FrozenSet<string> forwarded, bool plain) =>
        RelayedHeaders.Pass(name, forwarded) && !(plain && name.Equals("Accept-Encoding", StringComparison.OrdinalIgnoreCase));

    /// <summary>The headers that the client's Connection header makes hop-by-hop ones (RFC 9110 §7.6.1); null when there are none.</summary>
    private static HashSet<string>? Nominated(StringValues connection)
    {
        HashSet<string>? names = null;
        foreach (var line in connection)
        {
            // Kestrel puts such a word in place of all the lines when it stands among them: what else they named cannot be seen here.
            if (line is "keep-alive" or "close")
            {
                continue;
            }

            foreach (var range in line.AsSpan().Split(','))
            {
                (names ??= new HashSet<string>(StringComparer.OrdinalIgnoreCase)).Add(line.AsSpan()[range].Trim().ToString());
            }
        }

        return names;
    }
}
