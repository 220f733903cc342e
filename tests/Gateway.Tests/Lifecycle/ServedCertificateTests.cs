using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Gateway.Configuration.Options;
using Gateway.Hosting;
using Gateway.Tests.Observe.Harness;
using Harness;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Gateway.Tests.Lifecycle;

/// <summary>Certificates of Kestrel are renewed under a running gateway, in every order and way, and no connection is refused meanwhile.</summary>
public sealed class ServedCertificateTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("served-").FullName;
    private readonly TestAuthority authority = new("authority");
    private readonly RecordingLoggers log = new();
    private readonly ManualClock clock = new();
    private X509Certificate2? started;

    public void Dispose()
    {
        started?.Dispose();
        authority.Dispose();
        Directory.Delete(directory, recursive: true);
    }

    [Theory]
    [InlineData("tls.crt", "tls.key")]
    [InlineData("tls.key", "tls.crt")]
    public void Between_the_two_writes_of_a_rotation_that_of_before_is_served_and_nothing_is_said(string first, string second)
    {
        var (before, after) = (authority.Issue("before"), authority.Issue("after"));
        var served = Start(before);
        Assert.Equal(before.Thumbprint, ShownBy(served));

        Write(first, after);
        Assert.Equal(before.Thumbprint, ShownBy(served));
        clock.Advance(TimeSpan.FromSeconds(7));
        Assert.Equal(before.Thumbprint, ShownBy(served));
        Assert.Empty(log.Entries);

        Write(second, after);
        Assert.Equal(after.Thumbprint, ShownBy(served));
        Assert.Equal([1605], log.Entries.Select(entry => entry.Event.Id));
    }

    [Theory]
    [InlineData("")]
    [InlineData("-----BEGIN CERTIFICATE-----\nMIIB")]
    [InlineData(null)]
    public void What_stays_unfit_is_told_once_and_replaces_nothing_and_what_comes_after_it_is_served(string? content)
    {
        var (before, after) = (authority.Issue("before"), authority.Issue("after"));
        var served = Start(before);
        var path = Path.Combine(directory, "tls.crt");
        File.Delete(path);
        if (content is not null)
        {
            File.WriteAllText(path, content);
        }

        for (var i = 0; i < 30; i++)
        {
            Assert.Equal(before.Thumbprint, ShownBy(served));
        }

        Assert.Equal([1606], log.Entries.Select(entry => entry.Event.Id));
        Write("tls.crt", after);
        Write("tls.key", after);
        Assert.Equal(after.Thumbprint, ShownBy(served));
    }

    [Fact]
    public void Files_are_looked_at_once_a_second_at_most()
    {
        var (before, after) = (authority.Issue("before"), authority.Issue("after"));
        var served = Start(before);
        Assert.Equal(before.Thumbprint, ShownBy(served));
        Write("tls.crt", after);
        Write("tls.key", after);

        Assert.Equal(before.Thumbprint, ShownBy(served, after: TimeSpan.FromMilliseconds(999)));
        Assert.Equal(after.Thumbprint, ShownBy(served, after: TimeSpan.FromMilliseconds(1)));
    }

    [Fact]
    public async Task Endpoint_host_name_and_default_each_serve_their_own_renewed_one_with_its_chain_over_the_listener_of_before()
    {
        using var intermediate = new TestAuthority("intermediate", authority);
        string[] names = ["endpoint", "sni", "pkcs12"];
        var first = names.ToDictionary(name => name, name => WriteAll(name, intermediate));
        var kestrel = new JsonObject
        {
            ["Endpoints"] = new JsonObject
            {
                ["a"] = new JsonObject { ["Url"] = "https://127.0.0.1:0", ["Certificate"] = Pem("endpoint") },
                ["b"] = new JsonObject { ["Url"] = "https://127.0.0.1:0", ["Sni"] = new JsonObject { ["b.example"] = new JsonObject { ["Certificate"] = Pem("sni") } } },
                ["c"] = new JsonObject { ["Url"] = "https://127.0.0.1:0" },
            },
            ["Certificates"] = new JsonObject { ["Default"] = new JsonObject { ["Path"] = Path.Combine(directory, "pkcs12.pfx"), ["Password"] = "secret" } },
        };
        await using var gateway = Serve(kestrel);
        await gateway.SaidAsync("Application started");
        var ports = gateway.Output.Split('\n').Where(line => line.Contains("Now listening on", StringComparison.Ordinal)).Select(line => new Uri(line[line.LastIndexOf("https:", StringComparison.Ordinal)..].Trim()).Port).ToArray();
        Assert.Equal(3, ports.Length);
        (int Port, string Host, string Name)[] places = [(ports[0], "127.0.0.1", "endpoint"), (ports[1], "b.example", "sni"), (ports[2], "127.0.0.1", "pkcs12")];
        foreach (var (port, host, name) in places)
        {
            Assert.Equal(first[name], (await ShownAtAsync(port, host)).Thumbprint);
        }

        var second = names.ToDictionary(name => name, name => WriteAll(name, intermediate));

        using var tooLong = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        foreach (var (port, host, name) in places)
        {
            (string Thumbprint, int Sent) shown;
            while ((shown = await ShownAtAsync(port, host)).Thumbprint != second[name])
            {
                Assert.Equal(first[name], shown.Thumbprint);
                tooLong.Token.ThrowIfCancellationRequested();
            }

            Assert.Equal(2, shown.Sent);
        }
    }

    private ServedCertificates Start((string Certificate, string Key, string) pair)
    {
        Write("tls.crt", pair);
        Write("tls.key", pair);
        started = X509Certificate2.CreateFromPem(pair.Certificate, pair.Key);
        return new ServedCertificates([("Kestrel:Certificates:Default", new KestrelCertificateOptions { Path = Path.Combine(directory, "tls.crt"), KeyPath = Path.Combine(directory, "tls.key") })], clock, log.CreateLogger<ServedCertificates>());
    }

    /// <summary>What the next connection is shown, a second later unless said otherwise.</summary>
    private string ShownBy(ServedCertificates served, TimeSpan? after = null)
    {
        clock.Advance(after ?? TimeSpan.FromSeconds(1));
        var tls = new SslServerAuthenticationOptions { ServerCertificate = started };
        served.Renew(tls);
        return Convert.ToHexString(SHA256.HashData((tls.ServerCertificateContext?.TargetCertificate ?? (X509Certificate2)tls.ServerCertificate!).RawData));
    }

    private void Write(string file, (string Certificate, string Key, string) pair) => File.WriteAllText(Path.Combine(directory, file), file == "tls.crt" ? pair.Certificate : pair.Key);

    private JsonObject Pem(string name) => new() { ["Path"] = Path.Combine(directory, name + ".crt"), ["KeyPath"] = Path.Combine(directory, name + ".key") };

    private string WriteAll(string name, TestAuthority issuer)
    {
        var (certificate, key, thumbprint) = issuer.Issue(name);
        if (name == "pkcs12")
        {
            using var own = X509Certificate2.CreateFromPem(certificate, key);
            File.WriteAllBytes(Path.Combine(directory, "pkcs12.pfx"), new X509Certificate2Collection { own, issuer.Certificate }.Export(X509ContentType.Pkcs12, "secret")!);
        }
        else
        {
            File.WriteAllText(Path.Combine(directory, name + ".key"), key);
            File.WriteAllText(Path.Combine(directory, name + ".crt"), certificate + issuer.Pem);
        }

        return thumbprint;
    }

    private GatewayProcess Serve(JsonObject kestrel)
    {
        var root = JsonNode.Parse("""
            {
              "Gateway": {
                "PublicUrl": "https://mcp.example.com",
                "AuthorizationServers": { "corp": { "Issuer": "https://login.example.com", "JwksUrl": "https://login.example.com/keys" } },
                "Servers": { "weather": { "Destinations": ["http://127.0.0.1:9/mcp"], "Outbound": { "Mode": "none" } } }
              }
            }
            """)!;
        root["Kestrel"] = kestrel;
        File.WriteAllText(Path.Combine(directory, "gateway.json"), root.ToJsonString());
        return GatewayProcess.Start(directory, "run");
    }

    /// <summary>What a client is shown, and how many certificates came.</summary>
    private static async Task<(string Thumbprint, int Sent)> ShownAtAsync(int port, string host)
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", port, TestContext.Current.CancellationToken);
        var sent = 0;
        await using var tls = new SslStream(client.GetStream(), leaveInnerStreamOpen: false, (_, _, chain, _) => (sent = chain!.ChainPolicy.ExtraStore.Count) >= 0);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = host, AllowTlsResume = false }, TestContext.Current.CancellationToken);
        return (Convert.ToHexString(SHA256.HashData(tls.RemoteCertificate!.GetRawCertData())), sent);
    }
}
