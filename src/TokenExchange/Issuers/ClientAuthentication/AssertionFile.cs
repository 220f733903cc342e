using System.Diagnostics;
using Duende.IdentityModel;
using Duende.IdentityModel.Client;
using TokenExchange.Issuers.Files;

namespace TokenExchange.Issuers.ClientAuthentication;

/// <summary>
/// <c>assertion_file</c>: a ready assertion that somebody else keeps fresh, such as a projected Kubernetes service-account
/// token or a SPIFFE JWT-SVID.
/// </summary>
/// <remarks>RFC 7521 §4.2; draft-ietf-oauth-spiffe-client-auth for JWT-SVIDs as such.</remarks>
internal sealed class AssertionFile(ClientSettings client, TimeProvider clock) : ClientAuthenticator
{
    private readonly CredentialFile<string> file =
        new(nameof(client.AssertionFile), Required(client.AssertionFile, nameof(client.AssertionFile)), FileContent.Assertion, content => FileToken.Read(content), clock);

    private readonly string type = client.AssertionType switch
    {
        AssertionType.JwtBearer => OidcConstants.ClientAssertionTypes.JwtBearer,
        AssertionType.JwtSpiffe => SpiffeAssertionType,
        _ => throw new UnreachableException(),
    };

    public override object? Credential => file.Current;

    public override string? Authenticate(ProtocolRequest request)
    {
        if (file.TryRead(out var assertion, out var diagnostic))
        {
            Name(request, client.Id);
            request.ClientAssertion = new() { Type = type, Value = assertion };
        }

        return diagnostic;
    }
}
