using System.Globalization;
using System.Net;
using System.Text.Json;
using Gateway.Configuration;
using Gateway.Configuration.Options;
using Gateway.Exchange;
using Gateway.Forward;
using Gateway.Observe;
using TokenExchange.Issuers;
using TokenExchange.Outbound;

namespace Gateway.Commands;

/// <summary>
/// Asks a destination as a request would: one <c>initialize</c> (of a server that knows none, <c>server/discover</c>), with the credential that goes there where there is one.
/// Says what came back, and what to do about it.
/// </summary>
internal sealed class DestinationCheck : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly byte[] Initialize = """{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"gateway-doctor","version":"1"}}}"""u8.ToArray();
    private static readonly byte[] Discover = """{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"gateway-doctor","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}"""u8.ToArray();
    private readonly McpServer server;
    private readonly DoctorReport report;
    private readonly HttpMessageInvoker client;
    private string? secret;

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
            // The answers of HTTP+SSE come by another way than its posts: that it is there is all that one request tells.
            var isSse = server.Transport == McpTransport.HttpSse;
            using var request = isSse ? new HttpRequestMessage(HttpMethod.Options, destination) : Call(destination, token, Initialize);
            var withCredential = !isSse && secret is not null;
            request.Headers.Host = server.Relay.OnSockets ? UnixSockets.Host : null;
            using var response = await client.SendAsync(request, patience.Token);
            if (isSse)
            {
                report.Pass(check, string.Create(CultureInfo.InvariantCulture, $"answers ({(int)response.StatusCode})"));
                return;
            }

            var answer = await InitializeAnswer.ReadAsync(response.Content, patience.Token);
            if (answer.IsMcp && (response.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.NotFound) && await DiscoverAsync(check, destination, token, withCredential, patience.Token))
            {
                return;
            }

            Judge(check, "an initialize", response, answer, withCredential, token);
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
        if (token is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", token.AuthorizationHeader);
            secret = CredentialIn(token.AuthorizationHeader);
            if (server.Relay.Proof?.Create(token, "POST", destination, default, body, TimeProvider.System.GetUtcNow()) is { } proof)
            {
                request.Headers.TryAddWithoutValidation("DPoP", proof);
            }
        }
        else if (server.Source is CredentialSource.Static { Credential: var credential } && credential.Read() is { } header)
        {
            request.Headers.TryAddWithoutValidation(header.Name, header.Value);
            secret = CredentialIn(header.Value);
        }

        return request;
    }

    /// <summary>Whether it is a server of the revisions without sessions alone, which know no <c>initialize</c> (2026-07-28 on).</summary>
    private async Task<bool> DiscoverAsync(string check, string destination, OutboundToken? token, bool withCredential, CancellationToken cancellation)
    {
        using var request = Call(destination, token, Discover);
        request.Headers.Host = server.Relay.OnSockets ? UnixSockets.Host : null;
        request.Headers.TryAddWithoutValidation("MCP-Protocol-Version", "2026-07-28");
        request.Headers.TryAddWithoutValidation("Mcp-Method", "server/discover");
        using var response = await client.SendAsync(request, cancellation);
        if (!response.IsSuccessStatusCode)
        {
            return false;
        }

        Judge(check, "a server/discover", response, await InitializeAnswer.ReadAsync(response.Content, cancellation), withCredential, token);
        return true;
    }

    private void Judge(string check, string question, HttpResponseMessage response, InitializeAnswer answer, bool withCredential, OutboundToken? token)
    {
        var status = (int)response.StatusCode;
        var answered = string.Create(CultureInfo.InvariantCulture, $"answers {question} with {status}");
        switch (response.StatusCode)
        {
            case HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed or HttpStatusCode.Gone:
                report.Fail(check, answered, "nothing speaks MCP at this path; Destinations must be the server's own endpoint, path included (often /mcp), and of an http+sse server its base URL with Transport http+sse");
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
            report.Fail(check, said, "what answers there does not speak MCP: an initialize is answered with a JSON-RPC message, as application/json or text/event-stream; perhaps it is a page or another API: Destinations must be the server's own endpoint, path included (often /mcp), and of an http+sse server its base URL with Transport http+sse");
        }
        else
        {
            report.Pass(check, said);
        }
    }

    // With the credential of a request, or where none is ever sent: what comes back is what a client would get.
    private bool IsAsARequest(bool withCredential) => withCredential || server.Source is CredentialSource.Nothing;

    private string? ChallengeOf(HttpResponseMessage response) =>
        response.Headers.NonValidated.TryGetValues("WWW-Authenticate", out var challenges) ? Foreign(challenges.ToString()) : null;

    // Whoever was sent a credential may send it back.
    private string Foreign(string text) => Shown.Foreign(text, secret);

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
