using System.Net.Http.Headers;
using System.Text;
using TokenExchange.Issuers.Files;

namespace TokenExchange.Issuers.ClientAuthentication;

/// <summary>
/// <c>assertion_file</c>: a ready assertion that somebody else keeps fresh, such as a projected Kubernetes service-account
/// token or a SPIFFE JWT-SVID.
/// </summary>
/// <remarks>RFC 7521 §4.2; draft-ietf-oauth-spiffe-client-auth for JWT-SVIDs as such.</remarks>
internal sealed class AssertionFile(ClientSettings client, TimeProvider clock) : ClientAuthenticator
{
    private const int MaxLength = 16 * 1024;

    private readonly CredentialFile<byte[]> file =
        new(nameof(client.AssertionFile), Required(client.AssertionFile, nameof(client.AssertionFile)), FileContent.Assertion, Trimmed, clock);

    private readonly string type = client.AssertionType switch
    {
        "jwt-bearer" => AssertionType,
        "jwt-spiffe" => SpiffeAssertionType,
        _ => throw new ArgumentException($"The assertion type '{client.AssertionType}' is unknown.", nameof(client)),
    };

    public override string? Authenticate(FormBody form, HttpRequestHeaders headers)
    {
        if (file.TryRead(out var assertion, out var diagnostic))
        {
            form.Add("client_id", client.Id).Add("client_assertion_type", type).Add("client_assertion", assertion);
        }

        return diagnostic;
    }

    private static byte[] Trimmed(byte[] content)
    {
        var assertion = content.AsSpan().Trim(" \t\r\n"u8);
        return assertion.Length is > 0 and <= MaxLength && Ascii.IsValid(assertion) ? assertion.ToArray() : throw new FormatException();
    }
}
