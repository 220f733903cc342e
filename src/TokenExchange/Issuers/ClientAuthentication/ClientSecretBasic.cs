using Duende.IdentityModel.Client;

namespace TokenExchange.Issuers.ClientAuthentication;

/// <summary><c>client_secret_basic</c>: id and secret, each form-encoded, in the Authorization header.</summary>
/// <remarks>RFC 6749 §2.3.1.</remarks>
internal sealed class ClientSecretBasic(ClientSettings client, TimeProvider clock) : ClientAuthenticator
{
    private readonly SharedSecret shared = new(client, clock);

    public override object? Credential => shared.OfFile;

    public override string? Authenticate(ProtocolRequest request)
    {
        if (shared.TryRead(out var secret, out var diagnostic))
        {
            (request.ClientId, request.ClientSecret) = (client.Id, secret);
        }

        return diagnostic;
    }
}
