using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Duende.IdentityModel.Client;
using Harness;
using TokenExchange.Issuers;
using TokenExchange.Issuers.ClientAuthentication;
using Xunit;

namespace TokenExchange.Tests.Request;

/// <summary>A rotation of certificate and key is two writes, and requests come in between.</summary>
public sealed class TlsClientAuthTests : IDisposable
{
    private const string Apart = "CertificateFile does not begin with the certificate of KeyFile";

    private readonly SecretDirectory files = new();
    private readonly ManualClock clock = new();

    public void Dispose() => files.Dispose();

    [Fact]
    public void Between_the_two_writes_of_a_rotation_the_pair_of_before_goes_on()
    {
        using var authentication = Start();
        Write(Pair(), withKey: false);

        Assert.Null(Authenticate(authentication));
        clock.Advance(TimeSpan.FromSeconds(8));
        Assert.Null(Authenticate(authentication));
        Write(Pair(), withKey: true);
        Assert.Null(Authenticate(authentication));
    }

    [Fact]
    public void A_pair_that_stays_apart_is_not_used_after_ten_seconds()
    {
        using var authentication = Start();
        Write(Pair(), withKey: false);
        Assert.Null(Authenticate(authentication));

        clock.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(Apart, Authenticate(authentication));
        Write(Pair(), withKey: true);
        Assert.Null(Authenticate(authentication));
    }

    [Fact]
    public void Each_rotation_has_ten_seconds_of_its_own()
    {
        using var authentication = Start();
        for (var i = 0; i < 3; i++)
        {
            Write(Pair(), withKey: false);
            Assert.Null(Authenticate(authentication));
            clock.Advance(TimeSpan.FromSeconds(8));
            Write(Pair(), withKey: true);
            Assert.Null(Authenticate(authentication));
        }
    }

    [Fact]
    public void What_never_belonged_together_is_never_used()
    {
        Write(Pair(), withKey: true);
        Write(Pair(), withKey: false);
        using var authentication = new TlsClientAuth(Settings, clock);

        Assert.Equal(Apart, Authenticate(authentication));
    }

    [Fact]
    public void A_file_that_is_gone_is_made_up_for_by_the_pair_of_before_for_ten_seconds_and_no_longer()
    {
        using var authentication = Start();
        File.Delete(files["client.pem"]);

        Assert.Null(Authenticate(authentication));
        clock.Advance(TimeSpan.FromSeconds(8));
        Assert.Null(Authenticate(authentication));
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("KeyFile cannot be read", Authenticate(authentication));
    }

    private ClientSettings Settings => new() { Id = "mcp-gateway", Authentication = ClientAuthenticationMethod.TlsClientAuth, CertificateFile = files["client.crt"], KeyFile = files["client.pem"] };

    private TlsClientAuth Start()
    {
        Write(Pair(), withKey: true);
        var authentication = new TlsClientAuth(Settings, clock);
        Assert.Null(Authenticate(authentication));
        return authentication;
    }

    /// <summary>One request, a second after the one before, so that the files are looked at.</summary>
    private string? Authenticate(TlsClientAuth authentication)
    {
        clock.Advance(TimeSpan.FromSeconds(1));
        using var request = new ProtocolRequest();
        return authentication.Authenticate(request);
    }

    private void Write((string Certificate, string Key) pair, bool withKey)
    {
        files.Write("client.crt", pair.Certificate);
        if (withKey)
        {
            files.Write("client.pem", pair.Key);
        }
    }

    private static (string Certificate, string Key) Pair()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=mcp-gateway", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
        return (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }
}
