using System.Globalization;
using System.Net;
using System.Text;
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
/// Asks a destination as a request would: one <c>initialize</c>, with the credential that goes there where there is one.
/// Says what came back, and what to do about it.
/// </summary>
internal sealed class DestinationCheck : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly byte[] Initialize = """{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"gateway-doctor","version":"1"}}}"""u8.ToArray();
    private readonly McpServer server;
    private readonly DoctorReport report;
    private readonly HttpMessageInvoker client;

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
            using var request = isSse ? new HttpRequestMessage(HttpMethod.Options, destination) : Call(destination, token);
            var withCredential = !isSse && request.Headers.Contains("Authorization");
            request.Headers.Host = server.Relay.OnSockets ? UnixSockets.Host : null;
            using var response = await client.SendAsync(request, patience.Token);
            if (isSse)
            {
                report.Pass(check, string.Create(CultureInfo.InvariantCulture, $"answers ({(int)response.StatusCode})"));
                return;
            }

            await JudgeAsync(check, response, withCredential, token, patience.Token);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException || (exception is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            var cause = exception is OperationCanceledException ? OutageCause.Timeout : OutageCause.Of(exception);
            report.Fail(check, exception is OperationCanceledException ? "no answer in time" : $"{cause ?? "failed"} ({Fault.Told(exception).TrimEnd('.')})", Remedies.For(cause));
        }
    }

    public void Dispose() => client.Dispose();

    private HttpRequestMessage Call(string destination, OutboundToken? token)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, destination) { Content = new ByteArrayContent(Initialize) { Headers = { ContentType = new("application/json") } } };
        request.Headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
        if (token is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", token.AuthorizationHeader);
            if (server.Relay.Proof?.Create(token, "POST", destination, default, Initialize, TimeProvider.System.GetUtcNow()) is { } proof)
            {
                request.Headers.TryAddWithoutValidation("DPoP", proof);
            }
        }
        else if (server.Source is CredentialSource.Static { Credential: var credential } && credential.Read() is { } header)
        {
            request.Headers.TryAddWithoutValidation(header.Name, header.Value);
        }

        return request;
    }

    private async Task JudgeAsync(string check, HttpResponseMessage response, bool withCredential, OutboundToken? token, CancellationToken cancellation)
    {
        var status = (int)response.StatusCode;
        var answered = string.Create(CultureInfo.InvariantCulture, $"answers an initialize with {status}");
        switch (response.StatusCode)
        {
            case HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed or HttpStatusCode.Gone:
                report.Fail(check, answered, "nothing speaks MCP at this path; Destinations must be the server's own endpoint, path included (often /mcp), and of an http+sse server its base URL with Transport http+sse");
                return;
            case var redirect when status is >= 300 and < 400 && redirect != HttpStatusCode.NotModified:
                var location = response.Headers.NonValidated.TryGetValues("Location", out var to) ? Shown.Cut(to.ToString()) : "nowhere";
                report.Fail(check, $"{answered}, a redirect to {location}", "redirects are not followed; write the address that it leads to, its slash and scheme included, as the destination");
                return;
            case HttpStatusCode.Unauthorized when withCredential:
                var challenge = response.Headers.NonValidated.TryGetValues("WWW-Authenticate", out var challenges) ? Shown.Cut(challenges.ToString()) : "no challenge";
                report.Fail(check, $"{answered}: it refuses the credential and says {challenge}{Sent(token)}", "compare what was sent with what the MCP server expects: issuer, audience, the key it fetches, the type (at+jwt); docs/troubleshooting.md#upstream_refused_token");
                return;
            case HttpStatusCode.UnsupportedMediaType or HttpStatusCode.NotAcceptable or HttpStatusCode.UpgradeRequired or HttpStatusCode.HttpVersionNotSupported:
                report.Fail(check, answered, "it does not take an MCP message as JSON over HTTP/1.1; check that the destination is the MCP endpoint and Transport what it speaks");
                return;
            case >= HttpStatusCode.InternalServerError:
                report.Fail(check, answered, "the MCP server, or a proxy before it, fails; look at its log");
                return;
            default:
                var type = response.Content.Headers.ContentType?.MediaType;
                var shown = response.IsSuccessStatusCode && type is "application/json" ? ": " + await FirstAsync(response.Content, cancellation) : "";
                report.Pass(check, answered + (withCredential ? " and the credential" : "") + (token is null ? "" : shown));
                return;
        }
    }

    /// <summary>What of a hop token an MCP server looks at: never the token.</summary>
    private static string Sent(OutboundToken? token)
    {
        if (token is null)
        {
            return "";
        }

        var text = token.AuthorizationHeader[(token.AuthorizationHeader.IndexOf(' ', StringComparison.Ordinal) + 1)..];
        return text.Count(character => character == '.') != 2 ? "; sent was an opaque token"
            : Shown.PartOf(text, 0) is { } header && Shown.PartOf(text, 1) is { } payload ? $"; sent was iss {Of(payload, "iss")}, aud {Of(payload, "aud")}, kid {Of(header, "kid")}, typ {Of(header, "typ")}"
            : "; sent was a token that cannot be read";

        static string Of(JsonElement of, string name) => of.TryGetProperty(name, out var value) ? Shown.Cut(value.ToString()) : "(none)";
    }

    private static async Task<string> FirstAsync(HttpContent content, CancellationToken cancellation)
    {
        var buffer = new byte[Shown.Most];
        await using var stream = await content.ReadAsStreamAsync(cancellation);
        var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellation);
        return Encoding.UTF8.GetString(buffer, 0, length) + (length == buffer.Length ? "…" : "");
    }
}
