using Duende.IdentityModel.Client;

namespace TokenExchange.Issuers.ClientAuthentication;

/// <summary><c>none</c>: the client says its name and proves nothing.</summary>
/// <remarks>RFC 6749 §3.2.1.</remarks>
internal sealed class PublicClient(ClientSettings client) : ClientAuthenticator
{
    public override string? Authenticate(ProtocolRequest request)
    {
        Name(request, client.Id);
        return null;
    }
}
