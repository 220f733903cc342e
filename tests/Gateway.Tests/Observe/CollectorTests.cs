using Gateway.Observe;
using Gateway.Tests.Lifecycle;
using Harness;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using OpenTelemetry.Exporter;
using Xunit;

namespace Gateway.Tests.Observe;

/// <summary>The exporter speaks to the collector that it was given and to nobody else, over TLS as the standard variables say.</summary>
public sealed class CollectorTests : IDisposable
{
    private readonly TestAuthority authority = new("authority");
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("gateway-test-");
    private readonly Dictionary<string, string> variables = [];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_redirect_is_not_followed()
    {
        await using var elsewhere = new TestPeer();
        await using var collector = new TestPeer { WireAnswer = _ => StubAnswer.Raw(307, $"Location: {elsewhere.Origin}/v1/traces\r\n", "") };
        using var client = Client();
        client.DefaultRequestHeaders.Add("api-key", "secret");

        using var answer = await client.PostAsync(new Uri(collector.Origin + "/v1/traces"), new ByteArrayContent([1]), Cancellation);

        Assert.Equal(307, (int)answer.StatusCode);
        Assert.Empty(elsewhere.Recorded);
    }

    [Fact]
    public async Task Its_authority_alone_vouches_for_the_collector_that_a_variable_names()
    {
        using var another = new TestAuthority("another");
        await using var collector = new TestPeer(new HttpsConnectionAdapterOptions { ServerCertificate = authority.IssueServer("127.0.0.1") });
        var url = new Uri(collector.Origin + "/v1/traces");
        using var unnamed = Client();
        variables["OTEL_EXPORTER_OTLP_CERTIFICATE"] = Write("another.pem", another.Pem);
        using var wrong = Client();
        variables["OTEL_EXPORTER_OTLP_CERTIFICATE"] = Write("authority.pem", authority.Pem);
        using var named = Client();

        await Assert.ThrowsAsync<HttpRequestException>(() => unnamed.PostAsync(url, null, Cancellation));
        await Assert.ThrowsAsync<HttpRequestException>(() => wrong.PostAsync(url, null, Cancellation));
        Assert.Empty(collector.Recorded);
        using var answer = await named.PostAsync(url, null, Cancellation);
        Assert.Single(collector.Recorded);
    }

    [Fact]
    public async Task The_certificate_that_a_variable_names_is_shown()
    {
        var (certificate, key, thumbprint) = MutualTlsServer.ClientPair("gateway");
        var shown = "";
        await using var collector = new TestPeer(new HttpsConnectionAdapterOptions
        {
            ServerCertificate = authority.IssueServer("127.0.0.1"),
            ClientCertificateMode = ClientCertificateMode.RequireCertificate,
            ClientCertificateValidation = (client, _, _) => MutualTlsServer.Thumbprint(client) is { } seen && (shown = seen) is not null,
        });
        variables["OTEL_EXPORTER_OTLP_CERTIFICATE"] = Write("authority.pem", authority.Pem);
        variables["OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"] = Write("client.pem", certificate);
        variables["OTEL_EXPORTER_OTLP_CLIENT_KEY"] = Write("client.key", key);
        using var client = Client();

        using var answer = await client.PostAsync(new Uri(collector.Origin + "/v1/traces"), null, Cancellation);

        Assert.Equal(thumbprint, shown);
    }

    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_CERTIFICATE", null)]
    [InlineData("OTEL_EXPORTER_OTLP_CERTIFICATE", "no certificate")]
    [InlineData("OTEL_EXPORTER_OTLP_CLIENT_KEY", "a key without its certificate")]
    public void What_cannot_be_used_keeps_the_gateway_from_starting(string variable, string? content)
    {
        variables[variable] = content is null ? Path.Combine(directory.FullName, "absent.pem") : Write("file.pem", content);

        var problem = Assert.Throws<ConfigurationException>(Client);

        Assert.StartsWith($"{variable} names '{variables[variable]}'", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_without_its_key_keeps_the_gateway_from_starting()
    {
        variables["OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"] = Write("client.pem", MutualTlsServer.ClientPair("gateway").Certificate);

        Assert.Contains("OTEL_EXPORTER_OTLP_CLIENT_KEY", Assert.Throws<ConfigurationException>(Client).Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        authority.Dispose();
        directory.Delete(recursive: true);
    }

    private HttpClient Client()
    {
        var options = new OtlpExporterOptions();
        Collector.Connect(options, variables.GetValueOrDefault);
        return options.HttpClientFactory();
    }

    private string Write(string name, string content)
    {
        var file = Path.Combine(directory.FullName, name);
        File.WriteAllText(file, content);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        return file;
    }
}
