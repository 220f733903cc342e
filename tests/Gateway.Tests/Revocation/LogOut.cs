using System.Text;
using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Xunit;

namespace Gateway.Tests.Revocation;

/// <summary>A logout as an authorization server announces it.</summary>
internal static class LogOut
{
    /// <summary>Ends a session where one is named, else everything of the subject.</summary>
    public static async Task Async(World world, string? session = null, string subject = "alice")
    {
        var answer = await AnswerAsync(world, session, subject);
        Assert.True(answer.Status == 200, $"{answer.Status}\n{world.Gateway.Log}");
    }

    /// <summary>The same, whatever the answer.</summary>
    public static Task<Answer> AnswerAsync(World world, string? session = null, string subject = "alice") => SendAsync(world.Gateway, Token(world, session, subject));

    public static string Token(World world, string? session = null, string subject = "alice") => world.As.Token("mcp-gateway", (header, payload) =>
    {
        header["typ"] = "logout+jwt";
        payload.Remove("client_id");
        payload.Remove("scope");
        payload["jti"] = Guid.NewGuid().ToString();
        payload["events"] = new JsonObject { ["http://schemas.openid.net/event/backchannel-logout"] = new JsonObject() };
        payload["sub"] = subject;
        if (session is not null)
        {
            payload.Remove("sub");
            payload["sid"] = session;
        }
    });

    public static Task<Answer> SendAsync(TestGateway gateway, string token) => gateway.SendAsync(HttpMethod.Post, "/backchannel-logout/corp", change: request =>
        request.Content = new StringContent($"logout_token={token}", Encoding.UTF8, System.Net.Http.Headers.MediaTypeHeaderValue.Parse("application/x-www-form-urlencoded")));
}
