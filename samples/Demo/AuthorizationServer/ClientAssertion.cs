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
        if (form["client_assertion_type"] != AssertionType || !_handler.CanReadToken(form["client_assertion"]))
        {
            return null;
        }

        var unverified = _handler.ReadJsonWebToken(form["client_assertion"]);
        if (!clients.TryGetValue(unverified.Issuer, out var key) || (form.TryGetValue("client_id", out var named) && named != unverified.Issuer))
        {
            return null;
        }

        var result = await _handler.ValidateTokenAsync(unverified, new TokenValidationParameters
        {
            ValidIssuer = unverified.Issuer,
            ValidAudience = issuer,
            IgnoreTrailingSlashWhenValidatingAudience = false,
            ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256],
            IssuerSigningKey = key,
            ClockSkew = TimeSpan.Zero,
        });
        var once = result.IsValid && unverified.Subject == unverified.Issuer && !string.IsNullOrEmpty(unverified.Id) && _used.TryAdd(unverified.Id, true);
        return once ? unverified.Issuer : null;
    }
}
