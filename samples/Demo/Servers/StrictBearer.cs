using System.Text.Json.Nodes;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Microsoft.Net.Http.Headers;

namespace Demo.Servers;

/// <summary>
/// What every MCP server owes itself, gateway or not: a bearer token with a good signature of the one issuer, of type
/// <c>at+jwt</c>, unexpired, with this server's scope, and minted for exactly this server and no other.
/// </summary>
/// <remarks>RFC 6750 §3, RFC 9068 §4.</remarks>
internal sealed class StrictBearer(string issuer, JsonWebKeySet keys, string audience, string scope)
{
    private const string Scheme = "Bearer ";

    private readonly JsonWebTokenHandler _handler = new();
    private readonly TokenValidationParameters _parameters = new()
    {
        ValidIssuer = issuer,
        ValidAudience = audience,
        IgnoreTrailingSlashWhenValidatingAudience = false,
        ValidTypes = ["at+jwt"],
        ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256],
        IssuerSigningKeys = keys.GetSigningKeys(),
        TryAllIssuerSigningKeys = false,
        ClockSkew = TimeSpan.Zero,
    };

    /// <summary>The token when it is good; otherwise the response is the refusal.</summary>
    public async Task<BearerToken?> AdmitAsync(HttpContext context)
    {
        var header = context.Request.Headers.Authorization;
        if (header.Count != 1 || !header[0]!.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            await RefuseAsync(context, StatusCodes.Status401Unauthorized, null, "A bearer token is required.");
            return null;
        }

        var value = header[0]![Scheme.Length..];
        var result = await _handler.ValidateTokenAsync(value, _parameters);
        if (!result.IsValid || result.SecurityToken is not JsonWebToken token || !token.Audiences.SequenceEqual([audience]))
        {
            var description = result.Exception is SecurityTokenInvalidAudienceException
                ? "The token was not minted for this server."
                : "The token is not acceptable.";
            await RefuseAsync(context, StatusCodes.Status401Unauthorized, "invalid_token", description);
            return null;
        }

        var claims = (JsonObject)JsonNode.Parse(Base64UrlEncoder.Decode(token.EncodedPayload))!;
        if (claims["scope"]?.GetValue<string>().Split(' ').Contains(scope) != true)
        {
            await RefuseAsync(context, StatusCodes.Status403Forbidden, "insufficient_scope", "The token lacks this server's scope.");
            return null;
        }

        return new BearerToken(value, token.Subject, claims);
    }

    private static Task RefuseAsync(HttpContext context, int status, string? error, string description)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        context.Response.Headers[HeaderNames.WWWAuthenticate] = error is null ? "Bearer" : $"Bearer error=\"{error}\", error_description=\"{description}\"";
        var body = new JsonObject { ["error"] = error ?? "unauthorized", ["error_description"] = description };
        return context.Response.WriteAsync(body.ToJsonString(), context.RequestAborted);
    }
}
