using Duende.IdentityModel.Client;

namespace TokenExchange.Issuers.ClientAuthentication;

/// <summary><c>client_secret_post</c>: id and secret as parameters of the body.</summary>
/// <remarks>RFC 6749 §2.3.1.</remarks>
internal sealed class ClientSecretPost(ClientSettings client, TimeProvider clock) : ClientAuthenticator
{
    private readonly SharedSecret shared = new(client, clock);

    public override object? Credential => shared.OfFile;

    public override string? Authenticate(ProtocolRequest request)
    {
        if (shared.TryRead(out var secret, out var diagnostic))
        {
            Name(request, client.Id);
            request.ClientSecret = secret;
        }

        return diagnostic;
    }
}
