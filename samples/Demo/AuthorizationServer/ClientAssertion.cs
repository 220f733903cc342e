using System.Collections.Concurrent;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Demo.AuthorizationServer;

/// <summary>
/// Authenticates a client by <c>private_key_jwt</c>: signed with the registered key, for this issuer, about the client
/// itself, short-lived, and used once.
/// </summary>
/// <remarks>RFC 7523 §3, RFC 9700 §2.5.</remarks>
internal sealed class ClientAssertion
{
    private const string AssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

    private readonly JsonWebTokenHandler _handler = new();
    private readonly ConcurrentDictionary<string, bool> _used = [];

    /// <summary>The client's identifier, or null when it did not prove who it is.</summary>
    public async Task<string?> AuthenticateAsync(string issuer, IFormCollection form, IReadOnlyDictionary<string, JsonWebKey> clients)
    {
        if (form["client_assertion_type"] != AssertionType)
        {
            return null;
        }

        var result = await _handler.ValidateTokenAsync(form["client_assertion"], new TokenValidationParameters
        {
            ValidIssuers = clients.Keys,
            ValidAudience = issuer,
            IgnoreTrailingSlashWhenValidatingAudience = false,
            ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256],

            // The key of the client that the assertion claims to be from, and no other.
            IssuerSigningKeyResolver = (_, token, _, _) => clients.TryGetValue(token.Issuer, out var key) ? [key] : [],
            ClockSkew = TimeSpan.Zero,
        });
        if (!result.IsValid || result.SecurityToken is not JsonWebToken assertion || (form.TryGetValue("client_id", out var named) && named != assertion.Issuer))
        {
            return null;
        }

        return assertion.Subject == assertion.Issuer && assertion.Id is { Length: > 0 } id && _used.TryAdd(id, true) ? assertion.Issuer : null;
    }
}
