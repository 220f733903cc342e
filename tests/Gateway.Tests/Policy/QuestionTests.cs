using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Harness;
using Xunit;

namespace Gateway.Tests.Policy;

/// <summary>What a decision point is asked: AuthZEN 1.0, by the default mappings for MCP.</summary>
public sealed class QuestionTests
{
    private static string Message(string method, string parameters = "{}") => $$"""{"jsonrpc":"2.0","id":1,"method":"{{method}}","params":{{parameters}}}""";

    [Theory]
    [InlineData("initialize", """{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{}}""", "mcp_server", World.WeatherResource, """{"agent":"agent-1","protocol_version":"2025-11-25"}""")]
    [InlineData("initialize", """{"protocolVersion":20251125}""", "mcp_server", World.WeatherResource)]
    [InlineData("server/discover", "{}", "mcp_server", World.WeatherResource)]
    [InlineData("tools/list", "{}", "mcp_server", World.WeatherResource)]
    [InlineData("prompts/list", "{}", "mcp_server", World.WeatherResource)]
    [InlineData("resources/list", "{}", "mcp_server", World.WeatherResource)]
    [InlineData("resources/templates/list", "{}", "mcp_server", World.WeatherResource)]
    [InlineData("tasks/list", "{}", "mcp_server", World.WeatherResource)]
    [InlineData("subscriptions/listen", "{}", "mcp_server", World.WeatherResource)]
    [InlineData("logging/setLevel", """{"level":"debug"}""", "mcp_server", World.WeatherResource, """{"agent":"agent-1","level":"debug"}""")]
    [InlineData("tools/call", """{"name":"refund","arguments":{"amount":1}}""", "tool", "refund")]
    [InlineData("prompts/get", """{"name":"greet"}""", "prompt", "greet")]
    [InlineData("resources/read", """{"uri":"file:///a/b"}""", "resource", "file:///a/b")]
    [InlineData("resources/subscribe", """{"uri":"file:///a/b"}""", "resource", "file:///a/b")]
    [InlineData("resources/unsubscribe", """{"uri":"file:///a/b"}""", "resource", "file:///a/b")]
    [InlineData("completion/complete", """{"ref":{"type":"ref/prompt","name":"greet"}}""", "prompt", "greet")]
    [InlineData("completion/complete", """{"ref":{"type":"ref/resource","uri":"file:///{path}"}}""", "resource", "file:///{path}")]
    [InlineData("tasks/get", """{"taskId":"t-1"}""", "task", "t-1")]
    [InlineData("tasks/result", """{"taskId":"t-1"}""", "task", "t-1")]
    [InlineData("tasks/cancel", """{"taskId":"t-1"}""", "task", "t-1")]
    [InlineData("tasks/update", """{"taskId":"t-1"}""", "task", "t-1")]
    public async Task Every_method_has_its_question(string method, string parameters, string type, string id, string context = """{"agent":"agent-1"}""")
    {
        await using var world = await PolicyWorld.StartAsync();

        var answer = await world.CallAsync(Message(method, parameters), change: (_, payload) => (payload["client_id"], payload["scope"]) = ("agent-1", "b a"));

        Assert.Equal(200, answer.Status);
        var asked = Assert.Single(world.Questions);
        Assert.Equal(["subject", "action", "resource", "context"], asked.AsObject().Select(member => member.Key));
        Assert.Equal($$$$"""{"type":"identity","id":"alice","properties":{"iss":"{{{{world.World.As.Issuer}}}}","scopes":["a","b"],"actors":[],"claims":{}}}""", asked["subject"]!.ToJsonString());
        Assert.Equal($$"""{"name":"{{method}}"}""", asked["action"]!.ToJsonString());
        Assert.Equal((type, id), ((string?)asked["resource"]!["type"], (string?)asked["resource"]!["id"]));
        Assert.Equal("""{"server":"weather"}""", asked["resource"]!["properties"]!.ToJsonString());
        Assert.Equal(context, asked["context"]!.ToJsonString());
    }

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"ping"}""")]
    [InlineData("""{"jsonrpc":"2.0","method":"notifications/initialized"}""")]
    [InlineData("""{"jsonrpc":"2.0","method":"notifications/anything/else"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"result":{}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x"}}""")]
    public async Task What_keeps_a_connection_going_passes_unasked(string message)
    {
        await using var world = await PolicyWorld.StartAsync();
        world.Point.StopListening();

        Assert.Equal(200, (await world.CallAsync(message)).Status);
        Assert.Equal(200, (await world.Gateway.SendAsync(HttpMethod.Get, "/weather", world.TokenOf("alice"))).Status);
        Assert.Equal(200, (await world.Gateway.SendAsync(HttpMethod.Delete, "/weather", world.TokenOf("alice"))).Status);
        Assert.Null(world.Gateway.Audit[0]["policy"]);
    }

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"sampling/createMessage"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"roots/list"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/destroy"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"Tools/call","params":{"name":"echo"}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tasks/purge","params":{"taskId":"t"}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"notifications/initialized"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":""}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"completion/complete"}""")]
    public async Task What_the_binding_does_not_know_is_denied_unasked(string message)
    {
        await using var world = await PolicyWorld.StartAsync();

        var answer = await world.CallAsync(message);

        Assert.Equal((403, "policy_denied"), (answer.Status, answer.Reason));
        Assert.Empty(world.Point.Posts);
        world.World.AssertNothingWasSent();
    }

    [Fact]
    public async Task A_call_without_an_id_is_asked_about_all_the_same()
    {
        await using var world = await PolicyWorld.StartAsync();
        world.Answers(PolicyWorld.Deny);

        Assert.Equal("policy_denied", (await world.CallAsync("""{"jsonrpc":"2.0","method":"tools/call","params":{"name":"wipe"}}""")).Reason);
        Assert.Equal("wipe", (string?)Assert.Single(world.Questions)["resource"]!["id"]);
    }

    [Fact]
    public async Task Listed_claims_and_arguments_are_told_and_take_no_name_of_ours()
    {
        await using var world = await PolicyWorld.StartAsync(policy => (policy["Claims"], policy["Arguments"]) = (new JsonArray("department", "iss", "scopes", "claims", "missing", "decision"), true));
        const string arguments = """{"server":"notes","amount": 10.50,"arguments":{"id":"x"},"subject":{"id":"root"},"iss":"https://evil","properties":{}}""";

        var answer = await world.CallAsync(Message("tools/call", $$"""{"name":"refund","arguments":{{arguments}},"server":"notes","subject":"root"}"""), change: (_, payload) =>
        {
            payload["department"] = new JsonArray("a", 1, true);
            payload["scopes"] = "root";
            payload["claims"] = new JsonObject { ["iss"] = "https://evil" };
            payload["decision"] = true;
            payload["act"] = new JsonObject { ["sub"] = "agent", ["act"] = new JsonObject { ["sub"] = "before" } };
        });

        Assert.Equal(200, answer.Status);
        var asked = Assert.Single(world.Questions);
        Assert.Equal(["subject", "action", "resource", "context"], asked.AsObject().Select(member => member.Key));
        Assert.Equal("alice", (string?)asked["subject"]!["id"]);
        var told = asked["subject"]!["properties"]!;
        Assert.Equal(["iss", "scopes", "actors", "claims"], told.AsObject().Select(member => member.Key));
        Assert.Equal(world.World.As.Issuer, (string?)told["iss"]);
        Assert.Equal(["agent", "before"], told["actors"]!.AsArray().Select(actor => (string?)actor));
        Assert.Equal(["department", "iss", "scopes", "claims", "decision"], told["claims"]!.AsObject().Select(member => member.Key));
        Assert.Equal("""["a",1,true]""", told["claims"]!["department"]!.ToJsonString());
        Assert.Equal(["server", "arguments"], asked["resource"]!["properties"]!.AsObject().Select(member => member.Key));
        Assert.Equal("weather", (string?)asked["resource"]!["properties"]!["server"]);
        Assert.Contains($"\"arguments\":{arguments}", world.Point.Post.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Arguments_stay_here_unless_they_are_asked_for()
    {
        await using var world = await PolicyWorld.StartAsync();

        await world.CallAsync(Message("tools/call", """{"name":"refund","arguments":{"amount":"canary"}}"""));

        Assert.DoesNotContain("canary", world.Point.Post.Bytes, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"name":"refund","arguments":{"amount":1,"amount":1000}}""")]
    [InlineData("""{"name":"refund","arguments":{"amount":1,"Amount":1000}}""")]
    [InlineData("""{"name":"refund","arguments":{"amount":1,"amoun\u0074":1000}}""")]
    [InlineData("""{"name":"refund","arguments":{"list":[{"a":{"b":1,"B":2}}]}}""")]
    [InlineData("""{"name":"refund","Arguments":{"amount":1000}}""")]
    [InlineData("""{"name":"refund","argument\u017f":{"amount":1000}}""")]
    [InlineData("""{"name":"refund","arguments":[{"amount":1000}]}""")]
    [InlineData("""{"name":"refund","arguments":"{\"amount\":1000}"}""")]
    public async Task Arguments_that_two_readers_could_read_differently_are_no_message(string parameters)
    {
        await using var world = await PolicyWorld.StartAsync(policy => policy["Arguments"] = true);

        var answer = await world.CallAsync(Message("tools/call", parameters));

        Assert.Equal((400, "body_invalid"), (answer.Status, answer.Reason));
        Assert.Empty(world.Point.Posts);
        world.World.AssertNothingWasSent();
    }

    [Theory]
    [InlineData("""{"name":"refund"}""")]
    [InlineData("""{"name":"refund","arguments":null}""")]
    public async Task A_call_without_arguments_is_asked_about_without_them(string parameters)
    {
        await using var world = await PolicyWorld.StartAsync(policy => policy["Arguments"] = true);

        Assert.Equal(200, (await world.CallAsync(Message("tools/call", parameters))).Status);
        Assert.Equal("""{"server":"weather"}""", Assert.Single(world.Questions)["resource"]!["properties"]!.ToJsonString());
    }

    [Theory]
    [InlineData("file:///public/../secret/plan")]
    [InlineData("FILE:///secret/plan")]
    [InlineData("file:///%73ecret/plan")]
    public async Task A_policy_about_URIs_sees_them_in_the_form_that_servers_serve(string uri)
    {
        await using var world = await PolicyWorld.StartAsync();

        Assert.Equal("body_invalid", (await world.CallAsync(Message("resources/read", $$"""{"uri":"{{uri}}"}"""))).Reason);
        Assert.Empty(world.Point.Posts);
    }

    [Fact]
    public async Task Listening_is_asked_about_and_so_is_every_resource_subscribed_to()
    {
        await using var world = await PolicyWorld.StartAsync();
        var body = Message("subscriptions/listen", """{"notifications":{"resourceSubscriptions":["file:///a","file:///b","file:///a","file:///secret"]}}""");

        Assert.Equal(200, (await world.CallAsync(body)).Status);
        Assert.Equal(
            ["resources/subscribe file:///a", "resources/subscribe file:///b", "resources/subscribe file:///secret", "subscriptions/listen " + World.WeatherResource],
            world.Questions.Select(asked => $"{asked["action"]!["name"]} {asked["resource"]!["id"]}").Order(StringComparer.Ordinal));

        world.Point.WireAnswer = request => StubAnswer.Json(200, request.Body.Contains("secret", StringComparison.Ordinal) ? PolicyWorld.Deny : PolicyWorld.Allow);
        Assert.Equal("policy_denied", (await world.CallAsync(body)).Reason);
        Assert.Single(world.World.Weather.Requests);
    }

    [Fact]
    public async Task And_so_is_every_task_listened_for_as_what_it_tells()
    {
        await using var world = await PolicyWorld.StartAsync();
        var body = Message("subscriptions/listen", """{"notifications":{"taskIds":["t-1","t-2","t-1"]}}""");

        Assert.Equal(200, (await world.CallAsync(body)).Status);
        Assert.Equal(
            ["subscriptions/listen mcp_server " + World.WeatherResource, "tasks/get task t-1", "tasks/get task t-2"],
            world.Questions.Select(asked => $"{asked["action"]!["name"]} {asked["resource"]!["type"]} {asked["resource"]!["id"]}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task More_subscriptions_than_anybody_has_ask_nothing()
    {
        await using var world = await PolicyWorld.StartAsync();
        var uris = string.Join(',', Enumerable.Range(0, 257).Select(i => $"\"file:///{i}\""));

        Assert.Equal("policy_denied", (await world.CallAsync(Message("subscriptions/listen", $$$"""{"notifications":{"resourceSubscriptions":[{{{uris}}}]}}"""))).Reason);
        Assert.Empty(world.Point.Posts);
    }

    [Fact]
    public async Task Equal_subjects_of_two_issuers_are_told_apart()
    {
        await using var partner = new TestAuthorizationServer();
        await using var world = await PolicyWorld.StartAsync(
            policy => policy["Subject"] = "issuer-qualified",
            options =>
            {
                options["AuthorizationServers"]!["partner"] = new JsonObject { ["Issuer"] = partner.Issuer };
                var server = options["Servers"]!["weather"]!;
                server["AuthorizationServers"] = new JsonArray("corp", "partner");
                server["Outbound"]!["ForeignSubjects"] = true;
                options["Servers"]!["notes"]!["AuthorizationServers"] = new JsonArray("corp");
            });

        Assert.Equal(200, (await world.CallAsync()).Status);
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", partner.Token(World.WeatherResource, (_, payload) => payload["sub"] = "alice"))).Status);

        var subjects = world.Questions.Select(asked => (string?)asked["subject"]!["id"]).ToArray();
        Assert.Equal(TokenExchange.Outbound.Local.QualifiedSubject.Of(world.World.As.Issuer, "alice"), subjects[0]);
        Assert.Equal(TokenExchange.Outbound.Local.QualifiedSubject.Of(partner.Issuer, "alice"), subjects[1]);
        Assert.NotEqual(subjects[0], subjects[1]);
    }

    [Fact]
    public async Task The_request_id_and_the_decision_points_own_token_go_along_and_nothing_of_the_callers_does()
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, "pdp-token-1\n", TestContext.Current.CancellationToken);
            var clock = new ManualClock();
            await using var world = await PolicyWorld.StartAsync(policy => policy["TokenFile"] = file, clock: clock);
            var token = world.TokenOf("alice");

            var answer = await world.Gateway.CallAsync("/weather", token, change: request =>
            {
                request.Headers.Add("baggage", "tenant=canary-baggage");
                request.Headers.Add("Cookie", "canary-cookie");
                request.Headers.Add("X-Request-ID", "canary-id");
            });

            var post = world.Point.Post;
            Assert.Equal(answer.Headers["X-Request-Id"], post.Header("X-Request-ID"));
            Assert.Equal("Bearer pdp-token-1", post.Header("Authorization"));
            Assert.Equal("application/json", post.Header("Content-Type"));
            Assert.Equal("/access/v1/evaluation", post.Target);
            Assert.DoesNotContain("canary", post.Bytes, StringComparison.Ordinal);
            Assert.DoesNotContain(token.Split('.')[2], post.Bytes, StringComparison.Ordinal);

            await File.WriteAllTextAsync(file, "pdp-token-2", TestContext.Current.CancellationToken);
            clock.Advance(TimeSpan.FromSeconds(1));
            await world.CallAsync();
            Assert.Equal("Bearer pdp-token-2", world.Point.Posts[^1].Header("Authorization"));

            await File.WriteAllTextAsync(file, "two\nlines", TestContext.Current.CancellationToken);
            clock.Advance(TimeSpan.FromSeconds(1));
            await world.CallAsync();
            Assert.Equal("Bearer pdp-token-2", world.Point.Posts[^1].Header("Authorization"));
            clock.Advance(TimeSpan.FromSeconds(10));
            Assert.Equal("policy_unavailable", (await world.CallAsync()).Reason);
            Assert.Equal((3, "TokenFile does not hold what it should"), (world.Point.Posts.Count, (string?)world.Gateway.Audit[^1]["detail"]));
            Assert.DoesNotContain("pdp-token", world.Gateway.Log, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
