using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Harness;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Gateway.Tests.Lifecycle;

/// <summary>An authorization server over TLS, with a name that only a proxy can resolve and a certificate of a private authority.</summary>
internal sealed class HttpsIssuer : IAsyncDisposable
{
    public const string Host = "login.corp.test";
    private readonly WebApplication app;

    private HttpsIssuer(WebApplication app) => this.app = app;

    /// <summary>The authority that vouches for the server, as PEM.</summary>
    public required string Authority { get; init; }

    public int Port { get; private set; }

    public string Issuer => $"https://{Host}:{Port}";

    public Action<JsonObject>? ChangeMetadata { get; set; }

    public static async Task<HttpsIssuer> StartAsync()
    {
        using var root = new TestAuthority("private root");
        var certificate = Certificate(root.Certificate);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate)));
        var issuer = new HttpsIssuer(builder.Build()) { Authority = root.Pem };
        issuer.app.MapGet("/.well-known/oauth-authorization-server", issuer.Metadata);
        issuer.app.MapGet("/jwks", () => Results.Text(TestKey.Jwks(TestKeys.Es256.Jwk()), "application/json"));
        issuer.app.MapPost("/token", issuer.ExchangeAsync);
        await issuer.app.StartAsync();
        issuer.Port = new Uri(issuer.app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Port;
        return issuer;
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private IResult Metadata()
    {
        var metadata = new JsonObject { ["issuer"] = Issuer, ["jwks_uri"] = Issuer + "/jwks", ["token_endpoint"] = Issuer + "/token" };
        ChangeMetadata?.Invoke(metadata);
        return Results.Text(metadata.ToJsonString(), "application/json");
    }

    private async Task ExchangeAsync(HttpContext context)
    {
        var form = await context.Request.ReadFormAsync();
        var token = TokenForge.AccessToken(TestKeys.Es256, Issuer, form["resource"]!, TimeProvider.System.GetUtcNow(), (_, payload) =>
        {
            payload["client_id"] = "mcp-gateway";
            payload["scope"] = form["scope"].ToString();
        });
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(new JsonObject
        {
            ["access_token"] = token,
            ["token_type"] = "Bearer",
            ["issued_token_type"] = "urn:ietf:params:oauth:token-type:access_token",
            ["expires_in"] = 300,
        }.ToJsonString());
    }

    private static X509Certificate2 Certificate(X509Certificate2 authority)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=" + Host, key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(Host);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.Create(authority, TimeProvider.System.GetUtcNow().AddHours(-1), TimeProvider.System.GetUtcNow().AddDays(1), [1, 2, 3, 4]);
        using var pair = certificate.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(pair.Export(X509ContentType.Pkcs12), null);
    }
}

/// <summary>An HTTP proxy that knows CONNECT alone, and for every name the port of this machine (RFC 9110 §9.3.6).</summary>
internal sealed class ConnectProxy : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stopped = new();

    public ConnectProxy()
    {
        listener.Start();
        _ = AcceptAsync();
    }

    public string Url => $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";

    /// <summary>The first lines of all requests.</summary>
    public System.Collections.Concurrent.ConcurrentQueue<string> Requests { get; } = new();

    public async ValueTask DisposeAsync()
    {
        await stopped.CancelAsync();
        listener.Dispose();
        stopped.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await listener.AcceptTcpClientAsync(stopped.Token));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Told to stop.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        try
        {
            using (client)
            {
                var stream = client.GetStream();
                var head = new StringBuilder();
                var octet = new byte[1];
                while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await stream.ReadAsync(octet, stopped.Token) == 1)
                {
                    head.Append((char)octet[0]);
                }

                var first = head.ToString().Split("\r\n")[0];
                Requests.Enqueue(first);
                if (!first.StartsWith("CONNECT ", StringComparison.Ordinal))
                {
                    await stream.WriteAsync("HTTP/1.1 405 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray(), stopped.Token);
                    return;
                }

                using var server = new TcpClient();
                await server.ConnectAsync(IPAddress.Loopback, int.Parse(first.Split(' ')[1].Split(':')[1], System.Globalization.CultureInfo.InvariantCulture), stopped.Token);
                await stream.WriteAsync("HTTP/1.1 200 OK\r\n\r\n"u8.ToArray(), stopped.Token);
                var there = server.GetStream();
                await Task.WhenAny(stream.CopyToAsync(there, stopped.Token), there.CopyToAsync(stream, stopped.Token));
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // One side left.
        }
    }
}
