using System.Buffers;
using System.Collections.Frozen;
using System.Text.Json;
using TokenExchange.AspNetCore.Http;
using TokenExchange.Issuers;

namespace Gateway.Front;

/// <summary>A server whose clients sign in by a front.</summary>
/// <param name="Id">Its id in the configuration.</param>
/// <param name="Resource">Its resource identifier.</param>
/// <param name="Scope">The scopes that the authorization server is asked for, whatever the client asks for.</param>
internal sealed record FrontedServer(string Id, string Resource, string Scope);

/// <summary>
/// The front of one authorization server that clients cannot register at. It gives out the one client id that an operator
/// registered there, asks the user before it sends anybody on, and passes on token requests. It holds no secret, never
/// receives the redirect, mints and keeps nothing: all of this is settings, of one generation.
/// </summary>
internal sealed class ClientFront
{
    /// <summary>The authorization server's name in the configuration.</summary>
    public required string Name { get; init; }

    /// <summary>The front's own issuer identifier, as its metadata and resource metadata name it; no token ever does.</summary>
    public required string Issuer { get; init; }

    /// <summary>The origin of the gateway, from which alone the consent can come.</summary>
    public required string Origin { get; init; }

    public required AuthorizationServer Server { get; init; }

    /// <summary>The client that an operator registered at the authorization server, a public one, for all clients.</summary>
    public required string ClientId { get; init; }

    public required RedirectUris RedirectUris { get; init; }

    /// <summary>The servers that use this front, by resource identifier.</summary>
    public required FrozenDictionary<string, FrontedServer> Servers { get; init; }

    /// <summary>Whether the authorization server is told the resource.</summary>
    public required bool ForwardResource { get; init; }

    public required ConsentSeal Seal { get; init; }

    /// <summary>The path of the front's own pages and endpoints.</summary>
    public string Path => FrontEndpoints.PathPrefix + Name;

    /// <summary>Its issuer identifier under a public URL.</summary>
    public static string IssuerOf(string publicUrl, string name) => publicUrl + FrontEndpoints.PathPrefix + name;

    /// <summary>Where users sign in now, or why the front cannot send them there.</summary>
    public async ValueTask<(Uri? Endpoint, FrontRefusal? Refusal)> SignInAsync(CancellationToken cancellation) => await Server.DiscoverAsync(cancellation) switch
    {
        null => (null, FrontRefusal.Unreachable),
        { NamesItselfInResponses: true } => (null, FrontRefusal.NamesItself),
        { AuthorizationEndpoint: { } endpoint } => (endpoint, null),
        _ => (null, FrontRefusal.NoSignIn),
    };

    /// <summary>The metadata of the front.</summary>
    /// <remarks>RFC 8414 §2.</remarks>
    public ReadOnlyMemory<byte> Metadata()
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteString("issuer", Issuer);
        json.WriteString("authorization_endpoint", Issuer + FrontEndpoints.Authorize);
        json.WriteString("token_endpoint", Issuer + FrontEndpoints.Token);
        json.WriteString("registration_endpoint", Issuer + FrontEndpoints.Register);
        json.WriteStrings("response_types_supported", ["code"]);
        json.WriteStrings("response_modes_supported", ["query"]);
        json.WriteStrings("grant_types_supported", ["authorization_code", "refresh_token"]);
        json.WriteStrings("token_endpoint_auth_methods_supported", ["none"]);
        json.WriteStrings("code_challenge_methods_supported", ["S256"]);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }
}
