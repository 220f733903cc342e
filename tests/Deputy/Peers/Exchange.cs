using System.Text.Json.Nodes;
using Deputy.Tokens;
using Deputy.Wire;

namespace Deputy.Peers;

/// <summary>One token exchange: what was asked, and the honest answer for a case to spoil.</summary>
internal sealed class Exchange(AuthorizationServer server, ReceivedRequest request, string subjectToken)
{
    public ReceivedRequest Request => request;

    public AuthorizationServer Server => server;

    public string SubjectToken => subjectToken;

    public JsonObject Subject { get; } = Encoded.Payload(subjectToken) ?? [];

    /// <summary>The target asked for.</summary>
    public string Target => request.Form("resource") ?? request.Form("audience") ?? "";

    /// <summary>The token that an honest server would issue.</summary>
    public Forged Token()
    {
        var now = server.Clock.GetUtcNow().ToUnixTimeSeconds();
        var end = Math.Min(now + 300, Subject["exp"]?.GetValue<long>() ?? now + 300);
        var held = (Subject["scope"]?.ToString() ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var wanted = request.Form("scope")?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
        var payload = new JsonObject
        {
            ["iss"] = server.Issuer,
            ["sub"] = Subject["sub"]?.DeepClone(),
            ["aud"] = Target,
            ["client_id"] = AuthorizationServer.ClientId,
            ["iat"] = now,
            ["nbf"] = now,
            ["exp"] = end,
            ["jti"] = Marker.Fresh(),
            ["act"] = new JsonObject { ["sub"] = AuthorizationServer.ClientId },
        };
        if (wanted.Intersect(held).ToArray() is { Length: > 0 } scopes)
        {
            payload["scope"] = string.Join(' ', scopes);
        }

        if (Carried() is { Count: > 0 } details)
        {
            payload["authorization_details"] = details;
        }

        if (Subject["act"] is { } act)
        {
            payload["act"]!["act"] = act.DeepClone();
        }

        if (Proof.Thumbprint(request.Header("DPoP")) is { } thumbprint)
        {
            payload["cnf"] = new JsonObject { ["jkt"] = thumbprint };
        }

        return new Forged(server.Key, new JsonObject { ["typ"] = "at+jwt", ["alg"] = server.Key.Algorithm, ["kid"] = server.Key.Kid }, payload);
    }

    /// <summary>The subject's details, but for those that say to be for other servers alone (RFC 9396 §2.2, <c>locations</c>).</summary>
    private JsonArray Carried() => Subject["authorization_details"] is JsonArray details
        ? new JsonArray([.. details.Where(one => one is JsonObject element && (element["locations"] is not JsonArray locations || locations.Any(place => place?.ToString() == Target))).Select(one => one!.DeepClone())])
        : [];

    /// <summary>The members of the honest answer around this token.</summary>
    public JsonObject Answer(Forged token)
    {
        var now = server.Clock.GetUtcNow().ToUnixTimeSeconds();
        var answer = new JsonObject
        {
            ["access_token"] = token.Build(),
            ["issued_token_type"] = "urn:ietf:params:oauth:token-type:access_token",
            ["token_type"] = token.Payload["cnf"] is null ? "Bearer" : "DPoP",
        };
        if (token.Payload["exp"] is JsonValue value && value.TryGetValue<long>(out var end))
        {
            answer["expires_in"] = Math.Max(1, end - now);
        }

        if (token.Payload["scope"] is { } scope)
        {
            answer["scope"] = scope.ToString();
        }

        if (token.Payload["authorization_details"] is { } details)
        {
            answer["authorization_details"] = details.DeepClone();
        }

        return answer;
    }

    public static Task SendAsync(Reply reply, JsonObject answer) => reply.SendAsync(200, answer.ToJsonString(), headers: "Cache-Control: no-store\r\n");

    /// <summary>Issues when the subject's token is one of this server's own and has not expired: as RFC 8693 asks, and no more.</summary>
    public async Task HonestAsync(Reply reply)
    {
        if (SubjectToken.Count(c => c == '.') != 2 || !server.Further.Prepend(server.Key).Any(key => key.Verifies(SubjectToken)) || Subject["exp"]?.GetValue<long>() < server.Clock.GetUtcNow().ToUnixTimeSeconds())
        {
            await reply.SendAsync(400, """{"error":"invalid_grant"}""");
            return;
        }

        await SendAsync(reply, Answer(Token()));
    }
}
