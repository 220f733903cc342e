using System.Text.Json.Nodes;

namespace Demo.AuthorizationServer;

/// <summary>What the token endpoint answers.</summary>
/// <remarks>RFC 6749 §5.1, §5.2.</remarks>
internal sealed record TokenAnswer(int Status, JsonObject Body)
{
    /// <summary>A refusal; <paramref name="error"/> is one of the registered codes.</summary>
    public static TokenAnswer Refused(string error, string description) =>
        new(error == "invalid_client" ? StatusCodes.Status401Unauthorized : StatusCodes.Status400BadRequest,
            new JsonObject { ["error"] = error, ["error_description"] = description });

    /// <summary>A token of this lifetime and scope.</summary>
    public static TokenAnswer Granted(string token, TimeSpan lifetime, string scope) =>
        new(StatusCodes.Status200OK, new JsonObject
        {
            ["access_token"] = token,
            ["token_type"] = "Bearer",
            ["expires_in"] = (long)lifetime.TotalSeconds,
            ["scope"] = scope,
        });

    public async Task WriteAsync(HttpResponse response)
    {
        response.StatusCode = Status;
        response.Headers.CacheControl = "no-store";
        response.ContentType = "application/json";
        await response.WriteAsync(Body.ToJsonString(), response.HttpContext.RequestAborted);
    }
}
