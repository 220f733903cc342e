using System.Net;
using System.Text.Json.Nodes;
using Gateway.Bridge;
using Xunit;

namespace Gateway.Tests.Bridge;

/// <summary>The revisions without sessions, with a process for each request.</summary>
public sealed class ModernTests
{
    [Fact]
    public async Task Each_request_has_a_process_that_ends_with_its_answer()
    {
        await using var bridge = await TestBridge.StartAsync();
        using var one = await bridge.PostAsync(TestBridge.ModernRequest(1, "self"));
        using var other = await bridge.PostAsync(TestBridge.ModernRequest(1, "self"));
        Assert.False(one.Headers.Contains("Mcp-Session-Id"));
        Assert.NotEqual((int)(await TestBridge.JsonOfAsync(one))["result"]!["pid"]!, (int)(await TestBridge.JsonOfAsync(other))["result"]!["pid"]!);
        await bridge.Log.SaidAsync("ended (exit code 0)", times: 2);
    }

    [Fact]
    public async Task Progress_comes_before_the_answer_on_its_stream()
    {
        await using var bridge = await TestBridge.StartAsync();
        using var response = await bridge.PostAsync(TestBridge.ModernRequest(1, "progress", progressToken: 7));
        using var events = await TestBridge.EventsOfAsync(response);
        Assert.Equal(7, (int)(await events.NextAsync())!["params"]!["progressToken"]!);
        Assert.True((bool)(await events.NextAsync())!["result"]!["done"]!);
        Assert.Null(await events.NextAsync());
    }

    [Fact]
    public async Task A_client_that_leaves_has_cancelled_and_its_process_ends()
    {
        await using var bridge = await TestBridge.StartAsync();
        using var leaving = new CancellationTokenSource();
        var held = bridge.PostAsync(TestBridge.ModernRequest("h", "hold"), cancellation: leaving.Token);
        await bridge.Log.SaidAsync("holding");
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => held);
        await bridge.Log.SaidAsync("cancelled \"h\"");
        await bridge.Log.SaidAsync("ended (exit code 0)");
    }

    [Theory]
    [InlineData(-32601, 404)]
    [InlineData(-32020, 400)]
    [InlineData(-32021, 400)]
    [InlineData(-32022, 400)]
    [InlineData(-32600, 400)]
    [InlineData(-32602, 400)]
    [InlineData(-32603, 200)]
    public async Task An_error_by_which_clients_negotiate_has_its_status(int code, int status)
    {
        await using var bridge = await TestBridge.StartAsync();
        using var response = await bridge.PostAsync(TestBridge.ModernRequest(1, "fail", new JsonObject { ["code"] = code }));
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(code, (int)(await TestBridge.JsonOfAsync(response))["error"]!["code"]!);
    }

    [Fact]
    public async Task An_error_about_the_arguments_of_a_whole_request_is_an_answer_like_any_other()
    {
        await using var bridge = await TestBridge.StartAsync();
        var request = TestBridge.ModernRequest(1, "fail", new JsonObject { ["code"] = -32602 });
        request["params"]!["_meta"]!["io.modelcontextprotocol/clientCapabilities"] = new JsonObject();
        using var response = await bridge.PostAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task Initialize_of_a_revision_without_sessions_begins_none()
    {
        await using var bridge = await TestBridge.StartAsync();
        using var response = await bridge.PostAsync(TestBridge.ModernRequest(1, "initialize"));
        Assert.False(response.Headers.Contains("Mcp-Session-Id"));
    }

    [Fact]
    public async Task Headers_that_say_something_else_than_the_message_are_refused()
    {
        await using var bridge = await TestBridge.StartAsync();
        using var response = await bridge.PostAsync(System.Text.Encoding.UTF8.GetBytes(TestBridge.ModernRequest(4, "self").ToJsonString()), modernMethod: "tools/list");
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var error = await TestBridge.JsonOfAsync(response);
        Assert.Equal(-32020, (int)error["error"]!["code"]!);
        Assert.Equal(4, (int)error["id"]!);
        Assert.DoesNotContain("ChildStarted", bridge.Log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_question_of_the_server_and_another_answer_than_the_one_asked_for_reach_nobody()
    {
        await using var bridge = await TestBridge.StartAsync();
        var bytes = """
            {"jsonrpc":"2.0","id":9,"method":"sampling/createMessage"}
            {"jsonrpc":"2.0","id":2,"result":{"for":"somebody else"}}

            """u8;
        using var response = await bridge.PostAsync(TestBridge.ModernRequest(1, "raw", new JsonObject { ["bytes"] = Convert.ToBase64String(bytes) }));
        Assert.Equal("""{"jsonrpc": "2.0", "id": 1, "result": {}}""", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task An_error_of_a_process_that_could_not_tell_the_id_is_the_answer_to_the_one_request_it_knows()
    {
        await using var bridge = await TestBridge.StartAsync();
        var bytes = """{"error":{"code":-32700,"message":"Parse error"},"id":null,"jsonrpc":"2.0"}"""u8;
        using var response = await bridge.PostAsync(TestBridge.ModernRequest("a", "answer", new JsonObject { ["bytes"] = Convert.ToBase64String(bytes) }));
        Assert.Equal(400, (int)response.StatusCode);
        Assert.Equal("""{"error":{"code":-32700,"message":"Parse error"},"id":"a","jsonrpc":"2.0"}""", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task There_is_no_session_to_listen_to_or_to_end()
    {
        await using var bridge = await TestBridge.StartAsync();
        foreach (var method in new[] { HttpMethod.Get, HttpMethod.Delete, HttpMethod.Put })
        {
            using var request = new HttpRequestMessage(method, bridge.Url);
            request.Headers.Add("MCP-Protocol-Version", TestBridge.Modern);
            using var response = await bridge.Client.SendAsync(request, default);
            Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
        }
    }

    [Fact]
    public async Task A_command_that_cannot_be_started_is_said_so()
    {
        await using var bridge = await TestBridge.StartAsync(settings => settings with { Command = new ChildCommand("/does/not/exist", ["x"], []) }, TimeProvider.System);
        using var response = await bridge.PostAsync(TestBridge.ModernRequest(1, "self"));
        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        Assert.Contains("ChildNotStarted", bridge.Log.Text, StringComparison.Ordinal);
    }
}
