using System.Text.Json.Nodes;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Demo.AuthorizationServer;

/// <summary>
/// Token exchange: an authenticated client turns a user's token for a server at the gateway into a short-lived token for
/// the MCP server behind it. Refuses an unknown client, a token of somebody else, another target and wider scope.
/// </summary>
/// <remarks>RFC 8693 §2, RFC 8707 §2.</remarks>
internal sealed class TokenExchangeGrant(SigningKey key, IssuedTokens issued, AuthorizationServerBehaviour behaviour, TimeProvider clock)
{
    public const string GrantType = "urn:ietf:params:oauth:grant-type:token-exchange";

    private const string AccessTokenType = "urn:ietf:params:oauth:token-type:access_token";

    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(2);
    private readonly ClientAssertion _assertion = new();
    private readonly JsonWebTokenHandler _handler = new();

    public async Task<TokenAnswer> AnswerAsync(string issuer, IFormCollection form, IReadOnlyDictionary<string, JsonWebKey> clients, IReadOnlyDictionary<string, ResourceRegistration> resources)
    {
        if (await _assertion.AuthenticateAsync(issuer, form, clients) is not { } client)
        {
            return TokenAnswer.Refused("invalid_client", "The client assertion is not acceptable.");
        }

        if (form["subject_token_type"] != AccessTokenType || (form.ContainsKey("requested_token_type") && form["requested_token_type"] != AccessTokenType))
        {
            return TokenAnswer.Refused("invalid_request", "Only access tokens are exchanged.");
        }

        if (await SubjectAsync(issuer, form["subject_token"], resources.Values) is not { } subject)
        {
            return TokenAnswer.Refused("invalid_grant", "The subject token is not acceptable.");
        }

        // The policy: a token for one server at the gateway becomes a token for the MCP server behind that one only.
        var target = resources.Values.First(resource => resource.Public == subject.Audiences.Single());
        if (form["resource"] != target.Internal)
        {
            return TokenAnswer.Refused("invalid_target", "This subject token is not exchanged for that target.");
        }

        var held = subject.GetPayloadValue<string>("scope");
        var asked = form.TryGetValue("scope", out var scope) ? scope.ToString() : held;
        if (asked.Split(' ').Except(held.Split(' ')).Any())
        {
            return TokenAnswer.Refused("invalid_scope", "An exchange does not widen.");
        }

        return Issue(issuer, client, subject, AudienceOf(target, resources), behaviour.NarrowsScope ? asked : held);
    }

    private TokenAnswer Issue(string issuer, string client, JsonWebToken subject, string audience, string scope)
    {
        var now = clock.GetUtcNow();
        var lifetime = subject.ValidTo - now.UtcDateTime is var left && left < Lifetime ? left : Lifetime;
        var claims = new JsonObject
        {
            ["iss"] = issuer,
            ["sub"] = subject.Subject,
            ["aud"] = audience,
            ["client_id"] = client,
            ["scope"] = scope,
            ["iat"] = now.ToUnixTimeSeconds(),
            ["exp"] = (now + lifetime).ToUnixTimeSeconds(),
            ["jti"] = Guid.NewGuid().ToString("N"),
        };
        if (behaviour.NamesTheActor)
        {
            claims["act"] = new JsonObject { ["sub"] = client };
        }

        issued.AddHop(subject.Id, claims);
        var answer = TokenAnswer.Granted(key.Sign(claims, "at+jwt"), lifetime, scope);
        answer.Body["issued_token_type"] = AccessTokenType;
        return answer;
    }

    /// <summary>The right audience, unless this server is told to misbehave.</summary>
    private string AudienceOf(ResourceRegistration target, IReadOnlyDictionary<string, ResourceRegistration> resources) =>
        behaviour.WrongAudienceFor.Contains(target.Name)
            ? resources.Values.First(other => other != target).Internal
            : target.Internal;

    private async Task<JsonWebToken?> SubjectAsync(string issuer, string? token, IEnumerable<ResourceRegistration> resources)
    {
        var result = await _handler.ValidateTokenAsync(token, new TokenValidationParameters
        {
            ValidIssuer = issuer,
            ValidAudiences = resources.Select(resource => resource.Public),
            IgnoreTrailingSlashWhenValidatingAudience = false,
            ValidTypes = ["at+jwt"],
            ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256],
            IssuerSigningKey = key.Public,
            ClockSkew = TimeSpan.Zero,
        });
        return result.IsValid ? (JsonWebToken)result.SecurityToken : null;
    }
}
