using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Harness;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Gateway.Tests.Policy;

/// <summary>Policy:FilterLists: a caller sees what the decision point would let it ask for, and nothing in a list that nobody could judge.</summary>
public sealed class PolicyListTests
{
    private const string Echo = """{ "name":"echo", "description":"caf\u00e9" }""";
    private const string Wipe = """{"description":"x","name":"wipe"}""";

    private static Task<PolicyWorld> StartAsync(Action<JsonObject>? change = null) => PolicyWorld.StartAsync(policy => policy["FilterLists"] = true, change);

    private static RequestDelegate Says(string body, string type = "application/json") => context =>
    {
        context.Response.ContentType = type;
        return context.Response.WriteAsync(body);
    };

    /// <summary>Allows single questions, and of lists the entries whose id does not begin with <c>wipe</c>.</summary>
    private static StubAnswer Judge(RecordedRequest request)
    {
        var asked = JsonNode.Parse(request.Body)!;
        return asked["evaluations"] is not { } entries ? StubAnswer.Json(200, PolicyWorld.Allow)
            : StubAnswer.Json(200, new JsonObject
            {
                ["evaluations"] = new JsonArray([.. entries.AsArray().Select(entry => new JsonObject { ["decision"] = !((string)entry!["resource"]!["id"]!).Contains("wipe", StringComparison.Ordinal) })]),
            }.ToJsonString());
    }

    private static string Message(string list, string entries, string more = "") => "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"" + list + "\":[" + entries + "]" + more + "}}";

    [Theory]
    [InlineData(Echo + "," + Wipe, Echo)]
    [InlineData(Wipe + " , " + Wipe + ", " + Echo + "," + Wipe, Echo)]
    [InlineData(Wipe, "")]
    [InlineData("", "")]
    [InlineData("""{"name":"echo","name":"echo"},1,"echo",{"title":"echo"},{"name":7},{"name":""},""" + Echo, Echo)]
    public async Task A_list_loses_what_the_decision_point_denies_and_is_marked_as_the_callers_own(string sent, string seen)
    {
        await using var world = await StartAsync();
        world.Point.WireAnswer = Judge;
        world.World.Weather.Answer = Says(Message("tools", sent, ""","nextCursor":"a" """));

        var answer = await world.CallAsync(Messages.Of("tools/list"));

        Assert.Equal($$$"""{"jsonrpc":"2.0","id":1,"result":{"cacheScope":"private","tools":[{{{seen}}}],"nextCursor":"a" }}""", answer.Body);
    }

    [Theory]
    [InlineData("tools/list", "tools", "name", "tools/call", "tool")]
    [InlineData("prompts/list", "prompts", "name", "prompts/get", "prompt")]
    [InlineData("resources/list", "resources", "uri", "resources/read", "resource")]
    [InlineData("resources/templates/list", "resourceTemplates", "uriTemplate", "resources/read", "resource")]
    public async Task Each_list_is_asked_about_once_by_what_its_entries_would_be_asked_for(string method, string list, string named, string action, string type)
    {
        await using var world = await StartAsync();
        world.Point.WireAnswer = Judge;
        world.World.Weather.Answer = Says(Message(list, $$"""{"{{named}}":"a"},{"{{named}}":"wipe"},{"{{named}}":"b"}""", ""","ttlMs":1,"cacheScope": "public" """));

        var answer = await world.CallAsync(Messages.Of(method));

        Assert.Equal(Message(list, $$"""{"{{named}}":"a"},{"{{named}}":"b"}""", ""","ttlMs":1,"cacheScope": "private" """), answer.Body);
        Assert.Equal(["/access/v1/evaluation", "/access/v1/evaluations"], world.Point.Posts.Select(post => post.Target));
        var asked = world.Questions[1];
        Assert.Equal(("alice", action), ((string?)asked["subject"]!["id"], (string?)asked["action"]!["name"]));
        Assert.Equal(["a", "wipe", "b"], asked["evaluations"]!.AsArray().Select(entry => (string?)entry!["resource"]!["id"]));
        Assert.All(asked["evaluations"]!.AsArray(), entry => Assert.Equal((type, "weather"), ((string?)entry!["resource"]!["type"], (string?)entry["resource"]!["properties"]!["server"])));
    }

    [Theory]
    [InlineData("""{"evaluations":[{"decision":true}]}""")]
    [InlineData("""{"evaluations":[{"decision":true},{"decision":true},{"decision":true}]}""")]
    [InlineData("""{"evaluations":[{"decision":true},{"decision":"true"}]}""")]
    [InlineData("""{"evaluations":[{"decision":true},{}]}""")]
    [InlineData("""{"evaluations":[{"decision":true},null]}""")]
    [InlineData("""{"evaluations":{"0":{"decision":true},"1":{"decision":true}}}""")]
    [InlineData("""{"evaluations":[]}""")]
    [InlineData("""{"decision":true}""")]
    [InlineData("""{"evaluations":[{"decision":true},{"decision":true}],"evaluations":[]}""")]
    public async Task A_list_without_a_decision_for_each_entry_is_an_error_in_its_place(string decisions)
    {
        await using var world = await StartAsync();
        world.Point.WireAnswer = request => StubAnswer.Json(200, request.Target.EndsWith("evaluations", StringComparison.Ordinal) ? decisions : PolicyWorld.Allow);
        world.World.Weather.Answer = Says(Message("tools", $"{Echo},{Wipe}"));

        var answer = await world.CallAsync(Messages.Of("tools/list"));
        Assert.Equal((503, "policy_unavailable", -32603), (answer.Status, answer.Reason, (int)answer.Json!["error"]!["code"]!));
        Assert.DoesNotContain("wipe", answer.Body, StringComparison.Ordinal);

        world.World.Weather.Answer = Says($"event: message\nid: 4\ndata: {Message("tools", $"{Echo},{Wipe}")}\n\n: still here\n\n", "text/event-stream");
        var stream = await world.CallAsync(Messages.Of("tools/list"));
        Assert.Equal(200, stream.Status);
        Assert.DoesNotContain("wipe", stream.Body, StringComparison.Ordinal);
        Assert.Matches("""^event: message\nid: 4\ndata: \{"jsonrpc":"2.0","id":1,"error":\{"code":-32603,.*"reason":"policy_unavailable","request_id":"[^"]+"\}\}\}\n\n: still here\n\n$""", stream.Body);
    }

    [Fact]
    public async Task The_order_of_the_answers_is_the_order_of_the_entries()
    {
        await using var world = await StartAsync();
        world.Point.WireAnswer = request => StubAnswer.Json(200, request.Target.EndsWith("evaluations", StringComparison.Ordinal) ? """{"evaluations":[{"decision":false},{"decision":true}]}""" : PolicyWorld.Allow);
        world.World.Weather.Answer = Says(Message("tools", $"{Echo},{Wipe}"));

        Assert.Equal(Message("tools", Wipe).Replace("\"tools\"", "\"cacheScope\":\"private\",\"tools\"", StringComparison.Ordinal), (await world.CallAsync(Messages.Of("tools/list"))).Body);
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    [InlineData("\r")]
    public async Task Lists_on_a_stream_are_judged_as_they_come_and_other_events_are_not_touched(string end)
    {
        await using var world = await StartAsync();
        world.Point.WireAnswer = Judge;
        string Stream(string list) => string.Join(end, ": hello", "event: message", "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{\"tools\":[1]}}", "", $"data: {list}", "id: 9", "", "retry: 5", "", "data: {}", "", "");
        world.World.Weather.Answer = Says(Stream(Message("tools", $"{Wipe},{Echo}")), "text/event-stream");

        var answer = await world.CallAsync(Messages.Of("tools/list"));

        Assert.Equal(Stream(Message("tools", Echo).Replace("\"tools\"", "\"cacheScope\":\"private\",\"tools\"", StringComparison.Ordinal)), answer.Body);
    }

    [Fact]
    public async Task A_list_that_a_stream_resumes_is_judged_too_also_where_it_ends_in_the_midst_of_an_event()
    {
        await using var world = await StartAsync();
        world.Point.WireAnswer = Judge;
        world.World.Weather.Answer = Says($"data: {Message("prompts", """{"name":"wipe_prompt"}""")}\n\ndata: {Message("tools", $"{Echo},{Wipe}")}", "text/event-stream");

        var answer = await world.Gateway.SendAsync(HttpMethod.Get, "/weather", world.TokenOf("alice"), change: request => request.Headers.Add("Last-Event-ID", "stream-1"));

        Assert.Equal(200, answer.Status);
        Assert.DoesNotContain("wipe", answer.Body, StringComparison.Ordinal);
        Assert.Contains("echo", answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_both_filters_each_must_let_an_entry_pass()
    {
        await using var world = await StartAsync(options =>
        {
            options["Servers"]!["weather"]!["FilterLists"] = true;
            options["Servers"]!["weather"]!["Operations"] = new JsonArray(new JsonObject { ["Method"] = "tools/call", ["Name"] = "ec*", ["Deny"] = true });
        });
        world.Point.WireAnswer = Judge;
        world.World.Weather.Answer = Says(Message("tools", $$"""{{Echo}},{{Wipe}},{"name":"sum"}"""));

        var answer = await world.CallAsync(Messages.Of("tools/list"));

        Assert.Equal("""{"jsonrpc":"2.0","id":1,"result":{"cacheScope":"private","tools":[{"name":"sum"}]}}""", answer.Body);
        Assert.DoesNotContain("echo", world.Point.Posts[^1].Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_the_setting_a_list_passes_as_it_is_and_an_error_always_does()
    {
        await using var off = await PolicyWorld.StartAsync();
        off.World.Weather.Answer = Says(Message("tools", Wipe));
        Assert.Equal(Message("tools", Wipe), (await off.CallAsync(Messages.Of("tools/list"))).Body);
        Assert.Single(off.Point.Posts);

        await using var on = await StartAsync();
        const string error = """{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no tools"}}""";
        on.World.Weather.Answer = Says(error);
        Assert.Equal(error, (await on.CallAsync(Messages.Of("tools/list"))).Body);
        Assert.Single(on.Point.Posts);
    }

    [Theory]
    [InlineData("""{"result":{"tools":[{"name":"wipe"},]}}""", "application/json")]
    [InlineData("""{"result":{"tools":[{"name":"wipe"}]}}""", "text/plain")]
    public async Task A_list_that_cannot_be_read_does_not_pass(string body, string type)
    {
        await using var world = await StartAsync();
        world.Point.WireAnswer = Judge;
        world.World.Weather.Answer = Says(body, type);

        Assert.Equal(502, (await world.CallAsync(Messages.Of("tools/list"))).Status);
    }
}
