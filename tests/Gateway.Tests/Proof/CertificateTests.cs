using System.Buffers.Text;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Xunit;

namespace Gateway.Tests.Proof;

/// <summary>A token bound to a certificate is worth something to who holds that certificate: on the connection, or as a proxy says that is believed.</summary>
public sealed class CertificateTests : IDisposable
{
    private readonly X509Certificate2 server = SelfSigned("gateway"), client = SelfSigned("client"), thief = SelfSigned("client"), expired = SelfSigned("client", days: -1);

    [Fact]
    public async Task A_connection_with_the_certificate_proves_the_token_and_any_other_does_not()
    {
        await using var world = await World.StartAsync(configure: builder => builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(server, https => https.ClientCertificateMode = ClientCertificateMode.AllowCertificate))));

        Assert.Equal((200, null, "mtls"), await OverTlsAsync(world, client, client));
        Assert.Equal((401, "sender_constrained", null), await OverTlsAsync(world, client, thief));
        Assert.Equal((401, "sender_constrained", null), await OverTlsAsync(world, client, null));
        Assert.Equal((401, "sender_constrained", null), await OverTlsAsync(world, expired, expired));
        Assert.Equal((200, null, null), await OverTlsAsync(world, null, thief));
        Assert.Equal(2, world.Weather.Requests.Count);
    }

    [Theory]
    [InlineData("client", "mtls")]
    [InlineData("thief", null)]
    [InlineData("expired", null)]
    [InlineData("client twice", null)]
    [InlineData("malformed", null)]
    public async Task A_proxy_that_is_believed_names_the_certificate(string named, string? proof)
    {
        await using var world = await World.StartAsync(options => options["ClientCertProxies"] = new JsonArray("127.0.0.1/32"));

        var (status, told, arrived) = await ThroughAProxyAsync(world, named);

        Assert.Equal(proof is null ? 401 : 200, status);
        Assert.Equal(proof, told);
        Assert.DoesNotContain(arrived, name => name.StartsWith("Client-Cert", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task What_anybody_else_says_of_a_certificate_is_not_heard()
    {
        foreach (var proxies in (string[][])[[], ["10.0.0.0/8"]])
        {
            await using var world = await World.StartAsync(options => options["ClientCertProxies"] = new JsonArray([.. proxies.Select(range => JsonValue.Create(range))]));

            Assert.Equal(401, (await ThroughAProxyAsync(world, "client")).Status);
            world.AssertNothingWasSent();
        }
    }

    public void Dispose()
    {
        server.Dispose();
        client.Dispose();
        thief.Dispose();
        expired.Dispose();
    }

    private static string Token(World world, X509Certificate2? boundTo) => world.WeatherToken((_, payload) =>
    {
        if (boundTo is not null)
        {
            payload["cnf"] = new JsonObject { ["x5t#S256"] = Base64Url.EncodeToString(SHA256.HashData(boundTo.RawData)) };
        }
    });

    private async Task<(int Status, string? Proof, IEnumerable<string> Arrived)> ThroughAProxyAsync(World world, string named)
    {
        var answer = await world.Gateway.CallAsync("/weather", Token(world, named.StartsWith("expired", StringComparison.Ordinal) ? expired : client), change: request =>
        {
            var certificate = named switch
            {
                "thief" => thief,
                "expired" => expired,
                _ => client,
            };
            var header = named == "malformed" ? Convert.ToBase64String(certificate.RawData) : $":{Convert.ToBase64String(certificate.RawData)}:";
            request.Headers.TryAddWithoutValidation("Client-Cert", header);
            if (named == "client twice")
            {
                request.Headers.TryAddWithoutValidation("Client-Cert", header);
            }
        });
        return (answer.Status, world.Gateway.Audit[^1]["proof"]?.GetValue<string>(), world.Weather.Requests.SelectMany(request => request.Headers.Keys));
    }

    private async Task<(int Status, string? Reason, string? Proof)> OverTlsAsync(World world, X509Certificate2? boundTo, X509Certificate2? presented)
    {
        using var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, _) => server.Equals(certificate);
        if (presented is not null)
        {
            handler.SslOptions.ClientCertificates = [presented];
            handler.SslOptions.LocalCertificateSelectionCallback = (_, _, _, _, _) => presented;
        }

        using var http = new HttpMessageInvoker(handler);
        using var request = new HttpRequestMessage(HttpMethod.Post, world.Gateway.Url + "/weather")
        {
            Content = new ByteArrayContent(Encoding.UTF8.GetBytes(Messages.Call("echo"))) { Headers = { ContentType = new("application/json") } },
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Token(world, boundTo));
        using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        var answer = await Answer.OfAsync(response);
        return (answer.Status, answer.Reason, world.Gateway.Audit[^1]["proof"]?.GetValue<string>());
    }

    private static X509Certificate2 SelfSigned(string name, int days = 7)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256).CreateSelfSigned(now.AddDays(-3), now.AddDays(days));

        // Through a file's form: a key that exists in memory alone is not taken everywhere.
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
    }
}
