using System.Globalization;
using System.Net;
using System.Text.Json;
using Gateway.Configuration;
using Gateway.Exchange;
using Gateway.Observe;
using Gateway.Sessions;
using TokenExchange.Issuers;
using TokenExchange.Outbound;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;

namespace Gateway.Commands;

/// <summary>
/// Asks a destination as a request would: one <c>initialize</c> (of a server that knows none, <c>server/discover</c>), with the credential that goes there where there is one.
/// A server of HTTP+SSE is asked for its stream, which announces where clients post to. Says what came back, and what to do about it.
/// </summary>
internal sealed class DestinationCheck(McpServer server, ClusterConfig cluster, string profile, DoctorReport report, DoctorCaller? caller) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private readonly DestinationClient client = new(server, cluster);
    private OutboundCredential credential = OutboundCredential.None.Instance;

    public async Task RunAsync(string destination, CancellationToken cancellation)
    {
        var check = $"{server.Id} destination {UnixDestination.Show(destination)}";
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        try
        {
            await AskAsync(check, destination, patience.Token);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException || (exception is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            var cause = exception is OperationCanceledException ? OutageCause.Timeout : OutageCause.Of(exception);
            report.Fail(check, exception is OperationCanceledException ? "no answer in time" : $"{cause ?? "failed"} ({Fault.Told(exception).TrimEnd('.')})", Remedies.For(cause));
        }
    }

    public void Dispose() => client.Dispose();

    private async Task AskAsync(string check, string destination, CancellationToken cancellation)
    {
        var first = DoctorMessage.FirstAt(server);
        if (!await ObtainAsync(check, first, cancellation))
        {
            return;
        }

        using var response = await client.SendAsync(destination, first, credential, caller, cancellation);
        if (server.Transport == McpTransport.HttpSse)
        {
            await StreamAsync(check, destination, response, cancellation);
            return;
        }

        var answer = await InitializeAnswer.ReadAsync(response.Content, cancellation);
        if (!answer.IsMcp || response.StatusCode is not (HttpStatusCode.BadRequest or HttpStatusCode.NotFound) || !await DiscoverAsync(check, destination, cancellation))
        {
            Judge(check, DestinationQuestion.Initialize, response, answer);
            await EndSessionAsync(check, response, destination, cancellation);
        }
    }

    /// <summary>Obtains what a request with this message would be let in with; false where a request would be refused, which is reported.</summary>
    private async ValueTask<bool> ObtainAsync(string check, DoctorMessage message, CancellationToken cancellation)
    {
        switch (server.Source)
        {
            case CredentialSource.Static { Credential: var own }:
                if (own.Read() is not { } header)
                {
                    report.Fail(check, "not asked, as no request is: Outbound:File cannot be read, or holds no text that a header can carry (credential_unreadable)", "write the credential alone into it, on one line, and let the gateway's user read it; docs/troubleshooting.md#exchange_misconfigured");
                    return false;
                }

                credential = header;
                return true;
            case CredentialSource.Token source when caller is not null:
                var result = await caller.HopTokenAsync(source, message, cancellation);
                if (result is ExchangeResult.Issued { Token: var token } && token.SentUntil > TimeProvider.System.GetUtcNow())
                {
                    credential = new OutboundCredential.HopToken(token);
                    return true;
                }

                report.Fail(check, "not asked, as no request is: " + ExchangeFault.Briefly(result, message.Operation.Method ?? message.Verb.Method), HintFor(result));
                return false;
            default:
                credential = OutboundCredential.None.Instance;
                return true;
        }
    }

    private string HintFor(ExchangeResult result) => result is ExchangeResult.Issued
        ? "it runs out before it can be sent: give a fresh token, or compare the clocks"
        : DoctorHints.For(result, profile) is { Length: > 0 } hint ? hint : Remedies.For((result as ExchangeResult.Unavailable)?.Cause);

    /// <summary>Ends the session that an initialize began: what nobody uses is kept for long, by a bridge as a process, of which it has few. A server may decline.</summary>
    /// <remarks>MCP 2025-11-25, transports, session management.</remarks>
    private async Task EndSessionAsync(string check, HttpResponseMessage begun, string destination, CancellationToken cancellation)
    {
        if (!begun.Headers.NonValidated.TryGetValues(SessionPolicy.Header, out var session))
        {
            return;
        }

        var message = DoctorMessage.End(session.ToString());
        try
        {
            if (await ObtainAsync(check, message, cancellation))
            {
                using var ended = await client.SendAsync(destination, message, credential, caller, cancellation);
            }
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException)
        {
            // The check is made: what it said of the server stands.
        }
    }

    /// <summary>Whether it is a server of the revisions without sessions alone, which know no <c>initialize</c> (2026-07-28 on).</summary>
    private async Task<bool> DiscoverAsync(string check, string destination, CancellationToken cancellation)
    {
        if (!await ObtainAsync(check, DoctorMessage.Discover, cancellation))
        {
            return true;
        }

        using var response = await client.SendAsync(destination, DoctorMessage.Discover, credential, caller, cancellation);
        if (!response.IsSuccessStatusCode)
        {
            return false;
        }

        Judge(check, DestinationQuestion.Discover, response, await InitializeAnswer.ReadAsync(response.Content, cancellation));
        return true;
    }

    /// <summary>Reads the stream of a server of HTTP+SSE: it must announce where clients post to, and there the gateway must lead.</summary>
    private async Task StreamAsync(string check, string destination, HttpResponseMessage response, CancellationToken cancellation)
    {
        var address = RequestUtilities.MakeDestinationAddress(destination, DoctorMessage.Stream.Rest, default);
        var (answer, endpoint) = await InitializeAnswer.ReadEndpointAsync(response.Content, cancellation);
        if (response.IsSuccessStatusCode && endpoint is not null && SseEndpoint.Within(endpoint, address, new Uri(destination)) is null)
        {
            report.Fail(check, $"its stream at /sse announces the endpoint {Foreign(endpoint)}, which lies outside the destination", "clients would be given no way to post there; the destination of an http+sse server is the base URL that both its /sse and its endpoint lie under, often its origin (docs/legacy-servers.md#httpsse)");
            return;
        }

        Judge(check, DestinationQuestion.Stream, response, answer);
    }

    private void Judge(string check, DestinationQuestion question, HttpResponseMessage response, InitializeAnswer answer)
    {
        var withCredential = credential is not OutboundCredential.None;
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
            case HttpStatusCode.Unauthorized when withCredential && KnowsTheCaller:
                report.Fail(check, $"{answered}: it refuses the credential and says {ChallengeOf(response) ?? "no challenge, " + answer.Described(Foreign)}{Sent()}", "compare what was sent with what the MCP server expects: issuer, audience, the key it fetches, the type (at+jwt); docs/troubleshooting.md#upstream_refused_token");
                return;
            case HttpStatusCode.UnsupportedMediaType or HttpStatusCode.NotAcceptable or HttpStatusCode.UpgradeRequired or HttpStatusCode.HttpVersionNotSupported:
                report.Fail(check, $"{answered}: {answer.Described(Foreign)}", "it does not take an MCP message as JSON over this version of HTTP; check that the destination is the MCP endpoint and Transport what it speaks");
                return;
            case >= HttpStatusCode.InternalServerError:
                report.Fail(check, $"{answered}: {answer.Described(Foreign)}", "the MCP server, or a proxy before it, fails; look at its log");
                return;
        }

        var said = answered + (withCredential ? " and the credential" : "") + $": {(ChallengeOf(response) is { } challenge ? $"it says {challenge}, " : "")}{answer.Described(Foreign)}";
        if (IsAsARequest && !KnowsTheCaller && !(response.IsSuccessStatusCode && answer.IsMcp))
        {
            report.Note(check, $"{said}; whether it lets callers in is not known: it is told who calls ({string.Join(", ", server.Admission.IdentityHeaders.Select(header => header.Header))}), so give a token with --subject-token-file");
        }
        else if (!IsAsARequest)
        {
            // Nobody was let in, and whoever is asked for a credential first may answer in any form.
            report.Pass(check, said);
        }
        else if (status == StatusCodes.Status403Forbidden)
        {
            report.Fail(check, said + Sent(), "it knows the caller and lets it do nothing; compare the scopes, roles or groups that it asks for with what was sent (the exchange above); docs/troubleshooting.md#upstream_insufficient_scope");
        }
        else if (status >= 400 || !response.IsSuccessStatusCode)
        {
            report.Fail(check, said + Sent(), "it refuses the first message of every client; its log says why: often a host, origin or protocol version that it does not know, or a path that is no MCP endpoint");
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
    private bool IsAsARequest => credential is not OutboundCredential.None || server.Source is CredentialSource.Nothing;

    // Every request says who calls; without a token of somebody, nobody does.
    private bool KnowsTheCaller => caller is not null || server.Admission.IdentityHeaders.IsEmpty;

    private string? ChallengeOf(HttpResponseMessage response) =>
        response.Headers.NonValidated.TryGetValues("WWW-Authenticate", out var challenges) ? Foreign(challenges.ToString()) : null;

    // Whoever was sent a credential may send it back.
    private string Foreign(string text) => Shown.Foreign(text, credential.Secret.IsEmpty ? null : credential.Secret.ToString());

    /// <summary>What of a hop token an MCP server looks at: never the token.</summary>
    private string Sent()
    {
        if (credential is not OutboundCredential.HopToken)
        {
            return "";
        }

        var text = credential.Secret.ToString();
        return text.Count(character => character == '.') != 2 ? "; sent was an opaque token"
            : Shown.PartOf(text, 0) is { } header && Shown.PartOf(text, 1) is { } payload ? $"; sent was iss {Of(payload, "iss")}, aud {Of(payload, "aud")}, kid {Of(header, "kid")}, typ {Of(header, "typ")}"
            : "; sent was a token that cannot be read";

        static string Of(JsonElement of, string name) => of.TryGetProperty(name, out var value) ? Shown.Cut(value.ToString()) : "(none)";
    }
}
