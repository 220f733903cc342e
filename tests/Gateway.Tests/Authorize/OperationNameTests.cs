using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Xunit;

namespace Gateway.Tests.Authorize;

/// <summary>Rules with a name meet everything that has one; what two servers could read as two operations is refused.</summary>
public sealed class OperationNameTests
{
    private const string Listen = "subscriptions/listen";

    [Theory]
    [InlineData("tools/call", """{"name":"payroll-1","arguments":{}}""")]
    [InlineData("prompts/get", """{"name":"payroll-1"}""")]
    [InlineData("resources/read", """{"uri":"payroll:1"}""")]
    [InlineData("resources/subscribe", """{"uri":"payroll:1"}""")]
    [InlineData("resources/unsubscribe", """{"uri":"payroll:1"}""")]
    [InlineData("tasks/get", """{"taskId":"payroll-1"}""")]
    [InlineData("tasks/result", """{"taskId":"payroll-1"}""")]
    [InlineData("tasks/cancel", """{"taskId":"payroll-1"}""")]
    [InlineData("tasks/update", """{"taskId":"payroll-1"}""")]
    [InlineData("tasks/whatever", """{"taskId":"payroll-1"}""")]
    [InlineData("completion/complete", """{"ref":{"type":"ref/prompt","name":"payroll-1"},"argument":{"name":"a","value":"b"}}""")]
    [InlineData("completion/complete", """{"ref":{"type":"ref/resource","uri":"payroll:{id}"},"argument":{"name":"id","value":"b"}}""")]
    [InlineData(Listen, """{"notifications":{"resourceSubscriptions":["other:1","payroll:1"]}}""")]
    [InlineData(Listen, """{"notifications":{"taskIds":["other-1","payroll-1"]}}""")]
    [InlineData(Listen, """{"notifications":{"taskIds":["payroll-1"],"resourceSubscriptions":["other:1"]}}""")]
    [InlineData(Listen, """{"notifications":{"resourceSubscriptions":null,"t\u0061skIds":["payroll-1"]}}""")]
    public async Task A_Deny_with_a_name_meets_every_method_that_has_one(string method, string parameters)
    {
        await using var world = await WorldWith(Deny("*", "payroll*"));

        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken(), Message(method, parameters));
        var other = await world.Gateway.CallAsync("/weather", world.WeatherToken(), Message(method, parameters.Replace("payroll", "canteen", StringComparison.Ordinal)));

        Assert.Equal((403, "operation_denied"), (answer.Status, answer.Reason));
        Assert.Equal(200, other.Status);
    }

    [Theory]
    [InlineData("tools/call", "{}")]
    [InlineData("tools/call", """{"arguments":{}}""")]
    [InlineData("prompts/get", "{}")]
    [InlineData("resources/read", "{}")]
    [InlineData("tasks/result", """{"task_id":"payroll-1"}""")]
    [InlineData("completion/complete", "{}")]
    [InlineData("acme/read", """{"name":"payroll-1"}""")]
    public async Task A_Deny_is_not_opened_by_a_name_that_cannot_be_read(string method, string parameters)
    {
        await using var world = await WorldWith(Deny("*", "payroll*"));

        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken(), Message(method, parameters));
        var without = await world.Gateway.CallAsync("/weather", world.WeatherToken(), Messages.Of(method));

        Assert.Equal((403, "operation_denied"), (answer.Status, answer.Reason));
        Assert.Equal((403, "operation_denied"), (without.Status, without.Reason));
        world.AssertNothingWasForwarded();
    }

    [Theory]
    [InlineData("initialize")]
    [InlineData("ping")]
    [InlineData("server/discover")]
    [InlineData("tools/list")]
    [InlineData("prompts/list")]
    [InlineData("resources/list")]
    [InlineData("resources/templates/list")]
    [InlineData("logging/setLevel")]
    [InlineData("tasks/list")]
    [InlineData(Listen)]
    public async Task A_method_that_names_nothing_is_not_met_by_a_rule_with_a_name(string method)
    {
        await using var world = await WorldWith(Deny("*", "payroll*"));

        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", world.WeatherToken(), Messages.Of(method))).Status);
    }

    [Theory]
    [InlineData("file:///public/../secret/plan")]
    [InlineData("FILE:///secret/plan")]
    [InlineData("file:///%73ecret/plan")]
    [InlineData("file:///SECRET/plan")]
    [InlineData("file:/secret/plan")]
    [InlineData("file://localhost/secret/plan")]
    public async Task Another_spelling_of_a_denied_resource_is_refused_in_every_method_that_takes_a_URI(string uri)
    {
        await using var world = await WorldWith(Deny("resources/read", "file:///secret/*"), Deny("resources/subscribe", "file:///secret/*"));
        foreach (var (method, parameters) in ((string, string)[])[
            ("resources/read", $$"""{"uri":"{{uri}}"}"""),
            ("resources/subscribe", $$"""{"uri":"{{uri}}"}"""),
            (Listen, $$$"""{"notifications":{"resourceSubscriptions":["file:///public/plan","{{{uri}}}"]} }"""),
        ])
        {
            var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken(), Message(method, parameters));

            Assert.Equal((400, "body_invalid", -32600), (answer.Status, answer.Reason, answer.Json!["error"]!["code"]!.GetValue<int>()));
        }

        world.AssertNothingWasForwarded();
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", world.WeatherToken(), Message("resources/read", """{"uri":"file:///public/plan"}"""))).Status);
    }

    [Fact]
    public async Task Without_a_rule_about_URIs_or_as_is_every_spelling_passes()
    {
        await using var world = await WorldWith(Deny("tools/call", "delete_*"));
        await using var lax = await World.StartAsync(options =>
        {
            options["Servers"]!["weather"]!["Operations"] = new JsonArray(Deny("resources/read", "file:///secret/*"));
            options["Servers"]!["weather"]!["ResourceUris"] = "as-is";
        });
        var read = Message("resources/read", """{"uri":"file:///public/../secret/plan"}""");

        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", world.WeatherToken(), read)).Status);
        Assert.Equal(200, (await lax.Gateway.CallAsync("/weather", lax.WeatherToken(), read)).Status);
    }

    [Fact]
    public async Task A_subscription_needs_the_scopes_of_each_of_its_resources()
    {
        await using var world = await WorldWith(new JsonObject { ["Method"] = "resources/subscribe", ["Name"] = "test://b*", ["Scopes"] = new JsonArray("b:watch") });

        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken(), Message(Listen, """{"notifications":{"resourceSubscriptions":["test://a","test://b"]}}"""));

        Assert.Equal((403, "insufficient_scope"), (answer.Status, answer.Reason));
        Assert.Contains("b:watch", answer.Challenge, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","id":1,"result":{},"method\u0000x":"tools/call","params":{"name":"delete_all"}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call\u0000","params":{"name":"delete_all"}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"delete_all\u0000x"}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name\u0000x":"delete_all"}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","\u0000":1}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","_meta":{"x\u0000y":1}}}""")]
    [InlineData("""{"jsonrpc":"2.0\u0000","id":1,"method":"tools/call","params":{"name":"a"}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"file:///secret\u0000/x"}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"ping","params":{"uri":"file:///secret\u0000/x"}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tasks/get","params":{"taskId":"1\u00002"}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/prompt","name":"a\u0000b"}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/prompt","name":"a","uri\u0000":"b"}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"resourceSubscriptions":["a:b\u0000c"]}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tasks/get","params":{"taskid":"1"}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tasks/get","params":{"TASKID":"1"}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tasks/get","params":{"taskId":"1","TaskId":"2"}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"Ref":{"type":"ref/prompt","name":"a"}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/prompt","Name":"a"}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/prompt","name":"a","Type":"ref/resource"}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/prompt","name":"a","uri":"b:c"}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/prompt","uri":"b:c"}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/resource","name":"b"}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/other","name":"b"}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"name":"b"}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/prompt","name":1}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":"a"}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/prompt","name":"a","name":"b"}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"Notifications":{"resourceSubscriptions":["a:b"]}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"resourcesubscriptions":["a:b"]}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"resourceSubscriptions":["a:b"],"resourceSubscriptions":[]}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"resourceSubscriptions":"a:b"}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"resourceSubscriptions":[1]}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"taskids":["1"]}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"taskIds":["1"],"taskIds":[]}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"taskIds":"1"}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"taskIds":[1]}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":[]}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"},"Result":{}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"__proto__":{"name":"a"}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","\u005f_proto__":{"arguments":{"x":1}}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","__proto__":{"params":{"name":"a"}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","_meta":{"__proto__":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/prompt","name":"a","__proto__":{"uri":"a:b"}}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"__proto__":{"notifications":{"resourceSubscriptions":["a:b"]}}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"__proto__":{"resourceSubscriptions":["a:b"]}}}}""")]
    public async Task What_two_readers_could_read_differently_is_refused(string body)
    {
        await using var world = await World.StartAsync();

        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken(), body);

        Assert.Equal((400, "body_invalid", -32600), (answer.Status, answer.Reason, answer.Json!["error"]!["code"]!.GetValue<int>()));
        world.AssertNothingWasForwarded();
    }

    [Theory]
    [InlineData("tools/call", "{}")]
    [InlineData("tools/call", """{"arguments":{}}""")]
    [InlineData("prompts/get", "{}")]
    [InlineData("resources/read", "{}")]
    [InlineData("tasks/result", "{}")]
    [InlineData("completion/complete", "{}")]
    public async Task A_name_that_a_rule_asks_for_must_be_there(string method, string parameters)
    {
        foreach (var (member, value) in ((string, JsonNode)[])[("Scopes", new JsonArray("admin")), ("Approval", true)])
        {
            await using var world = await WorldWith(new JsonObject { ["Method"] = method, ["Name"] = "payroll*", [member] = value });

            var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken(), Message(method, parameters));
            var without = await world.Gateway.CallAsync("/weather", world.WeatherToken(), Messages.Of(method));

            Assert.Equal((400, "body_invalid"), (answer.Status, answer.Reason));
            Assert.Equal((400, "body_invalid"), (without.Status, without.Reason));
            world.AssertNothingWasForwarded();
        }
    }

    [Theory]
    [InlineData("params", 1024, 200)]
    [InlineData("params", 1025, 400)]
    [InlineData("root", 1025, 400)]
    [InlineData("arguments", 5000, 200)]
    public async Task So_many_members_of_an_object_as_are_compared_pass(string where, int count, int status)
    {
        await using var world = await World.StartAsync();
        var many = string.Join(',', Enumerable.Range(0, count - (where == "params" ? 1 : where == "root" ? 4 : 0)).Select(i => $"\"é{i}\":0"));
        var body = where switch
        {
            "params" => $$$"""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a",{{{many}}} } }""",
            "root" => $$$"""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"},{{{many}}} }""",
            _ => $$$"""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{ {{{many}}} } } }""",
        };

        Assert.Equal(status, (await world.Gateway.CallAsync("/weather", world.WeatherToken(), body)).Status);
    }

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"x\u0000":"y\u0000","taskid":1,"Ref":2}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","Notifications":1}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/prompt","name":"a","title":"A"},"argument":{"name":"x","value":"y\u0000"}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/resource","uri":"file:///{path}"}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true,"resourceSubscriptions":[]}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tasks/list","params":{}}""")]
    public async Task What_all_read_alike_passes(string body)
    {
        await using var world = await WorldWith(Deny("resources/*", "file:///secret/*"), Deny("completion/complete", "file:///secret/*"));

        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", world.WeatherToken(), body)).Status);
    }

    private static Task<World> WorldWith(params JsonNode[] rules) =>
        World.StartAsync(options => options["Servers"]!["weather"]!["Operations"] = new JsonArray([.. rules.Select(rule => rule.DeepClone())]));

    private static JsonObject Deny(string method, string name) => new() { ["Method"] = method, ["Name"] = name, ["Deny"] = true };

    private static string Message(string method, string parameters) => $$"""{"jsonrpc":"2.0","id":1,"method":"{{method}}","params":{{parameters}}}""";
}
