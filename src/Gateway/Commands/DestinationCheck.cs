using System.Globalization;
using System.Net;
using System.Text.Json;
using Gateway.Configuration;
using Gateway.Configuration.Options;
using Gateway.Exchange;
using Gateway.Forward;
using Gateway.Observe;
using Gateway.Sessions;
using TokenExchange.Issuers;
using TokenExchange.Outbound;

namespace Gateway.Commands;

/// <summary>
/// Asks a destination as a request would: one <c>initialize</c> (of a server that knows none, <c>server/discover</c>), with the credential that goes there where there is one.
/// A server of HTTP+SSE is asked for its stream, which announces where clients post to. Says what came back, and what to do about it.
/// </summary>
internal sealed class DestinationCheck : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly byte[] Initialize = """{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"gateway-doctor","version":"1"}}}"""u8.ToArray();
    private static readonly byte[] Discover = """{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"gateway-doctor","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}"""u8.ToArray();
    private readonly McpServer server;
    private readonly DoctorReport report;
    private readonly HttpMessageInvoker client;
    private (string Name, string Value)? credential;

    public DestinationCheck(McpServer server, ServerOptions options, DoctorReport report)
    {
        (this.server, this.report) = (server, report);
        SocketsHttpHandler Connections() => UnixSockets.Connect(new() { AllowAutoRedirect = false, UseCookies = false, UseProxy = false, ConnectTimeout = Patience }, server.Relay.OnSockets);
        client = new HttpMessageInvoker(TlsFiles.Of(options.Tls) is { } tls ? new OutboundTls(tls, TimeProvider.System, Connections) : Connections());
    }

    public async Task RunAsync(string destination, OutboundToken? token, CancellationToken cancellation)
    {
        var check = $"{server.Id} destination {UnixDestination.Show(destination)}";
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        try
        {
            credential = CredentialFor(token);
            if (server.Transport == McpTransport.HttpSse)
            {
                await StreamAsync(check, destination, token, patience.Token);
                return;
            }

            using var request = Call(destination, token, Initialize);
            var withCredential = credential is not null;
            using var response = await client.SendAsync(request, patience.Token);
            var answer = await InitializeAnswer.ReadAsync(response.Content, patience.Token);
            if (answer.IsMcp && (response.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.NotFound) && await DiscoverAsync(check, destination, token, withCredential, patience.Token))
            {
                return;
            }

            Judge(check, Question.Initialize, response, answer, withCredential, token);
            await EndSessionAsync(response, destination, token, patience.Token);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException || (exception is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            var cause = exception is OperationCanceledException ? OutageCause.Timeout : OutageCause.Of(exception);
            report.Fail(check, exception is OperationCanceledException ? "no answer in time" : $"{cause ?? "failed"} ({Fault.Told(exception).TrimEnd('.')})", Remedies.For(cause));
        }
    }

    public void Dispose() => client.Dispose();

    private HttpRequestMessage Call(string destination, OutboundToken? token, byte[] body)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, destination) { Content = new ByteArrayContent(body) { Headers = { ContentType = new("application/json") } } };
        request.Headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
        return With(token, request, destination, default, body);
    }

    /// <summary>The header that lets a request in there: of the hop token, or the server's own; null where none is sent.</summary>
    private (string Name, string Value)? CredentialFor(OutboundToken? token) =>
        token is not null ? ("Authorization", token.AuthorizationHeader)
        : server.Source is CredentialSource.Static { Credential: var own } && own.Read() is { } header ? (header.Name, header.Value)
        : null;

    /// <summary>The request with the credential that goes there, if there is one.</summary>
    private HttpRequestMessage With(OutboundToken? token, HttpRequestMessage request, string destination, PathString rest, byte[] body)
    {
        request.Headers.Host = server.Relay.OnSockets ? UnixSockets.Host : null;
        if (credential is var (name, value))
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        if (token is not null && server.Relay.Proof?.Create(token, request.Method.Method, destination, rest, body, TimeProvider.System.GetUtcNow()) is { } proof)
        {
            request.Headers.TryAddWithoutValidation("DPoP", proof);
        }

        return request;
    }

    /// <summary>Ends the session that an initialize began: what nobody uses is kept for long, by a bridge as a process, of which it has few. A server may decline.</summary>
    /// <remarks>MCP 2025-11-25, transports, session management.</remarks>
    private async Task EndSessionAsync(HttpResponseMessage begun, string destination, OutboundToken? token, CancellationToken cancellation)
    {
        if (!begun.Headers.NonValidated.TryGetValues(SessionPolicy.Header, out var session))
        {
            return;
        }

        using var request = With(token, new HttpRequestMessage(HttpMethod.Delete, destination), destination, default, []);
        request.Headers.TryAddWithoutValidation(SessionPolicy.Header, session.ToString());
        request.Headers.TryAddWithoutValidation("MCP-Protocol-Version", "2025-11-25");
        try
        {
            using var ended = await client.SendAsync(request, cancellation);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException)
        {
            // The check is made: what it said of the server stands.
        }
    }

    /// <summary>Whether it is a server of the revisions without sessions alone, which know no <c>initialize</c> (2026-07-28 on).</summary>
    private async Task<bool> DiscoverAsync(string check, string destination, OutboundToken? token, bool withCredential, CancellationToken cancellation)
    {
        using var request = Call(destination, token, Discover);
        request.Headers.TryAddWithoutValidation("MCP-Protocol-Version", "2026-07-28");
        request.Headers.TryAddWithoutValidation("Mcp-Method", "server/discover");
        using var response = await client.SendAsync(request, cancellation);
        if (!response.IsSuccessStatusCode)
        {
            return false;
        }

        Judge(check, Question.Discover, response, await InitializeAnswer.ReadAsync(response.Content, cancellation), withCredential, token);
        return true;
    }

    /// <summary>Asks a server of HTTP+SSE for its stream: it must announce where clients post to, and there the gateway must lead.</summary>
    private async Task StreamAsync(string check, string destination, OutboundToken? token, CancellationToken cancellation)
    {
        var address = new Uri(destination.TrimEnd('/') + "/sse");
        using var request = With(token, new HttpRequestMessage(HttpMethod.Get, address), destination, "/sse", []);
        request.Headers.TryAddWithoutValidation("Accept", "text/event-stream");
        using var response = await client.SendAsync(request, cancellation);
        var (answer, endpoint) = await InitializeAnswer.ReadEndpointAsync(response.Content, cancellation);
        if (response.IsSuccessStatusCode && endpoint is not null && SseEndpoint.Within(endpoint, address, new Uri(destination)) is null)
        {
            report.Fail(check, $"its stream at /sse announces the endpoint {Foreign(endpoint)}, which lies outside the destination", "clients would be given no way to post there; the destination of an http+sse server is the base URL that both its /sse and its endpoint lie under, often its origin (docs/legacy-servers.md#httpsse)");
            return;
        }

        Judge(check, Question.Stream, response, answer, credential is not null, token);
    }

    private void Judge(string check, Question question, HttpResponseMessage response, InitializeAnswer answer, bool withCredential, OutboundToken? token)
    {
        var status = (int)response.StatusCode;
        var answered = string.Create(CultureInfo.InvariantCulture, $"answers {question.Name} with {status}");
        switch (response.StatusCode)
        {
            case HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed or HttpStatusCode.Gone or HttpStatusCode.NotImplemented:
                report.Fail(check, answered, question.NotHere);
                return;
            case var redirect when status is >= 300 and < 400 && redirect != HttpStatusCode.NotModified:
                var location = response.Headers.NonValidated.TryGetValues("Location", out var to) ? Foreign(to.ToString()) : "nowhere";
                report.Fail(check, $"{answered}, a redirect to {location}", "redirects are not followed; write the address that it leads to, its slash and scheme included, as the destination");
                return;
            case HttpStatusCode.Unauthorized when withCredential:
                report.Fail(check, $"{answered}: it refuses the credential and says {ChallengeOf(response) ?? "no challenge, " + answer.Described(Foreign)}{Sent(token)}", "compare what was sent with what the MCP server expects: issuer, audience, the key it fetches, the type (at+jwt); docs/troubleshooting.md#upstream_refused_token");
                return;
            case HttpStatusCode.UnsupportedMediaType or HttpStatusCode.NotAcceptable or HttpStatusCode.UpgradeRequired or HttpStatusCode.HttpVersionNotSupported:
                report.Fail(check, $"{answered}: {answer.Described(Foreign)}", "it does not take an MCP message as JSON over HTTP/1.1; check that the destination is the MCP endpoint and Transport what it speaks");
                return;
            case >= HttpStatusCode.InternalServerError:
                report.Fail(check, $"{answered}: {answer.Described(Foreign)}", "the MCP server, or a proxy before it, fails; look at its log");
                return;
        }

        var said = answered + (withCredential ? " and the credential" : "") + $": {(ChallengeOf(response) is { } challenge ? $"it says {challenge}, " : "")}{answer.Described(Foreign)}";
        if (!IsAsARequest(withCredential))
        {
            // Nobody was let in, and whoever is asked for a credential first may answer in any form.
            report.Pass(check, said);
        }
        else if (status == StatusCodes.Status403Forbidden)
        {
            report.Fail(check, said + Sent(token), "it knows the caller and lets it do nothing; compare the scopes, roles or groups that it asks for with what was sent (the exchange above); docs/troubleshooting.md#upstream_insufficient_scope");
        }
        else if (status >= 400 || !response.IsSuccessStatusCode)
        {
            report.Fail(check, said + Sent(token), "it refuses the first message of every client; its log says why: often a host, origin or protocol version that it does not know, or a path that is no MCP endpoint");
        }
        else if (!answer.IsMcp)
        {
            report.Fail(check, said, question.NotMcp);
        }
        else
        {
            report.Pass(check, said);
        }
    }

    // With the credential of a request, or where none is ever sent: what comes back is what a client would get.
    private bool IsAsARequest(bool withCredential) => withCredential || server.Source is CredentialSource.Nothing;

    /// <summary>What a destination was asked, and what it means when it is not that.</summary>
    private sealed record Question(string Name, string NotHere, string NotMcp)
    {
        private const string Endpoint = "Destinations must be the server's own endpoint, path included (often /mcp), and of an http+sse server its base URL with Transport http+sse";
        private const string Base = "the destination of an http+sse server is the base URL that its /sse lies under (docs/legacy-servers.md#httpsse); a server of Streamable HTTP is given by its endpoint, without Transport";

        public static readonly Question Initialize = Post("an initialize");
        public static readonly Question Discover = Post("a server/discover");
        public static readonly Question Stream = new(
            "a GET of its /sse",
            $"no stream of HTTP+SSE is at this path; {Base}",
            $"what answers there is no stream of HTTP+SSE: it begins with an event 'endpoint', which says where clients post to; {Base}");

        private static Question Post(string name) => new(
            name,
            $"nothing speaks MCP at this path; {Endpoint}",
            $"what answers there does not speak MCP: an initialize is answered with a JSON-RPC message, as application/json or text/event-stream; perhaps it is a page or another API: {Endpoint}");
    }

    private string? ChallengeOf(HttpResponseMessage response) =>
        response.Headers.NonValidated.TryGetValues("WWW-Authenticate", out var challenges) ? Foreign(challenges.ToString()) : null;

    // Whoever was sent a credential may send it back.
    private string Foreign(string text) => Shown.Foreign(text, credential is { Value: var sent } ? CredentialIn(sent) : null);

    // What stands behind the scheme, where there is one.
    private static string CredentialIn(string header) => header[(header.LastIndexOf(' ') + 1)..];

    /// <summary>What of a hop token an MCP server looks at: never the token.</summary>
    private static string Sent(OutboundToken? token)
    {
        if (token is null)
        {
            return "";
        }

        var text = CredentialIn(token.AuthorizationHeader);
        return text.Count(character => character == '.') != 2 ? "; sent was an opaque token"
            : Shown.PartOf(text, 0) is { } header && Shown.PartOf(text, 1) is { } payload ? $"; sent was iss {Of(payload, "iss")}, aud {Of(payload, "aud")}, kid {Of(header, "kid")}, typ {Of(header, "typ")}"
            : "; sent was a token that cannot be read";

        static string Of(JsonElement of, string name) => of.TryGetProperty(name, out var value) ? Shown.Cut(value.ToString()) : "(none)";
    }
}
