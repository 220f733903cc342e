using Demo.AuthorizationServer;

namespace Demo.Walk;

/// <summary>Gets users' tokens, alice's unless another is named, from the development authorization server, one for each server at the gateway.</summary>
/// <remarks>RFC 8707 §2: the client names the resource that the token is for.</remarks>
internal sealed class UserTokens(Stage stage, HttpClient http)
{
    public const string User = "alice";
    public const string ClientId = "demo-client";

    public async Task<string> ForAsync(string server, string scope, CancellationToken cancellationToken, string? boundTo = null, string user = User)
    {
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = DevelopmentUserGrant.GrantType,
            ["client_id"] = ClientId,
            ["username"] = user,
            ["resource"] = stage.Resource(server),
            ["scope"] = scope,
            ["dpop_jkt"] = boundTo ?? "",
        });
        using var response = await http.PostAsync(stage.AuthorizationServer.TokenEndpoint, form, cancellationToken);
        var answer = await Answer.ReadAsync(response, cancellationToken);
        return answer.Text("access_token") ?? throw new StepBrokenException($"the authorization server gave no token for {server}: {answer.Status} {answer.Body}");
    }
}
