using System.Text.Json.Nodes;

namespace Demo.AuthorizationServer;

/// <summary>
/// A grant FOR DEVELOPMENT ONLY that stands in for a user's login with authorization code and PKCE: whoever names a user
/// gets that user's token. Everything about the token itself is as it should be.
/// </summary>
/// <remarks>RFC 6749 §4.5 (extension grants), RFC 8707 §2.2 (one resource, one audience), RFC 9068 §2.</remarks>
internal sealed class DevelopmentUserGrant(SigningKey key, IssuedTokens issued, TimeProvider clock)
{
    public const string GrantType = "urn:example:grant-type:development-user";

    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    public TokenAnswer Answer(string issuer, IFormCollection form, IEnumerable<ResourceRegistration> resources)
    {
        string? user = form["username"], client = form["client_id"], resource = form["resource"], scope = form["scope"];
        if (string.IsNullOrEmpty(user) || string.IsNullOrEmpty(client) || string.IsNullOrEmpty(scope))
        {
            return TokenAnswer.Refused("invalid_request", "username, client_id, resource and scope are required.");
        }

        if (resources.FirstOrDefault(known => known.Public == resource) is not { } target)
        {
            return TokenAnswer.Refused("invalid_target", "No such resource.");
        }

        if (scope.Split(' ').Except(target.Scopes).Any())
        {
            return TokenAnswer.Refused("invalid_scope", "The resource has no such scope.");
        }

        return Issue(issuer, user, client, target.Public, scope, form["dpop_jkt"].ToString());
    }

    /// <summary>A token for any audience, asked for or not.</summary>
    public TokenAnswer Issue(string issuer, string user, string client, string audience, string scope, string thumbprint = "")
    {
        var now = clock.GetUtcNow();
        var claims = new JsonObject
        {
            ["iss"] = issuer,
            ["sub"] = user,
            ["aud"] = audience,
            ["client_id"] = client,
            ["scope"] = scope,
            ["iat"] = now.ToUnixTimeSeconds(),
            ["exp"] = (now + Lifetime).ToUnixTimeSeconds(),
            ["jti"] = Guid.NewGuid().ToString("N"),
        };

        // A login that names the client's key gets a token that is bound to it (RFC 9449 §10).
        var bound = thumbprint.Length > 0;
        if (bound)
        {
            claims["cnf"] = new JsonObject { ["jkt"] = thumbprint };
        }

        issued.Add(claims);
        var answer = TokenAnswer.Granted(key.Sign(claims, "at+jwt"), Lifetime, scope);
        answer.Body["token_type"] = bound ? "DPoP" : "Bearer";
        return answer;
    }
}
