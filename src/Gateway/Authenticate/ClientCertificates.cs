using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using TokenExchange.Inbound.Proof;

namespace Gateway.Authenticate;

/// <summary>
/// Finds the certificate that a client has proven to hold: that of its connection, or the one that a proxy of the
/// configuration names, which ended the connection and has seen the proof. From anybody else the header says nothing.
/// </summary>
/// <remarks>RFC 8705 §3; RFC 9440 §2, §4.</remarks>
internal sealed class ClientCertificates(ImmutableArray<IPNetwork> proxies)
{
    private const string Header = "Client-Cert";

    /// <summary>What gives the certificate's thumbprint, for whoever needs it; null for a request that can have none.</summary>
    public Func<string?>? Of(HttpContext context, TimeProvider clock)
    {
        if (!proxies.IsEmpty && context.Request.Headers.TryGetValue(Header, out var lines) && IsProxy(context.Connection.RemoteIpAddress))
        {
            return OfHeader(lines, clock);
        }

        return context.Request.IsHttps && context.Features.Get<ITlsConnectionFeature>()?.ClientCertificate is { } certificate ? OfConnection(certificate, clock) : null;
    }

    // Apart, so that a request without a certificate allocates nothing for it.
    private static Func<string?> OfHeader(StringValues lines, TimeProvider clock) =>
        () => lines is [{ } line] ? CertificateThumbprint.OfHeader(line, clock.GetUtcNow()) : null;

    private static Func<string?> OfConnection(X509Certificate2 certificate, TimeProvider clock) => () => CertificateThumbprint.Of(certificate, clock.GetUtcNow());

    private bool IsProxy(IPAddress? address)
    {
        var peer = address?.IsIPv4MappedToIPv6 == true ? address.MapToIPv4() : address;
        return peer is not null && proxies.Any(range => range.Contains(peer));
    }
}
