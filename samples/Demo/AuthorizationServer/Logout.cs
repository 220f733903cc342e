using System.Text.Json.Nodes;

namespace Demo.AuthorizationServer;

/// <summary>Makes the token that tells a client of a user's logout.</summary>
/// <remarks>OpenID Connect Back-Channel Logout 1.0 §2.4.</remarks>
internal sealed class Logout(SigningKey key, TimeProvider clock)
{
    public string TokenFor(string issuer, string user, string clientId)
    {
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        return key.Sign(
            new JsonObject
            {
                ["iss"] = issuer,
                ["sub"] = user,
                ["aud"] = clientId,
                ["iat"] = now,
                ["exp"] = now + 120,
                ["jti"] = Guid.NewGuid().ToString("N"),
                ["events"] = new JsonObject { ["http://schemas.openid.net/event/backchannel-logout"] = new JsonObject() },
            },
            "logout+jwt");
    }
}
