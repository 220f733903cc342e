using System.Buffers.Text;
using System.Security.Cryptography;
using Harness;
using TokenExchange.Inbound.Proof;
using Xunit;

namespace TokenExchange.Tests.Proof;

/// <summary>The thumbprint that a token can be bound to, of a connection's certificate or of one that a proxy names.</summary>
public sealed class CertificateThumbprintTests : IDisposable
{
    private readonly TestAuthority authority = new("somebody");
    private readonly DateTimeOffset now = TimeProvider.System.GetUtcNow();

    private byte[] Der => authority.Certificate.RawData;

    [Fact]
    public void A_thumbprint_is_the_SHA_256_of_the_certificate_whoever_issued_it()
    {
        var expected = Base64Url.EncodeToString(SHA256.HashData(Der));

        Assert.Equal(expected, CertificateThumbprint.Of(authority.Certificate, now));
        Assert.Equal(expected, CertificateThumbprint.OfHeader($":{Convert.ToBase64String(Der)}:", now));
        Assert.Equal(expected, CertificateThumbprint.OfHeader($" :{Convert.ToBase64String(Der)}: ", now));
    }

    [Theory]
    [InlineData(-30)]
    [InlineData(30)]
    public void A_certificate_that_is_not_valid_now_proves_nothing(int days)
    {
        Assert.Null(CertificateThumbprint.Of(authority.Certificate, now.AddDays(days)));
        Assert.Null(CertificateThumbprint.OfHeader($":{Convert.ToBase64String(Der)}:", now.AddDays(days)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("::")]
    [InlineData(":AAAA:")]
    [InlineData(":!!!!:")]
    [InlineData("DER")]
    [InlineData(":DER")]
    [InlineData(":DER:, :DER:")]
    [InlineData(":DER:;a=1")]
    [InlineData(":PEM:")]
    [InlineData(":LONGER:")]
    [InlineData(":BLANK:")]
    [InlineData(":TAB:")]
    [InlineData(": DER:")]
    [InlineData(":DER :")]
    public void What_is_not_exactly_one_certificate_proves_nothing(string header)
    {
        var text = Convert.ToBase64String(Der);
        var value = header.Replace("DER", text, StringComparison.Ordinal)
            .Replace("BLANK", text.Insert(8, " "), StringComparison.Ordinal)
            .Replace("TAB", text.Insert(8, "\t"), StringComparison.Ordinal)
            .Replace("PEM", Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes(authority.Pem)), StringComparison.Ordinal)
            .Replace("LONGER", Convert.ToBase64String([.. Der, 0]), StringComparison.Ordinal);

        Assert.Null(CertificateThumbprint.OfHeader(value, now));
    }

    public void Dispose() => authority.Dispose();
}
