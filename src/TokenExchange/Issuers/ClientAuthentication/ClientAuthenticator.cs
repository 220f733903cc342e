using System.Diagnostics;
using Duende.IdentityModel.Client;

namespace TokenExchange.Issuers.ClientAuthentication;

/// <summary>One way in which the gateway proves at an authorization server who it is.</summary>
/// <remarks>RFC 6749 §2.3.</remarks>
internal abstract class ClientAuthenticator
{
    public const string SpiffeAssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe";

    /// <summary>What the client would prove itself with now: the same object for as long as it is the same; null where it never changes.</summary>
    public virtual object? Credential => null;

    /// <summary>Adds the credentials to one request; called anew for each attempt. Null, or a fixed text that says why it cannot.</summary>
    public abstract string? Authenticate(ProtocolRequest request);

    /// <summary>The method that <paramref name="client"/> names. Throws when it lacks its key, secret or file.</summary>
    public static ClientAuthenticator Create(ClientSettings client, AuthorizationServerSettings server, TimeProvider clock) => client.Authentication switch
    {
        ClientAuthenticationMethod.ClientSecretBasic => new ClientSecretBasic(client, clock),
        ClientAuthenticationMethod.ClientSecretPost => new ClientSecretPost(client, clock),
        ClientAuthenticationMethod.PrivateKeyJwt => new PrivateKeyJwt(client, client.AssertionAudience ?? server.Issuer, server.Dialect, clock),
        ClientAuthenticationMethod.AssertionFile => new AssertionFile(client, clock),
        ClientAuthenticationMethod.TlsClientAuth => new TlsClientAuth(client, clock),
        ClientAuthenticationMethod.None => new PublicClient(client),
        _ => throw new UnreachableException(),
    };

    /// <summary>Says in the body who the client is.</summary>
    protected static void Name(ProtocolRequest request, string id) =>
        (request.ClientId, request.ClientCredentialStyle) = (id, ClientCredentialStyle.PostBody);

    /// <summary>Demands a setting without which a method cannot work.</summary>
    protected static string Required(string? value, string setting) =>
        !string.IsNullOrEmpty(value) ? value : throw new ArgumentException($"The client authentication needs {setting}.");
}
