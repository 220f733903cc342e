using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Harness;
using Xunit;

namespace Gateway.Tests.Bridge;

/// <summary>One process for all: nobody gets what is another's, whatever ids they choose and whatever the process says.</summary>
public sealed class SharedTests
{
    [Fact]
    public async Task All_requests_have_one_process()
    {
        await using var bridge = await StartAsync();
        using var one = await bridge.PostAsync(TestBridge.ModernRequest(1, "self"));
        using var other = await bridge.PostAsync(TestBridge.ModernRequest(1, "self"));
        Assert.Equal((int)(await TestBridge.JsonOfAsync(one))["result"]!["pid"]!, (int)(await TestBridge.JsonOfAsync(other))["result"]!["pid"]!);
    }

    [Fact]
    public async Task Two_clients_with_one_id_each_get_their_own_answer_in_their_own_spelling()
    {
        await using var bridge = await StartAsync();
        var held = bridge.PostAsync(TestBridge.ModernRequest("same", "hold"));
        await bridge.Log.SaidAsync("holding");
        using var response = await bridge.PostAsync(TestBridge.ModernRequest("same", "release"));
        Assert.True((bool)(await TestBridge.JsonOfAsync(response))["result"]!["released"]!);
        var answer = await TestBridge.JsonOfAsync(await held);
        Assert.True((bool)answer["result"]!["held"]!);
        Assert.Equal("same", (string?)answer["id"]);

        using var odd = await bridge.PostAsync(
            """{"jsonrpc":"2.0","id":1.0,"method":"line","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}"""u8.ToArray(), modernMethod: "line");
        Assert.Contains("\"id\": 1.0,", await odd.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Progress_comes_under_the_clients_own_token_and_the_process_sees_another()
    {
        await using var bridge = await StartAsync();
        using var response = await bridge.PostAsync(TestBridge.ModernRequest(1, "progress", progressToken: "mine"));
        using var events = await TestBridge.EventsOfAsync(response);
        Assert.Equal("mine", (string?)(await events.NextAsync())!["params"]!["progressToken"]);
        Assert.True((bool)(await events.NextAsync())!["result"]!["done"]!);

        using var line = await bridge.PostAsync(TestBridge.ModernRequest("i", "line", progressToken: "t"));
        var seen = Encoding.UTF8.GetString(Convert.FromBase64String((string)(await TestBridge.JsonOfAsync(line))["result"]!["line"]!));
        Assert.Contains("\"id\":2,", seen, StringComparison.Ordinal);
        Assert.Contains("\"progressToken\":2", seen, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_subscription_brings_comes_to_who_subscribed_under_its_own_id()
    {
        await using var bridge = await StartAsync();
        using var one = await bridge.PostAsync(TestBridge.ModernRequest("sub", "subscriptions/listen"));
        using var other = await bridge.PostAsync(TestBridge.ModernRequest("sub", "subscriptions/listen"));
        foreach (var response in new[] { one, other })
        {
            using var events = await TestBridge.EventsOfAsync(response);
            for (var i = 0; i < 2; i++)
            {
                Assert.Equal("sub", (string?)(await events.NextAsync())!["params"]!["_meta"]!["io.modelcontextprotocol/subscriptionId"]);
            }
        }
    }

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","method":"notifications/message","params":{"data":"whose?"}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":77,"result":{}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":"1","result":{}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"sampling/createMessage"}""")]
    [InlineData("""{"jsonrpc":"2.0","result":{}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":""}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"id":2,"result":{}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"result":{"_meta":{"io.modelcontextprotocol/subscriptionId":2}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"result":{"_meta":{"io.modelcontextprotocol/SubscriptionId":2}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"result":{"_meta":{"io.modelcontextprotocol/subscriptionId":1,"io.modelcontextprotocol/subscriptionId":2}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"result":{"_meta":{"__proto__":{"io.modelcontextprotocol/subscriptionId":2}}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"result":{"_Meta":{"io.modelcontextprotocol/subscriptionId":2}}}""")]
    [InlineData("""{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"_meta":{"io.modelcontextprotocol/subscriptionId":2}}}""")]
    [InlineData("""{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progresstoken":2}}""")]
    [InlineData("""{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":9}}""")]
    public async Task What_names_nobody_or_two_reaches_nobody(string message)
    {
        await using var bridge = await StartAsync();
        var held = bridge.PostAsync(TestBridge.ModernRequest("a", "hold", progressToken: "t"));
        await bridge.Log.SaidAsync("holding");
        using var raw = await bridge.PostAsync(TestBridge.ModernRequest("b", "raw", new JsonObject { ["bytes"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(message + "\n")) }));
        Assert.Equal("application/json", raw.Content.Headers.ContentType!.MediaType);
        using var release = await bridge.PostAsync(TestBridge.ModernRequest("c", "release"));
        Assert.Equal("application/json", release.Content.Headers.ContentType!.MediaType);
        using var first = await held;
        Assert.Equal("application/json", first.Content.Headers.ContentType!.MediaType);
        Assert.True((bool)(await TestBridge.JsonOfAsync(first))["result"]!["held"]!);
    }

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"line","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","ProgressToken":1}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"ID":1,"method":"line","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"line","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","progressToken":1,"progressToken":2}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"line","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","progress\u0000Token":2}}}""")]
    public async Task A_name_that_a_careless_server_could_take_for_an_id_is_refused(string body)
    {
        await using var bridge = await StartAsync();
        using var response = await bridge.PostAsync(Encoding.UTF8.GetBytes(body), modernMethod: "line");
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Fact]
    public async Task A_request_that_its_header_alone_calls_modern_would_change_what_the_process_is_for_all_and_is_refused()
    {
        await using var bridge = await StartAsync();
        using var response = await bridge.PostAsync("""{"jsonrpc":"2.0","id":1,"method":"self"}"""u8.ToArray(), modernMethod: "self");
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(-32602, (int)(await TestBridge.JsonOfAsync(response))["error"]!["code"]!);
        Assert.DoesNotContain("ChildStarted", bridge.Log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_cancels_or_answers_for_another()
    {
        await using var bridge = await StartAsync();
        var held = bridge.PostAsync(TestBridge.ModernRequest("a", "hold"));
        await bridge.Log.SaidAsync("holding");
        using var cancel = await bridge.PostAsync(
            """{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}"""u8.ToArray(), modernMethod: "notifications/cancelled");
        Assert.Equal(HttpStatusCode.Accepted, cancel.StatusCode);
        using var release = await bridge.PostAsync(TestBridge.ModernRequest("c", "release"));
        Assert.True((bool)(await TestBridge.JsonOfAsync(await held))["result"]!["held"]!);
        Assert.DoesNotContain("cancelled", bridge.Log.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("notifications/cancelled", """{"requestId":1}""")]
    [InlineData("notifications/cancelled", """{"x":1}""")]
    [InlineData("notifications/progress", """{"progressToken":1,"progress":1}""")]
    [InlineData("notifications/anything", "{}")]
    [InlineData("Notifications/Cancelled", "{}")]
    [InlineData("line", """{"requestId":1}""")]
    [InlineData("line", """{"requestId":true}""")]
    [InlineData("line", """{"requestId":null}""")]
    [InlineData("line", """{"requestId":[1]}""")]
    [InlineData("line", """{"progressToken":1}""")]
    [InlineData("line", """{"progressToken":{}}""")]
    [InlineData("line", """{"_meta":{"io.modelcontextprotocol/subscriptionId":1}}""")]
    [InlineData("line", """{"_meta":{"io.modelcontextprotocol/subscriptionId":false}}""")]
    [InlineData("line", """{"_meta":{"progressToken":true}}""")]
    [InlineData("line", """{"_meta":{"progressToken":[1]}}""")]
    [InlineData("line", """{"_meta":{"progressToken":{}}}""")]
    public async Task A_request_that_could_be_taken_to_speak_of_anothers_reaches_nobody(string method, string parameters)
    {
        await using var bridge = await StartAsync();
        var held = bridge.PostAsync(TestBridge.ModernRequest("a", "hold", progressToken: "t"));
        await bridge.Log.SaidAsync("holding");
        var request = TestBridge.ModernRequest("b", method);
        foreach (var (name, value) in JsonNode.Parse(parameters)!.AsObject())
        {
            if (name == "_meta")
            {
                var (inner, reference) = value!.AsObject().Single();
                request["params"]!["_meta"]![inner] = reference?.DeepClone();
            }
            else
            {
                request["params"]![name] = value?.DeepClone();
            }
        }

        using var answer = await bridge.PostAsync(request);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal((-32600, "b"), ((int)(await TestBridge.JsonOfAsync(answer))["error"]!["code"]!, (string?)(await TestBridge.JsonOfAsync(answer))["id"]));

        // The bridge counts requests, and has not counted this one.
        using var release = await bridge.PostAsync(TestBridge.ModernRequest("c", "release"));
        Assert.True((bool)(await TestBridge.JsonOfAsync(await held))["result"]!["held"]!);
        using var line = await bridge.PostAsync(TestBridge.ModernRequest("i", "line"));
        Assert.Contains("\"id\":3,", Encoding.UTF8.GetString(Convert.FromBase64String((string)(await TestBridge.JsonOfAsync(line))["result"]!["line"]!)), StringComparison.Ordinal);
        Assert.DoesNotContain("cancelled", bridge.Log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_leaves_cancels_its_own_request_and_no_other_sees_what_comes_for_it()
    {
        await using var bridge = await StartAsync();
        using var leaving = new CancellationTokenSource();
        var held = bridge.PostAsync(TestBridge.ModernRequest("a", "hold"), cancellation: leaving.Token);
        await bridge.Log.SaidAsync("holding");
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => held);
        await bridge.Log.SaidAsync("cancelled 1");
        using var release = await bridge.PostAsync(TestBridge.ModernRequest("a", "release"));
        Assert.True((bool)(await TestBridge.JsonOfAsync(release))["result"]!["released"]!);
        Assert.Contains("MessageUnclaimed", bridge.Log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_does_not_read_holds_up_nobody_else()
    {
        await using var bridge = await StartAsync();
        var much = new string('x', 4_000_000);
        using var slow = await bridge.PostAsync(TestBridge.ModernRequest("s", "subscriptions/listen"));
        for (var i = 0; i < 8; i++)
        {
            var message = new JsonObject { ["jsonrpc"] = "2.0", ["method"] = "notifications/x", ["params"] = new JsonObject { ["text"] = much, ["_meta"] = new JsonObject { ["io.modelcontextprotocol/subscriptionId"] = 1 } } };
            using var raw = await bridge.PostAsync(TestBridge.ModernRequest("b", "raw", new JsonObject { ["bytes"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(message.ToJsonString() + "\n")) }));
            Assert.Equal("b", (string?)(await TestBridge.JsonOfAsync(raw))["id"]);
        }
    }

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","id":ID,"result":{"text":"FILL"}}""")]
    [InlineData("""{"result":{"id":1,"text":"FILL\"},\"id\":1,","more":[{"id":1}]},"jsonrpc":"2.0", "id" : ID }""")]
    [InlineData("""{"jsonrpc":"2.0","error":{"code":1,"message":"FILL"},"id":ID}""")]
    public async Task An_answer_beyond_the_bound_fails_its_own_request_alone(string answer)
    {
        await using var bridge = await StartAsync();
        var held = bridge.PostAsync(TestBridge.ModernRequest("a", "hold"));
        await bridge.Log.SaidAsync("holding");
        using var large = await bridge.PostAsync(Overlong("b", answer));
        Assert.Equal(HttpStatusCode.BadGateway, large.StatusCode);
        var failure = await TestBridge.JsonOfAsync(large);
        Assert.Equal((-32603, "b"), ((int)failure["error"]!["code"]!, (string?)failure["id"]));
        using var release = await bridge.PostAsync(TestBridge.ModernRequest("c", "release"));
        Assert.True((bool)(await TestBridge.JsonOfAsync(await held))["result"]!["held"]!);
        Assert.DoesNotContain("ChildEnded", bridge.Log.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","id":1,"id":ID,"result":{"text":"FILL"}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"result":{"text":"FILL"},"\u0069d":ID}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"result":{"text":"FILL"},"method":"x"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":"1","result":{"text":"FILL"}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":77,"result":{"text":"FILL"}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"result":{"text":"FILL"}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"result":{"text":"FILL"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"result":{"text":"FILL}}""")]
    [InlineData("""[{"jsonrpc":"2.0","id":1,"result":{"text":"FILL"}}]""")]
    [InlineData("""{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"message":"FILL"}}""")]
    [InlineData("FILL")]
    public async Task What_is_beyond_the_bound_and_does_not_say_whose_answer_it_is_fails_nobody(string line)
    {
        await using var bridge = await StartAsync();
        var held = bridge.PostAsync(TestBridge.ModernRequest("a", "hold"));
        await bridge.Log.SaidAsync("holding");
        using var leaving = new CancellationTokenSource();
        var large = bridge.PostAsync(Overlong("b", line), cancellation: leaving.Token);
        await bridge.Log.SaidAsync("ChildLineTooLong");
        using var release = await bridge.PostAsync(TestBridge.ModernRequest("c", "release"));
        Assert.True((bool)(await TestBridge.JsonOfAsync(await held))["result"]!["held"]!);
        Assert.False(large.IsCompleted);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => large);
    }

    [Fact]
    public async Task A_process_that_was_just_handed_out_is_not_idle()
    {
        var clock = new EarlyClock(TimeSpan.FromMinutes(15));
        await using var bridge = await TestBridge.StartAsync(settings => settings with { Shared = true }, clock);
        using var response = await bridge.PostAsync(TestBridge.ModernRequest("a", "self"));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task A_process_that_nobody_asks_anything_ends_and_the_next_request_has_a_new_one()
    {
        var clock = new ManualClock();
        await using var bridge = await TestBridge.StartAsync(settings => settings with { Shared = true }, clock);
        using var one = await bridge.PostAsync(TestBridge.ModernRequest("a", "self"));
        _ = await TestBridge.JsonOfAsync(one);
        var ended = bridge.Log.SaidAsync("ChildEnded");
        while (!ended.IsCompleted)
        {
            clock.Advance(TimeSpan.FromMinutes(15));
            await Task.WhenAny(ended, Task.Delay(10));
        }

        using var other = await bridge.PostAsync(TestBridge.ModernRequest("a", "self"));
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
        await bridge.Log.SaidAsync("ChildStarted", 2);
    }

    [Fact]
    public async Task One_that_crashes_fails_all_that_wait_and_the_next_request_has_a_new_one()
    {
        await using var bridge = await StartAsync();
        var held = bridge.PostAsync(TestBridge.ModernRequest("a", "hold"));
        await bridge.Log.SaidAsync("holding");
        using var crash = await bridge.PostAsync(TestBridge.ModernRequest("b", "crash"));
        Assert.Equal(HttpStatusCode.BadGateway, crash.StatusCode);
        using var waiting = await held;
        Assert.Equal("a", (string?)(await TestBridge.JsonOfAsync(waiting))["id"]);
        using var next = await bridge.PostAsync(TestBridge.ModernRequest("c", "self"));
        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
    }

    [Fact]
    public async Task Sessions_still_have_a_process_of_their_own()
    {
        await using var bridge = await StartAsync();
        Assert.NotEqual(await bridge.ProcessOfAsync(await bridge.InitializeAsync()), await bridge.ProcessOfAsync(await bridge.InitializeAsync()));
    }

    private static JsonObject Overlong(string id, string answer) =>
        TestBridge.ModernRequest(id, "answer", new JsonObject { ["fill"] = (16 * 1024 * 1024) + 40_000, ["bytes"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(answer)) });

    private static Task<TestBridge> StartAsync() => TestBridge.StartAsync(settings => settings with { Shared = true }, TimeProvider.System);

    /// <summary>Time in which a timer of one length fires as soon as it is made, on another thread, unless that one is made to wait.</summary>
    private sealed class EarlyClock(TimeSpan early) : TimeProvider
    {
        private readonly ManualClock clock = new();

        public override long TimestampFrequency => clock.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => clock.GetUtcNow();

        public override long GetTimestamp() => clock.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = clock.CreateTimer(callback, state, dueTime, period);
            if (dueTime == early)
            {
                Task.Run(() => clock.Advance(early)).Wait(TimeSpan.FromMilliseconds(500));
            }

            return timer;
        }
    }
}
