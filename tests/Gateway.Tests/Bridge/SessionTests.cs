using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Gateway.Bridge;
using Harness;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Gateway.Tests.Bridge;

/// <summary>The revisions with sessions: one process for each, and nothing of it for anybody else.</summary>
public sealed class SessionTests
{
    [Fact]
    public async Task Each_session_has_a_process_of_its_own()
    {
        await using var bridge = await TestBridge.StartAsync();
        var (one, other) = (await bridge.InitializeAsync(), await bridge.InitializeAsync());
        Assert.NotEqual(one, other);
        Assert.NotEqual(await bridge.ProcessOfAsync(one), await bridge.ProcessOfAsync(other));
        Assert.Equal(await bridge.ProcessOfAsync(one), await bridge.ProcessOfAsync(one));
    }

    [Fact]
    public async Task The_same_id_in_two_sessions_is_two_requests()
    {
        await using var bridge = await TestBridge.StartAsync();
        var (one, other) = (await bridge.InitializeAsync(), await bridge.InitializeAsync());
        var held = bridge.PostAsync(TestBridge.Request(7, "hold"), one);
        await bridge.Log.SaidAsync("holding");
        using var response = await bridge.PostAsync(TestBridge.Request(7, "echo", new JsonObject { ["mine"] = true }), other);
        Assert.True((bool)(await TestBridge.JsonOfAsync(response))["result"]!["echo"]!["mine"]!);
        await bridge.CallAsync(one, "release", id: 8);
        Assert.True((bool)(await TestBridge.JsonOfAsync(await held))["result"]!["held"]!);
    }

    [Fact]
    public async Task A_second_request_with_an_id_that_waits_is_refused()
    {
        await using var bridge = await TestBridge.StartAsync();
        var session = await bridge.InitializeAsync();
        var held = bridge.PostAsync(TestBridge.Request(1, "hold"), session);
        await bridge.Log.SaidAsync("holding");
        using var second = await bridge.PostAsync("""{"jsonrpc":"2.0","id":1.0,"method":"echo"}"""u8.ToArray(), session);
        Assert.Equal(HttpStatusCode.BadRequest, second.StatusCode);
        await bridge.CallAsync(session, "release", id: 8);
        Assert.True((bool)(await TestBridge.JsonOfAsync(await held))["result"]!["held"]!);
    }

    [Fact]
    public async Task Progress_and_the_answer_come_on_the_stream_of_the_call()
    {
        await using var bridge = await TestBridge.StartAsync();
        var session = await bridge.InitializeAsync();
        using var response = await bridge.PostAsync(TestBridge.Request(3, "progress", new JsonObject { ["_meta"] = new JsonObject { ["progressToken"] = "mine" } }), session);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        using var events = await TestBridge.EventsOfAsync(response);
        Assert.Equal("mine", (string?)(await events.NextAsync())!["params"]!["progressToken"]);
        Assert.True((bool)(await events.NextAsync())!["result"]!["done"]!);
        Assert.Null(await events.NextAsync());
    }

    [Fact]
    public async Task A_question_of_the_server_reaches_its_client_alone_and_so_does_the_answer_its_server()
    {
        await using var bridge = await TestBridge.StartAsync();
        var (one, other) = (await bridge.InitializeAsync(), await bridge.InitializeAsync());
        using var listening = await bridge.SendAsync(HttpMethod.Get, other);
        using var response = await bridge.PostAsync(TestBridge.Request(3, "ask"), one);
        using var events = await TestBridge.EventsOfAsync(response);
        var question = await events.NextAsync();
        Assert.Equal("sampling/createMessage", (string?)question!["method"]);
        var answer = new JsonObject { ["jsonrpc"] = "2.0", ["id"] = question["id"]!.DeepClone(), ["result"] = new JsonObject { ["text"] = "yes" } };
        using var accepted = await bridge.PostAsync(answer, one);
        Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
        Assert.Equal("yes", (string?)(await events.NextAsync())!["result"]!["heard"]!["result"]!["text"]);

        // The first thing that comes on the other's stream is of the other's own process.
        using var late = await bridge.PostAsync(Late("theirs"), other);
        using var theirs = await TestBridge.EventsOfAsync(listening);
        Assert.Equal("theirs", (string?)(await theirs.NextAsync())!["params"]!["data"]);
    }

    [Fact]
    public async Task What_belongs_to_no_call_waits_for_the_listening_stream()
    {
        await using var bridge = await TestBridge.StartAsync();
        var session = await bridge.InitializeAsync();
        using var call = await bridge.PostAsync(Late("late"), session);
        Assert.Equal("""{"jsonrpc":"2.0","id":4,"result":{}}""", await call.Content.ReadAsStringAsync());
        using var listening = await bridge.SendAsync(HttpMethod.Get, session);
        using var events = await TestBridge.EventsOfAsync(listening);
        Assert.Equal("late", (string?)(await events.NextAsync())!["params"]!["data"]);
    }

    [Fact]
    public async Task A_cancellation_reaches_the_process_and_leaving_alone_does_not_cancel()
    {
        await using var bridge = await TestBridge.StartAsync();
        var session = await bridge.InitializeAsync();
        using var leaving = new CancellationTokenSource();
        var held = bridge.PostAsync(TestBridge.Request("h", "hold"), session, leaving.Token);
        await bridge.Log.SaidAsync("holding");
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => held);
        await bridge.CallAsync(session, "echo");
        Assert.DoesNotContain("cancelled", bridge.Log.Text, StringComparison.Ordinal);

        using var cancelled = await bridge.PostAsync(new JsonObject { ["jsonrpc"] = "2.0", ["method"] = "notifications/cancelled", ["params"] = new JsonObject { ["requestId"] = "h" } }, session);
        Assert.Equal(HttpStatusCode.Accepted, cancelled.StatusCode);
        await bridge.Log.SaidAsync("cancelled \"h\"");
    }

    [Fact]
    public void Requests_that_are_never_answered_fill_it_only_as_long_as_their_clients_wait()
    {
        var session = new Session("s", TimeSpan.FromDays(1), NullLogger.Instance, TimeProvider.System);
        BridgeRefusal? Begin(int id, bool waits)
        {
            var answer = session.Begin(Message.Read(Encoding.UTF8.GetBytes($$"""{"jsonrpc":"2.0","id":{{id}},"method":"tools/call"}"""))!, out var refusal);
            if (!waits)
            {
                answer?.Close();
            }

            return refusal;
        }

        Assert.All(Enumerable.Range(0, 2500), id => Assert.Null(Begin(id, waits: false)));
        Assert.All(Enumerable.Range(2500, 1024), id => Assert.Null(Begin(id, waits: true)));
        Assert.Same(BridgeRefusal.Busy, Begin(4000, waits: true));
        session.Close();
    }

    [Fact]
    public async Task Its_end_ends_the_process_and_its_name_is_unknown_then()
    {
        await using var bridge = await TestBridge.StartAsync();
        var session = await bridge.InitializeAsync();
        using var ended = await bridge.SendAsync(HttpMethod.Delete, session);
        Assert.Equal(HttpStatusCode.NoContent, ended.StatusCode);
        await bridge.Log.SaidAsync("end of input seen");
        await bridge.Log.SaidAsync("ended (exit code 0)");
        using var after = await bridge.PostAsync(TestBridge.Request(2, "self"), session);
        Assert.Equal(HttpStatusCode.NotFound, after.StatusCode);
    }

    [Theory]
    [InlineData("2024-10-07", HttpStatusCode.OK)]
    [InlineData("2024-11-05", HttpStatusCode.OK)]
    [InlineData("2025-03-26", HttpStatusCode.OK)]
    [InlineData("2025-06-18", HttpStatusCode.OK)]
    [InlineData("2025-11-25", HttpStatusCode.OK)]
    [InlineData("2026-07-28", HttpStatusCode.BadRequest)]
    [InlineData("2019-01-01", HttpStatusCode.BadRequest)]
    [InlineData("", HttpStatusCode.BadRequest)]
    public async Task It_speaks_the_revisions_that_have_sessions(string revision, HttpStatusCode status)
    {
        await using var bridge = await TestBridge.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, bridge.Url) { Content = new StringContent(TestBridge.Request(1, "echo").ToJsonString(), null, "application/json") };
        request.Headers.Add("Mcp-Session-Id", await bridge.InitializeAsync());
        request.Headers.TryAddWithoutValidation("MCP-Protocol-Version", revision);

        using var response = await bridge.Client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(status, response.StatusCode);
    }

    [Fact]
    public async Task Without_a_session_nothing_but_initialize_is_taken()
    {
        await using var bridge = await TestBridge.StartAsync();
        using var call = await bridge.PostAsync(TestBridge.Request(1, "tools/list"));
        Assert.Equal(HttpStatusCode.BadRequest, call.StatusCode);
        using var unknown = await bridge.PostAsync(TestBridge.Request(1, "tools/list"), "0123456789abcdef0123456789abcdef");
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
        Assert.DoesNotContain("ChildStarted", bridge.Log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refused_initialize_leaves_no_session_and_no_process()
    {
        await using var bridge = await TestBridge.StartAsync("refuse");
        using var response = await bridge.PostAsync(TestBridge.Request(0, "initialize"));
        Assert.Equal(-32602, (int)(await TestBridge.JsonOfAsync(response))["error"]!["code"]!);
        Assert.False(response.Headers.Contains("Mcp-Session-Id"));
        await bridge.Log.SaidAsync("ended (exit code 0)");
    }

    [Fact]
    public async Task A_session_that_nobody_uses_ends_and_one_that_somebody_uses_does_not()
    {
        var clock = new ManualClock();
        await using var bridge = await TestBridge.StartAsync(settings => settings with { Idle = TimeSpan.FromMinutes(15) }, clock);
        var (idle, used, open) = (await bridge.InitializeAsync(), await bridge.InitializeAsync(), await bridge.InitializeAsync());
        using var listening = await bridge.SendAsync(HttpMethod.Get, open);
        var (started, ended) = (clock.GetUtcNow(), bridge.Log.SaidAsync("ChildEnded"));
        while (!ended.IsCompleted)
        {
            // The bridge is done with a request a moment later than its client: time goes on until it has counted the last one.
            await bridge.CallAsync(used, "echo");
            clock.Advance(TimeSpan.FromMinutes(1));
            await Task.WhenAny(ended, Task.Delay(10));
        }

        Assert.InRange(clock.GetUtcNow() - started, TimeSpan.FromMinutes(15), TimeSpan.MaxValue);
        using var gone = await bridge.PostAsync(TestBridge.Request(2, "self"), idle);
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
        Assert.NotNull(await bridge.CallAsync(used, "self"));
        Assert.NotNull(await bridge.CallAsync(open, "self"));
    }

    [Fact]
    public async Task More_sessions_than_allowed_are_put_off_and_one_that_ends_makes_room()
    {
        await using var bridge = await TestBridge.StartAsync(settings => settings with { MaxProcesses = 2 }, TimeProvider.System);
        var first = await bridge.InitializeAsync();
        await bridge.InitializeAsync();
        using var third = await bridge.PostAsync(TestBridge.Request(0, "initialize"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, third.StatusCode);
        Assert.NotNull(third.Headers.RetryAfter);
        using var modern = await bridge.PostAsync(TestBridge.ModernRequest(1, "echo"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, modern.StatusCode);

        using var ended = await bridge.SendAsync(HttpMethod.Delete, first);
        await bridge.InitializeAsync();
    }

    [Fact]
    public async Task A_start_waits_for_an_end_that_was_only_just_asked_for()
    {
        using var watch = new ChildWatch();
        var settings = new BridgeSettings { Address = new BridgeAddress("", null, null), Command = new ChildCommand("/bin/cat", ["cat"], []), MaxProcesses = 1 };
        using var children = new Children(settings, watch, NullLogger<Children>.Instance, TimeProvider.System);
        var receiver = new Session("id", TimeSpan.FromHours(1), NullLogger.Instance, TimeProvider.System);
        for (var i = 0; i < 50; i++)
        {
            var (child, refusal) = await children.StartAsync(receiver, TestContext.Current.CancellationToken);
            Assert.Null(refusal);
            _ = child!.EndAsync();
        }

        await children.StoppingAsync(default);
    }

    [Fact]
    public async Task A_session_is_idle_once_it_has_a_process_and_no_request_and_takes_none_any_more_then()
    {
        using var watch = new ChildWatch();
        var clock = new ManualClock();
        var settings = new BridgeSettings { Address = new BridgeAddress("", null, null), Command = new ChildCommand("/bin/cat", ["cat"], []) };
        using var children = new Children(settings, watch, NullLogger<Children>.Instance, TimeProvider.System);
        var session = new Session("id", TimeSpan.FromMinutes(1), NullLogger.Instance, clock);
        clock.Advance(TimeSpan.FromMinutes(2));
        var (child, _) = await children.StartAsync(session, TestContext.Current.CancellationToken);
        session.Join(child!);
        Assert.True(session.TryUse());
        clock.Advance(TimeSpan.FromMinutes(2));
        Assert.True(session.TryUse());
        session.Leave();
        session.Leave();
        Assert.False(child!.IsEnding);
        clock.Advance(TimeSpan.FromMinutes(2));

        Assert.False(session.TryUse());
        Assert.True(child.IsEnding);
        await children.StoppingAsync(default);
        session.Close();
    }

    /// <summary>A call whose answer is followed by a notification.</summary>
    private static JsonObject Late(string data) => TestBridge.Request(4, "answer", new JsonObject
    {
        ["bytes"] = Convert.ToBase64String(Encoding.UTF8.GetBytes("""{"jsonrpc":"2.0","id":ID,"result":{}}""" + "\n" + $$$"""{"jsonrpc":"2.0","method":"notifications/message","params":{"data":"{{{data}}}"}}""")),
    });
}
