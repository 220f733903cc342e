using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Harness.Wire;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Gateway.Tests.Observe;

/// <summary>What was sent is told as sent, however it ended: nobody chooses how a call that was carried out is recorded.</summary>
public sealed class HonestAuditTests
{
    [Fact]
    public async Task A_client_that_hangs_up_during_a_call_is_told_as_allowed()
    {
        await using var world = await World.StartAsync();
        var arrived = new TaskCompletionSource();
        world.Weather.Answer = async context =>
        {
            arrived.SetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        };
        using var leaving = new CancellationTokenSource();
        using var request = new HttpRequestMessage(HttpMethod.Post, world.Gateway.Url + "/weather") { Content = new ByteArrayContent(System.Text.Encoding.UTF8.GetBytes(Messages.Call("delete_all"))) { Headers = { ContentType = new("application/json") } } };
        request.Headers.Authorization = new("Bearer", world.WeatherToken());
        var call = world.Gateway.Client.SendAsync(request, leaving.Token);
        await arrived.Task.WaitAsync(TestContext.Current.CancellationToken);

        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await world.Gateway.Audited;

        var line = Assert.Single(world.Gateway.Audit);
        Assert.Equal(("mcp.request.allowed", "client_closed", null, "delete_all", 499), Told(line));
    }

    [Theory]
    [InlineData("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", "upstream_refused_token", 502)]
    [InlineData("HTTP/1.1 403 Forbidden\r\nWWW-Authenticate: Bearer scope=\"x\"\r\nContent-Length: 0\r\n\r\n", "upstream_insufficient_scope", 403)]
    [InlineData("HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", "upstream_redirected", 502)]
    [InlineData("HTTP/1.1 nonsense\r\n\r\n", "upstream_unavailable", 502)]
    [InlineData("", "upstream_unavailable", 502)]
    public async Task Whatever_the_MCP_server_answers_the_call_was_sent(string answer, string reason, int status)
    {
        await using var server = SocketMcpServer.Start();
        server.Answer = SocketMcpServer.Says(answer, Close.Fin);
        await using var world = await World.StartAsync(server.Url);

        var got = await world.Gateway.CallAsync("/weather", world.WeatherToken(), Messages.Call("delete_all"));

        Assert.Equal((status, reason), (got.Status, got.Reason));
        Assert.NotEmpty(server.Requests);
        Assert.Equal(("mcp.request.allowed", reason, null, "delete_all", status), Told(Assert.Single(world.Gateway.Audit)));
    }

    [Theory]
    [InlineData("exchange", 2)]
    [InlineData("same-token", 1)]
    [InlineData("none", 1)]
    public async Task What_the_MCP_server_said_of_the_credential_is_told_in_every_mode(string mode, int calls)
    {
        await using var world = await World.StartAsync(options =>
        {
            if (mode != "exchange")
            {
                options["Servers"]!["weather"]!["Outbound"] = new JsonObject { ["Mode"] = mode };
            }
        });
        world.Weather.Answer = context =>
        {
            context.Response.StatusCode = 401;
            context.Response.Headers.WWWAuthenticate = "Bearer error=\"invalid_token\", error_description=\"wrong audience\"";
            return Task.CompletedTask;
        };

        var got = await world.Gateway.CallAsync("/weather", world.WeatherToken(), Messages.Call("delete_all"));

        Assert.Equal((502, "upstream_refused_token"), (got.Status, got.Reason));
        Assert.Equal(calls, world.Weather.Requests.Count);
        Assert.Contains("wrong audience", (string?)Assert.Single(world.Gateway.Audit)["detail"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_retry_that_the_authorization_server_refuses_comes_after_a_call_that_was_sent()
    {
        await using var world = await World.StartAsync();
        world.Weather.Answer = context =>
        {
            world.As.TokenAnswer = refused =>
            {
                refused.Response.StatusCode = 400;
                refused.Response.ContentType = "application/json";
                return refused.Response.WriteAsync("""{"error":"invalid_grant"}""");
            };
            context.Response.StatusCode = 401;
            return Task.CompletedTask;
        };

        await world.Gateway.CallAsync("/weather", world.WeatherToken(), Messages.Call("delete_all"));

        Assert.Single(world.Weather.Requests);
        Assert.Equal(("mcp.request.allowed", "exchange_subject_refused", null, "delete_all", 401), Told(Assert.Single(world.Gateway.Audit)));
    }

    [Fact]
    public async Task What_was_refused_before_the_last_gate_was_not_sent()
    {
        await using var world = await World.StartAsync();
        world.As.ChangeToken = (_, payload) => payload["aud"] = World.NotesResource;

        await world.Gateway.CallAsync("/weather", world.WeatherToken(), Messages.Call("delete_all"));

        world.AssertNothingWasForwarded();
        Assert.Equal("mcp.request.refused", (string?)Assert.Single(world.Gateway.Audit)["event"]);
    }

    private static (string?, string?, string?, string?, int) Told(JsonObject line) =>
        ((string?)line["event"], (string?)line["reason"], (string?)line["category"], (string?)line["operation"], (int)line["status"]!);
}
