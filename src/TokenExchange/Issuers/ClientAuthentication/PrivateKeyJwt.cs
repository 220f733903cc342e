using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Duende.IdentityModel;
using Duende.IdentityModel.Client;
using TokenExchange.Issuers.Files;

namespace TokenExchange.Issuers.ClientAuthentication;

/// <summary><c>private_key_jwt</c>: a fresh assertion for each request, signed with the client's key.</summary>
/// <remarks>RFC 7523 §2.2; OpenID Connect Core 1.0 §9.</remarks>
internal sealed class PrivateKeyJwt : ClientAuthenticator
{
    private readonly ClientSettings client;
    private readonly string audience;
    private readonly ServerDialect dialect;
    private readonly TimeProvider clock;
    private readonly CredentialFile<ClientKey> keyFile;
    private readonly CredentialFile<string>? thumbprint;

    public PrivateKeyJwt(ClientSettings client, string audience, ServerDialect dialect, TimeProvider clock)
    {
        (this.client, this.audience, this.dialect, this.clock) = (client, audience, dialect, clock);
        keyFile = new(nameof(client.KeyFile), Required(client.KeyFile, nameof(client.KeyFile)), FileContent.Key, pem => ClientKey.FromPem(pem, dialect.RsaAlgorithm), clock);
        thumbprint = client.CertificateFile is { } path ? new(nameof(client.CertificateFile), path, FileContent.Public, Thumbprint, clock) : null;
    }

    public override object? Credential => keyFile.Current;

    public override string? Authenticate(ProtocolRequest request)
    {
        string? x5t = null;
        if (!keyFile.TryRead(out var key, out var diagnostic) || (thumbprint is not null && !thumbprint.TryRead(out x5t, out diagnostic)))
        {
            return diagnostic;
        }

        var assertion = ClientAssertion.Create(key, dialect.AssertionTyp, client.KeyId, x5t, client.Id, audience, clock.GetUtcNow());
        Name(request, client.Id);
        request.ClientAssertion = new() { Type = OidcConstants.ClientAssertionTypes.JwtBearer, Value = assertion };
        return null;
    }

    private static string Thumbprint(byte[] pem)
    {
        using var certificate = X509Certificate2.CreateFromPem(Encoding.UTF8.GetString(pem));
        return Base64Url.EncodeToString(certificate.GetCertHash(HashAlgorithmName.SHA256));
    }
}
