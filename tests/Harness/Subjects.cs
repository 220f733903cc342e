using System.Text.Json;
using System.Text.Json.Nodes;
using TokenExchange.Inbound;
using TokenExchange.Jose;

namespace Harness;

/// <summary>Validated subject tokens for tests of what comes after validation.</summary>
internal static class Subjects
{
    /// <summary>A token as the validator would return it; <paramref name="claims"/> adds to, or overrides, the standard claims.</summary>
    public static ValidatedToken Token(
        string subject = "alice",
        string issuer = "https://issuer.example",
        string resource = "https://mcp.example/weather",
        string? clientId = "agent",
        string scope = "mcp:read mcp:write",
        DateTimeOffset? expiresAt = null,
        string? value = null,
        string? tokenId = "token-1",
        JsonObject? claims = null,
        string? said = null)
    {
        value ??= $"subject-token.{subject}.{issuer.Length}.{resource.Length}.{scope.Length}";
        var expires = expiresAt ?? new ManualClock().GetUtcNow() + TimeSpan.FromMinutes(5);
        var all = new JsonObject { ["iss"] = issuer, ["sub"] = subject, ["aud"] = resource, ["scope"] = scope, ["exp"] = expires.ToUnixTimeSeconds() };
        if (clientId is not null)
        {
            all["client_id"] = clientId;
        }

        foreach (var (name, claim) in claims ?? [])
        {
            all[name] = claim?.DeepClone();
        }

        var read = JsonDocument.Parse(all.ToJsonString()).RootElement;
        if (!TokenClaims.TryReadActors(read, out var actors))
        {
            throw new ArgumentException("The validator would have refused this act claim.", nameof(claims));
        }

        return new ValidatedToken(new TokenText(value.AsMemory()))
        {
            Resource = resource,
            Issuer = issuer,
            Subject = subject,
            ClientId = clientId,
            TokenId = tokenId,
            Audiences = [resource],
            Scopes = ScopeSet.Parse(scope),
            Actors = actors,
            ExpiresAt = expires,
            SaidDigest = said,
            Claims = read,
        };
    }
}
