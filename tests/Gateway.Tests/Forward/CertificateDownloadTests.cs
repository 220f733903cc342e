using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Gateway.Observe;
using Gateway.Revoke.Shared;
using Gateway.Tests.Commands;
using Gateway.Tests.Harness;
using Harness;
using Harness.Wire;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Configuration;
using OpenTelemetry.Exporter;
using Xunit;

namespace Gateway.Tests.Forward;

/// <summary>
/// A certificate may name an address where its issuer's is to be had (RFC 5280 §4.2.2.1). Whoever is at the other end, or in
/// between, wrote it, and nobody has vouched for it yet: it is asked nothing, or it would choose whom the gateway calls, inside of
/// the network too, and how long the thread waits that reads it.
/// </summary>
public sealed class CertificateDownloadTests : IAsyncDisposable
{
    private readonly TestAuthority unknown = new("unknown");
    private readonly ConcurrentQueue<EndPoint> asked = new();
    private readonly SocketAcceptor lure;
    private readonly X509Certificate2 certificate;

    public CertificateDownloadTests()
    {
        lure = new((socket, _) =>
        {
            asked.Enqueue(socket.RemoteEndPoint!);
            socket.Dispose();
            return Task.CompletedTask;
        });
        certificate = unknown.IssueServer("127.0.0.1", $"http://{lure.Address}/issuer.crt");
    }

    /// <summary>A server that shows the certificate; at its start it asks for the issuer's itself, as Kestrel does for a server's own.</summary>
    private HttpsConnectionAdapterOptions Https => new() { ServerCertificate = certificate };

    public async ValueTask DisposeAsync()
    {
        await lure.DisposeAsync();
        certificate.Dispose();
        unknown.Dispose();
    }

    [Fact]
    public async Task An_MCP_servers_certificate_is_not_completed()
    {
        await using var server = new TestMcpServer(Https);
        asked.Clear();
        await using var world = await World.StartAsync(server.Url, weather => weather["Outbound"]!["Resource"] = "https://weather.internal/mcp");

        Assert.Equal(502, (await world.Gateway.CallAsync("/weather", world.WeatherToken())).Status);
        Assert.Empty(asked);
    }

    [Fact]
    public async Task An_MCP_servers_certificate_is_not_completed_by_doctor_either()
    {
        await using var server = new TestMcpServer(Https);
        asked.Clear();
        await using var world = await World.StartAsync(server.Url, weather => weather["Outbound"]!["Resource"] = "https://weather.internal/mcp");

        Assert.Contains(": tls (", (await DoctorRun.OfAsync(world, world.WeatherToken())).Line("FAIL  weather destination "), StringComparison.Ordinal);
        Assert.Empty(asked);
    }

    [Fact]
    public async Task An_authorization_servers_certificate_is_not_completed()
    {
        await using var server = new TestAuthorizationServer(Https);
        asked.Clear();
        await using var world = await World.StartAsync(options => options["AuthorizationServers"]!["corp"]!["Issuer"] = server.Issuer);

        var token = TokenForge.AccessToken(TestKeys.Es256, server.Issuer, World.WeatherResource, TimeProvider.System.GetUtcNow());
        Assert.Equal(503, (await world.Gateway.CallAsync("/weather", token)).Status);
        Assert.Empty(asked);
    }

    [Theory]
    [InlineData(ClientCertificateMode.AllowCertificate)]
    [InlineData(ClientCertificateMode.RequireCertificate)]
    public async Task A_clients_certificate_is_not_completed(ClientCertificateMode mode)
    {
        using var own = unknown.IssueServer("127.0.0.1");
        await using var world = await World.StartAsync(configure: builder => builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(own, https => https.ClientCertificateMode = mode))));

        await ShowAsync(new Uri(world.Gateway.Url));
        Assert.Empty(asked);
    }

    [Theory]
    [InlineData("AllowCertificate")]
    [InlineData("RequireCertificate")]
    public async Task A_clients_certificate_is_not_completed_where_the_host_name_decides(string mode)
    {
        var directory = Directory.CreateTempSubdirectory("certificate-download-");
        try
        {
            var own = unknown.Issue("localhost");
            var (path, key) = (Path.Combine(directory.FullName, "tls.crt"), Path.Combine(directory.FullName, "tls.key"));
            await File.WriteAllTextAsync(path, own.Certificate, TestContext.Current.CancellationToken);
            await File.WriteAllTextAsync(key, own.Key, TestContext.Current.CancellationToken);
            await using var world = await World.StartAsync(configure: builder => builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
            {
                ["Kestrel:Endpoints:tls:Url"] = "https://127.0.0.1:0",
                ["Kestrel:Endpoints:tls:Sni:localhost:ClientCertificateMode"] = mode,
                ["Kestrel:Endpoints:tls:Sni:localhost:Certificate:Path"] = path,
                ["Kestrel:Endpoints:tls:Sni:localhost:Certificate:KeyPath"] = key,
            }));

            await ShowAsync(new Uri(world.Gateway.Url), "localhost");
            Assert.Empty(asked);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task The_collectors_certificate_is_not_completed()
    {
        await using var server = new TestPeer(Https);
        asked.Clear();
        var options = new OtlpExporterOptions();
        Collector.Connect(options);

        using var client = options.HttpClientFactory();
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(new Uri(server.Origin), TestContext.Current.CancellationToken));
        Assert.Empty(asked);
    }

    /// <summary>Whoever adds a connection has to think of it.</summary>
    [Fact]
    public void Every_place_that_makes_connections_says_how_certificates_are_judged()
    {
        string[] makers = ["new SocketsHttpHandler", "new HttpClientHandler", "new HttpClient()", "new SslStream", "AddOtlpExporter()", "new ConfigurationOptions", "ConfigureHttpsDefaults"];
        var places = Directory.EnumerateFiles(Path.Combine(CommandTests.Repository(), "src"), "*.cs", SearchOption.AllDirectories)
            .Select(file => (file, text: File.ReadAllText(file)))
            .Where(source => makers.Any(maker => source.text.Contains(maker, StringComparison.Ordinal)))
            .ToArray();

        Assert.NotEmpty(places);
        Assert.Equal([], places.Where(source => !source.text.Contains("OfflineChain.Policy", StringComparison.Ordinal)).Select(source => Path.GetFileName(source.file)));
    }

    [Fact]
    public async Task The_shared_states_certificate_is_not_completed()
    {
        var judged = new TaskCompletionSource();
        await using var server = new SocketAcceptor(async (socket, stopping) =>
        {
            await using var tls = new SslStream(new NetworkStream(socket, ownsSocket: true));
            try
            {
                await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificateContext = SslStreamCertificateContext.Create(certificate, null, offline: true) }, stopping);
                _ = await tls.ReadAsync(new byte[1], stopping);
            }
            catch (Exception exception) when (exception is IOException or AuthenticationException or OperationCanceledException)
            {
                // It was not believed.
            }

            judged.TrySetResult();
        });
        await using var connection = new RedisConnection(new() { Endpoints = [server.Address.ToString()!], Tls = true });

        _ = connection.DatabaseAsync().AsTask();
        await judged.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.Empty(asked);
    }

    /// <summary>Comes as a client with the certificate, and stays until the gateway has judged it: it answers, or ends the connection.</summary>
    private async Task ShowAsync(Uri gateway, string? host = null)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(gateway.Host, gateway.Port, TestContext.Current.CancellationToken);
        await using var tls = new SslStream(client.GetStream(), leaveInnerStreamOpen: false, static (_, server, _, _) => server is not null);
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions { TargetHost = host ?? gateway.Host, ClientCertificateContext = SslStreamCertificateContext.Create(certificate, null, offline: true) },
            TestContext.Current.CancellationToken);
        await tls.WriteAsync("GET /healthz/live HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
        using var reader = new StreamReader(tls);
        await Record.ExceptionAsync(() => reader.ReadToEndAsync(TestContext.Current.CancellationToken));
    }
}
