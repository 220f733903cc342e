using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Duende.IdentityModel.Client;
using Harness;
using TokenExchange.Issuers;
using TokenExchange.Issuers.ClientAuthentication;
using Xunit;

namespace TokenExchange.Tests.Request;

/// <summary>What <c>tls_client_auth</c> presents of a file with several certificates.</summary>
public sealed class CertificateChainTests : IDisposable
{
    private readonly SecretDirectory files = new();
    private readonly ManualClock clock = new();
    private readonly TestAuthority root = new("root");
    private readonly TestAuthority upper;
    private readonly TestAuthority lower;
    private readonly (string Certificate, string Key, string Thumbprint) client;

    public CertificateChainTests()
    {
        upper = new TestAuthority("upper", root);
        lower = new TestAuthority("lower", upper);
        client = lower.Issue("mcp-gateway");
    }

    public void Dispose()
    {
        files.Dispose();
        Array.ForEach([root, upper, lower], authority => authority.Dispose());
    }

    [Fact]
    public void Intermediates_follow_the_certificate() => AssertPresents(client.Certificate + lower.Pem + upper.Pem, "CN=lower", "CN=upper");

    [Fact]
    public void Intermediates_in_the_wrong_order_are_put_right() => AssertPresents(client.Certificate + upper.Pem + lower.Pem, "CN=lower", "CN=upper");

    [Fact]
    public void The_root_is_not_sent() => AssertPresents(client.Certificate + root.Pem + upper.Pem + lower.Pem, "CN=lower", "CN=upper");

    [Fact]
    public void A_certificate_that_does_not_belong_to_the_chain_is_not_sent()
    {
        using var other = new TestAuthority("other");
        using var stranger = new TestAuthority("stranger", other);

        AssertPresents(client.Certificate + stranger.Pem + lower.Pem + upper.Pem + other.Pem, "CN=lower", "CN=upper");
    }

    [Fact]
    public void A_namesake_of_the_intermediate_is_not_sent_in_its_place()
    {
        using var namesake = new TestAuthority("lower", upper);

        AssertPresents(client.Certificate + namesake.Pem + lower.Pem + upper.Pem, "CN=lower", "CN=upper");
        Assert.Equal(lower.Certificate.RawData, presented![0].RawData);
    }

    [Fact]
    public void A_chain_that_stops_short_of_its_root_is_sent_as_far_as_it_goes() => AssertPresents(client.Certificate + lower.Pem, "CN=lower");

    [Fact]
    public void A_certificate_alone_is_sent_alone() => AssertPresents(client.Certificate);

    [Fact]
    public void An_intermediate_that_comes_later_is_sent_from_then_on()
    {
        using var authentication = Start(client.Certificate);
        Assert.Null(Authenticate(authentication));
        var before = authentication.Connections(Lane.Exchange);

        files.Write("client.crt", client.Certificate + lower.Pem);

        Assert.Null(Authenticate(authentication));
        Assert.Single(authentication.Presented!.IntermediateCertificates);
        Assert.NotSame(before, authentication.Connections(Lane.Exchange));
    }

    [Fact]
    public void The_certificate_is_presented_from_the_first_request_on()
    {
        using var authentication = Start(client.Certificate);

        Assert.NotNull(authentication.Connections(Lane.Exchange));
        Assert.NotNull(authentication.Presented);
    }

    [Fact]
    public void Unchanged_files_keep_their_connections()
    {
        using var authentication = Start(client.Certificate + lower.Pem);
        Assert.Null(Authenticate(authentication));
        var before = authentication.Connections(Lane.Exchange);

        Assert.Null(Authenticate(authentication));
        Assert.Same(before, authentication.Connections(Lane.Exchange));
    }

    [Fact]
    public void A_file_that_does_not_begin_with_the_clients_certificate_is_not_used()
    {
        using var authentication = Start(lower.Pem + client.Certificate);

        Assert.Equal("CertificateFile does not begin with the certificate of KeyFile", Authenticate(authentication));
        Assert.Null(authentication.Connections(Lane.Exchange));
    }

    [Fact]
    public void A_file_without_a_PEM_certificate_is_not_used()
    {
        using var key = ECDsa.Create();
        key.ImportFromPem(client.Key);
        using var certificate = X509Certificate2.CreateFromPem(client.Certificate);
        using var pair = certificate.CopyWithPrivateKey(key);

        foreach (var content in new[] { "nonsense", client.Key, Encoding.Latin1.GetString(pair.Export(X509ContentType.Pkcs12)) })
        {
            using var authentication = Start(content);
            Assert.Equal("CertificateFile does not hold what it should", Authenticate(authentication));
        }
    }

    private X509Certificate2[]? presented;

    private void AssertPresents(string file, params string[] intermediates)
    {
        using var authentication = Start(file);
        Assert.Null(Authenticate(authentication));

        presented = [.. authentication.Presented!.IntermediateCertificates];
        Assert.Equal(client.Thumbprint, authentication.Presented.TargetCertificate.GetCertHashString(HashAlgorithmName.SHA256));
        Assert.Equal(intermediates, presented.Select(certificate => certificate.Subject));
    }

    private TlsClientAuth Start(string certificates) => new(
        new ClientSettings { Id = "mcp-gateway", Authentication = ClientAuthenticationMethod.TlsClientAuth, CertificateFile = files.Write("client.crt", certificates), KeyFile = files.Write("client.pem", client.Key) },
        clock);

    /// <summary>One request, a second after the one before, so that the files are looked at.</summary>
    private string? Authenticate(TlsClientAuth authentication)
    {
        clock.Advance(TimeSpan.FromSeconds(1));
        using var request = new ProtocolRequest();
        return authentication.Authenticate(request);
    }
}
