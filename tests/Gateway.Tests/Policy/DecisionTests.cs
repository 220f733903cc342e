using System.Globalization;
using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Gateway.Tests.Revocation;
using Gateway.Tests.Wire;
using Harness;
using Xunit;

namespace Gateway.Tests.Policy;

/// <summary>Only a decision that is true lets an operation pass, whatever a decision point does on its socket.</summary>
public sealed class DecisionTests
{
    [Fact]
    public async Task A_decision_that_is_true_lets_pass_and_is_asked_for_every_time()
    {
        await using var world = await PolicyWorld.StartAsync();

        var token = world.TokenOf("alice");
        for (var i = 1; i <= 3; i++)
        {
            Assert.Equal(200, (await world.Gateway.CallAsync("/weather", token)).Status);
            Assert.Equal(i, world.Point.Posts.Count);
        }

        Assert.Single(world.World.As.Exchanges);
    }

    /// <summary>Between the decision and the MCP server stands the last gate alone, where nothing has to be exchanged.</summary>
    [Theory]
    [InlineData("none")]
    [InlineData("same-token")]
    public async Task A_logout_while_the_decision_point_is_asked_counts(string mode)
    {
        await using var world = await PolicyWorld.StartAsync(change: options =>
        {
            options["AuthorizationServers"]!["corp"]!["BackchannelLogout"] = true;
            options["Servers"]!["weather"]!["Outbound"] = new JsonObject { ["Mode"] = mode };
        });
        world.Point.WireAnswer = _ => StubAnswer.After(LogOut.Async(world.World), StubAnswer.Json(200, PolicyWorld.Allow));

        var answer = await world.CallAsync();

        Assert.Equal((401, "revoked"), (answer.Status, answer.Reason));
        Assert.Equal("mcp.request.refused", (string?)world.Gateway.Audit[^1]["event"]);
        world.World.AssertNothingWasForwarded();
    }

    [Fact]
    public async Task A_decision_that_is_false_is_a_403_as_a_JSON_RPC_error_and_nothing_is_exchanged_or_sent()
    {
        await using var world = await PolicyWorld.StartAsync();
        world.Answers("""{"decision":false,"context":{"id":"d-17","reason_admin":{"403":"refunds over 500 need the manager's role"}}}""");

        var answer = await world.CallAsync("""{"jsonrpc":"2.0","id":"r1","method":"tools/call","params":{"name":"refund"}}""");

        Assert.Equal((403, "policy_denied"), (answer.Status, answer.Reason));
        Assert.Equal((-32001, "r1"), ((int)answer.Json!["error"]!["code"]!, (string?)answer.Json["id"]));
        Assert.Equal(["reason", "request_id"], answer.Json["error"]!["data"]!.AsObject().Select(member => member.Key));
        Assert.Null(answer.Challenge);
        Assert.DoesNotContain("manager", answer.Body, StringComparison.Ordinal);
        world.World.AssertNothingWasSent();
        var line = world.Gateway.Audit[^1];
        Assert.Equal("""{"decision":"denied","id":"d-17","reason":"refunds over 500 need the manager\u0027s role"}""", line["policy"]!.ToJsonString());
        Assert.Equal(("mcp.request.refused", "authorization"), ((string?)line["event"], (string?)line["category"]));
    }

    [Theory]
    [InlineData("""{"decision":"true"}""")]
    [InlineData("""{"decision":1}""")]
    [InlineData("""{"decision":null}""")]
    [InlineData("""{"decision":{"decision":true}}""")]
    [InlineData("""{"decision":[true]}""")]
    [InlineData("""{"Decision":true}""")]
    [InlineData("""{"context":{"decision":true}}""")]
    [InlineData("""[{"decision":true}]""")]
    [InlineData("true")]
    [InlineData("{}")]
    [InlineData("")]
    [InlineData("""{"decision":false,"decision":true}""")]
    [InlineData("""{"decision":true,"decisio\u006e":true}""")]
    [InlineData("""{"decision":true,"context":{"id":1,"id":2}}""")]
    [InlineData("""{"decision":true}{"decision":true}""")]
    [InlineData("""{"decision":true""")]
    [InlineData("""{"decision":true,}""")]
    [InlineData("""/**/{"decision":true}""")]
    [InlineData("\uFEFF{\"decision\":true}")]
    public async Task An_answer_that_is_no_decision_is_a_503_as_a_JSON_RPC_error(string body)
    {
        await using var world = await PolicyWorld.StartAsync();
        world.Answers(body);

        await AssertUnavailableAsync(world);
    }

    public static TheoryData<string> Misbehaviours() => ["status 201", "status 204", "status 400", "status 401", "status 404", "status 429", "status 500", "status 503", "redirect", "page", "no type", "two types", "packed", "huge", "huge and chunked", "reset", "closed", "cut off", "garbage"];

    [Theory]
    [MemberData(nameof(Misbehaviours))]
    public async Task A_decision_point_that_misbehaves_lets_nothing_pass(string how)
    {
        await using var world = await PolicyWorld.StartAsync();
        var elsewhere = new TestPeer { WireAnswer = _ => StubAnswer.Json(200, PolicyWorld.Allow) };
        await using var _ = elsewhere;
        var padding = new string('a', 64 * 1024);
        world.Point.WireAnswer = _ => how switch
        {
            "redirect" => StubAnswer.Raw(307, $"Location: {elsewhere.Origin}/access/v1/evaluation\r\nContent-Type: application/json\r\n", PolicyWorld.Allow),
            "page" => StubAnswer.Raw(200, "Content-Type: text/html\r\n", PolicyWorld.Allow),
            "no type" => StubAnswer.Raw(200, "", PolicyWorld.Allow),
            "two types" => StubAnswer.Raw(200, "Content-Type: application/json\r\nContent-Type: text/html\r\n", PolicyWorld.Allow),
            "packed" => StubAnswer.Json(200, PolicyWorld.Allow, "Content-Encoding: gzip\r\n"),
            "huge" => StubAnswer.Json(200, $$$"""{"decision":true,"context":{"a":"{{{padding}}}"}}"""),
            "huge and chunked" => StubAnswer.Bytes($"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n11\r\n{{\"decision\":true \r\n{padding.Length:x}\r\n{padding.Replace('a', ' ')}\r\n1\r\n}}\r\n0\r\n\r\n"),
            "reset" => StubAnswer.Reset,
            "closed" => StubAnswer.Close,
            "cut off" => StubAnswer.Bytes("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"decision\":true}"),
            "garbage" => StubAnswer.Bytes("\u0001\u0002 nonsense \u0003\r\n\r\n"),
            _ => StubAnswer.Json(int.Parse(how["status ".Length..], CultureInfo.InvariantCulture), PolicyWorld.Allow),
        };

        await AssertUnavailableAsync(world);
        Assert.Single(world.Point.Posts);
        Assert.Empty(elsewhere.Posts);
        var detail = (string?)world.Gateway.Audit[^1]["detail"];
        Assert.Equal(how.StartsWith("status", StringComparison.Ordinal) ? how : how switch { "redirect" => "status 307", "reset" => detail, "closed" or "cut off" => "ended", _ => "malformed" }, detail);
        Assert.Equal("unavailable", (string?)world.Gateway.Audit[^1]["policy"]!["decision"]);
    }

    [Fact]
    public async Task An_outage_is_a_503_once_the_timeout_has_passed_and_a_server_without_a_policy_does_not_notice()
    {
        var clock = new ManualClock();
        await using var world = await PolicyWorld.StartAsync(policy => policy["Timeout"] = "00:00:03", clock: clock);
        foreach (var answer in new[] { StubAnswer.Hang, StubAnswer.Drip(clock, """{"decision":true        }""") })
        {
            world.Point.WireAnswer = _ => answer;
            var call = world.CallAsync();
            await world.Point.ArrivalAsync();
            clock.Advance(TimeSpan.FromSeconds(3) - TimeSpan.FromMilliseconds(1));
            Assert.Equal(200, (await world.NoteAsync()).Status);
            Assert.False(call.IsCompleted);

            clock.Advance(TimeSpan.FromMilliseconds(1));

            var refused = await call;
            Assert.Equal((503, "policy_unavailable"), (refused.Status, refused.Reason));
            Assert.Equal("timeout", (string?)world.Gateway.Audit[^1]["detail"]);
        }

        Assert.Empty(world.World.Weather.Requests);
        Assert.Equal(2, world.World.Notes.Requests.Count);
    }

    [Fact]
    public async Task After_the_outages_of_three_subjects_nobody_is_asked_for_five_seconds()
    {
        var clock = new ManualClock();
        await using var world = await PolicyWorld.StartAsync(clock: clock);
        world.Point.StopListening();
        foreach (var subject in new[] { "alice", "bob", "carol" })
        {
            Assert.Equal(503, (await world.CallAsync(subject: subject)).Status);
            Assert.Equal("connect", (string?)world.Gateway.Audit[^1]["detail"]);
        }

        world.Point.ListenAgain();
        var refused = await world.CallAsync(subject: "dave");
        Assert.Equal((503, "policy_unavailable", "breaker"), (refused.Status, refused.Reason, (string?)world.Gateway.Audit[^1]["detail"]));
        Assert.InRange(int.Parse(refused.Headers["Retry-After"], CultureInfo.InvariantCulture), 1, 30);
        Assert.Empty(world.Point.Posts);
        Assert.Equal(200, (await world.NoteAsync()).Status);

        clock.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(200, (await world.CallAsync(subject: "dave")).Status);
    }

    [Fact]
    public async Task One_subject_over_whom_the_decision_point_fails_keeps_nobody_else_waiting()
    {
        await using var world = await PolicyWorld.StartAsync();
        world.Point.WireAnswer = request => request.Body.Contains("mallory", StringComparison.Ordinal) ? StubAnswer.Json(500, "{}") : StubAnswer.Json(200, PolicyWorld.Allow);
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal(503, (await world.CallAsync(subject: "mallory")).Status);
        }

        Assert.Equal(200, (await world.CallAsync()).Status);
    }

    [Fact]
    public async Task One_subject_whose_questions_are_answered_late_keeps_nobody_else_waiting()
    {
        var clock = new ManualClock();
        await using var world = await PolicyWorld.StartAsync(clock: clock);
        world.Point.WireAnswer = request => request.Body.Contains("mallory", StringComparison.Ordinal) ? StubAnswer.Hang : StubAnswer.Json(200, PolicyWorld.Allow);
        var hanging = Enumerable.Range(0, 100).Select(_ => Task.Run(() => world.CallAsync(subject: "mallory"))).ToArray();
        await world.Point.ArrivalAsync(skip: 31);

        var others = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => world.CallAsync(subject: $"user-{i}"))).WaitAsync(SocketClient.Patience, TestContext.Current.CancellationToken);
        Assert.All(others, answer => Assert.Equal(200, answer.Status));

        await EndAsync(clock, hanging);
        Assert.All(hanging, call => Assert.Equal((503, "policy_unavailable"), (call.Result.Status, call.Result.Reason)));
        Assert.Contains(world.Gateway.Audit, line => (string?)line["detail"] == "busy");
        Assert.Equal(200, (await world.CallAsync(subject: "late")).Status);
    }

    [Fact]
    public async Task Connections_to_a_decision_point_are_bounded_and_a_denial_is_never_kept()
    {
        var clock = new ManualClock();
        await using var world = await PolicyWorld.StartAsync(clock: clock);
        world.Point.WireAnswer = _ => StubAnswer.Hang;
        var calls = Enumerable.Range(0, 100).Select(i => Task.Run(() => world.CallAsync(subject: $"user-{i}"))).ToArray();
        await world.Point.ArrivalAsync(skip: 63);
        Assert.Equal(64, world.Point.MostConnections);
        await EndAsync(clock, calls);

        Assert.All(calls, call => Assert.Equal(503, call.Result.Status));
        world.World.AssertNothingWasSent();

        clock.Advance(TimeSpan.FromMinutes(1));
        world.Answers(PolicyWorld.Deny);
        Assert.Equal(403, (await world.CallAsync()).Status);
        world.Answers(PolicyWorld.Allow);
        Assert.Equal(200, (await world.CallAsync()).Status);
    }

    [Fact]
    public async Task What_a_decision_point_says_is_cut_and_cleaned_before_it_is_audited()
    {
        await using var world = await PolicyWorld.StartAsync();
        var token = world.TokenOf("alice");
        world.Answers(new JsonObject { ["decision"] = false, ["context"] = new JsonObject { ["id"] = token, ["reason"] = "\u001b[2J\n" + new string('x', 10_000) } }.ToJsonString());

        await world.Gateway.CallAsync("/weather", token);

        var policy = world.Gateway.Audit[^1]["policy"]!;
        Assert.DoesNotContain(token.Split('.')[1], world.Gateway.Log, StringComparison.Ordinal);
        Assert.Equal(512, ((string)policy["reason"]!).Length);
        Assert.DoesNotContain("\u001b", world.Gateway.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_denial_comes_after_the_gateways_own_rules_and_before_the_exchange()
    {
        await using var world = await PolicyWorld.StartAsync(change: options => options["Servers"]!["weather"]!["Operations"] = new JsonArray(
            new JsonObject { ["Method"] = "tools/call", ["Name"] = "wipe", ["Deny"] = true },
            new JsonObject { ["Method"] = "tools/call", ["Name"] = "write", ["Scopes"] = new JsonArray("nobody:has") },
            new JsonObject { ["Method"] = "tools/call", ["Name"] = "pay", ["Approval"] = true }));
        world.Answers(PolicyWorld.Deny);

        Assert.Equal("operation_denied", (await world.CallAsync(Messages.Call("wipe"))).Reason);
        Assert.Equal("insufficient_scope", (await world.CallAsync(Messages.Call("write"))).Reason);
        Assert.Equal("approval_required", (await world.CallAsync(Messages.Call("pay"))).Reason);
        var session = await world.Gateway.CallAsync("/weather", world.TokenOf("alice"), change: request => request.Headers.Add("Mcp-Session-Id", "not-mine"));
        Assert.Equal("session_not_yours", session.Reason);
        Assert.Empty(world.Point.Posts);

        Assert.Equal("policy_denied", (await world.CallAsync()).Reason);
        Assert.Empty(world.World.As.Exchanges);
    }

    private static async Task AssertUnavailableAsync(PolicyWorld world)
    {
        var answer = await world.CallAsync("""{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo"}}""");

        Assert.Equal((503, "policy_unavailable"), (answer.Status, answer.Reason));
        Assert.Equal((-32603, 7), ((int)answer.Json!["error"]!["code"]!, (int)answer.Json["id"]!));
        Assert.InRange(int.Parse(answer.Headers["Retry-After"], CultureInfo.InvariantCulture), 1, 30);
        world.World.AssertNothingWasSent();
    }

    /// <summary>Lets time pass until all are answered.</summary>
    private static async Task EndAsync(ManualClock clock, IReadOnlyCollection<Task> calls)
    {
        while (!calls.All(call => call.IsCompleted))
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }
    }
}
