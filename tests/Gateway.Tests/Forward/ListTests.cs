using System.Text;
using System.Text.Json.Nodes;
using Gateway.Forward;
using Gateway.Tests.Harness;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Gateway.Tests.Forward;

/// <summary>FilterLists: a caller sees the tools that its rules allow, and every other byte as the server sent it.</summary>
public sealed class ListTests
{
    private const string Echo = """{ "name":"echo", "description":"caf\u00e9 {\"name\":\"wipe\"}" }""";
    private const string Wipe = """{"description":"x","name":"wipe"}""";
    private const string Delete = """{"name":"delete_x","inputSchema":{"name":"echo"}}""";

    private static readonly string[] OfBytes =
        ["ETag", "Last-Modified", "Accept-Ranges", "Content-Range", "Content-MD5", "Content-Digest", "Repr-Digest", "Unencoded-Digest", "Digest", "Signature", "Signature-Input"];

    private static Task<World> StartAsync(bool filter = true) => World.StartAsync(options =>
    {
        var server = options["Servers"]!["weather"]!;
        server["FilterLists"] = filter;
        server["Operations"] = new JsonArray(
            new JsonObject { ["Method"] = "tools/call", ["Name"] = "wipe", ["Deny"] = true },
            new JsonObject { ["Method"] = "tools/call", ["Name"] = "delete_*", ["Scopes"] = new JsonArray("mcp:admin") });
    });

    /// <summary>The list as the caller's own.</summary>
    private static string Own(params string[] tools) => List(tools).Replace("{\"nextCursor\"", "{\"cacheScope\":\"private\",\"nextCursor\"", StringComparison.Ordinal);

    private static string List(params string[] tools) => $$"""{"jsonrpc": "2.0","id":1,"result":{"nextCursor":"a", "tools":[{{string.Join(" , ", tools)}}],"_meta":{"tools":[1]} } }""";

    private static RequestDelegate Says(string body, string type = "application/json") => context =>
    {
        context.Response.ContentType = type;
        return context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(body)).AsTask();
    };

    private static Task<Answer> ListAsync(World world, Action<HttpRequestMessage>? change = null) =>
        world.Gateway.CallAsync("/weather", world.WeatherToken(), Messages.Of("tools/list"), change);

    [Theory]
    [InlineData(126, false)]
    [InlineData(200, true)]
    [InlineData(9_990, true)]
    public async Task A_list_that_nests_deeper_than_a_message_may_is_unreadable_and_nobodys_stack(int depth, bool refused)
    {
        await using var world = await StartAsync();
        foreach (var (open, close) in ((string, string)[])[("[", "]"), ("{\"a\":", "}"), ("{\"result\":", "}")])
        {
            var nested = string.Concat(Enumerable.Repeat(open, depth)) + "1" + string.Concat(Enumerable.Repeat(close, depth));
            world.Weather.Answer = Says(nested);

            var answer = await ListAsync(world);

            Assert.Equal(refused ? (502, "upstream_unavailable") : (200, (string?)null), (answer.Status, answer.Status == 200 ? null : answer.Reason));
        }
    }

    [Theory]
    [InlineData(new[] { Echo, Wipe, Delete }, new[] { Echo })]
    [InlineData(new[] { Wipe, Delete, Echo }, new[] { Echo })]
    [InlineData(new[] { Wipe, Echo, Delete, Echo }, new[] { Echo, Echo })]
    [InlineData(new[] { Wipe, Delete }, new string[0])]
    [InlineData(new[] { Echo, Echo }, new[] { Echo, Echo })]
    [InlineData(new string[0], new string[0])]
    [InlineData(new[] { """{"name":"echo","name":"wipe"}""", """{"n\u0061me":"wip\u0065"}""", Echo }, new[] { Echo })]
    [InlineData(new[] { """{"name":"echo","Name":"wipe"}""", """{"NAME":"wipe"}""", """{"Name":"echo"}""", Echo }, new[] { Echo })]
    [InlineData(new[] { """{"name":"echo","name":"delete_x"}""", """{"title":"echo"}""", """{"name":7}""", "1", "[]", Echo }, new[] { Echo })]
    public async Task A_list_loses_what_the_rules_refuse_and_no_other_byte(string[] sent, string[] seen)
    {
        await using var world = await StartAsync();
        world.Weather.Answer = Says(List(sent));

        var answer = await ListAsync(world);

        Assert.Equal(Own(seen), answer.Body);
    }

    [Theory]
    [InlineData("""{"tools":[{"name":"wipe"}],"cacheScope":"public","ttlMs":9}""", """{"tools":[],"cacheScope":"private","ttlMs":9}""")]
    [InlineData("""{"cacheScope": ["public"] ,"tools":[{"name":"echo"}]}""", """{"cacheScope": "private" ,"tools":[{"name":"echo"}]}""")]
    [InlineData("""{"cacheScope":"public","tools":[],"c\u0061cheScope":"public"}""", """{"cacheScope":"private","tools":[],"c\u0061cheScope":"private"}""")]
    [InlineData("""{"tools":[],"Tools":[{"name":"wipe"}]}""", """{"cacheScope":"private","tools":[],"Tools":[]}""")]
    [InlineData("""{"tool\u017f":[{"name":"wipe"},{"name":"echo"}],"CacheScope":"public"}""", """{"cacheScope":"private","tool\u017f":[{"name":"echo"}],"CacheScope":"private"}""")]
    [InlineData("""{"prompts":[{"name":"wipe"}],"cacheScope":"public"}""", """{"prompts":[{"name":"wipe"}],"cacheScope":"public"}""")]
    [InlineData("""{"tools":{"name":"wipe"},"cacheScope":"public"}""", """{"tools":{"name":"wipe"},"cacheScope":"public"}""")]
    public async Task A_list_that_was_filtered_for_one_caller_is_for_nobody_elses_cache(string sent, string seen)
    {
        await using var world = await StartAsync();
        static string Message(string result) => $$"""{"jsonrpc":"2.0","id":1,"result":{{result}}}""";
        world.Weather.Answer = Says(Message(sent));

        Assert.Equal(Message(seen), (await ListAsync(world)).Body);
        world.Weather.Answer = Says($"data: {Message(sent)}\n\n", "text/event-stream");
        Assert.Equal($"data: {Message(seen)}\n\n", (await ListAsync(world)).Body);
        world.Weather.Answer = Says(Message(sent).Replace("\"result\"", "\"Result\"", StringComparison.Ordinal));
        Assert.Equal(Message(seen).Replace("\"result\"", "\"Result\"", StringComparison.Ordinal), (await ListAsync(world)).Body);
    }

    [Theory]
    [InlineData("application/json", true)]
    [InlineData("text/event-stream", true)]
    [InlineData("application/json", false)]
    public async Task What_an_answer_says_of_its_own_bytes_goes_with_them(string type, bool filter)
    {
        await using var world = await StartAsync(filter);
        world.Weather.Answer = context =>
        {
            context.Response.Headers["X-Other"] = "1";
            foreach (var name in OfBytes)
            {
                context.Response.Headers[name] = name == "Last-Modified" ? "Mon, 30 Nov 2026 00:00:00 GMT" : "sha-256=:AAAA:";
            }

            return Says(type == "application/json" ? List(Echo, Wipe) : $"data: {List(Echo, Wipe)}\n\n", type)(context);
        };

        using var request = new HttpRequestMessage(HttpMethod.Post, world.Gateway.Url + "/weather") { Content = new StringContent(Messages.Of("tools/list"), null, "application/json") };
        request.Headers.Authorization = new("Bearer", world.WeatherToken());
        using var response = await world.Gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);

        var headers = response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated).Select(header => header.Key).ToHashSet(StringComparer.OrdinalIgnoreCase);
        Assert.Contains("X-Other", headers);
        Assert.Equal(filter ? [] : OfBytes, OfBytes.Where(headers.Contains));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void And_so_it_is_in_trailers(bool rewritten)
    {
        using var answer = new HttpResponseMessage { RequestMessage = new HttpRequestMessage() };
        var trailers = new HeaderDictionary { ["Content-Digest"] = "sha-256=:AAAA:", ["X-Other"] = "1" };
        if (rewritten)
        {
            AnswerHeaders.Rewritten(answer, new HeaderDictionary());
        }

        AnswerHeaders.ApplyToTrailers(answer, trailers);

        Assert.Equal(rewritten ? ["X-Other"] : ["Content-Digest", "X-Other"], trailers.Keys.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    [InlineData("\r")]
    public async Task A_list_in_an_event_stream_is_filtered_and_its_other_events_are_not_touched(string end)
    {
        await using var world = await StartAsync();
        string Stream(string list) => string.Join(
            end,
            ": keep alive", "", "id: 1", "data:", "", "event: message", "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{\"tools\":[{\"name\":\"wipe\"}]}}", "",
            "id: 2", "data: " + list, "retry: 10", "", ":end", "");
        world.Weather.Answer = Says(Stream(List(Echo, Wipe)), "text/event-stream");

        var answer = await ListAsync(world);

        Assert.Equal(Stream(Own(Echo)), answer.Body);
    }

    [Fact]
    public async Task A_list_over_several_data_lines_is_filtered()
    {
        await using var world = await StartAsync();
        world.Weather.Answer = Says("data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\ndata: {\"tools\":[{\"name\":\"wipe\"}]}}\n\n", "text/event-stream");

        var answer = await ListAsync(world);

        Assert.Equal("data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\ndata: {\"cacheScope\":\"private\",\"tools\":[]}}\n\n", answer.Body);
    }

    [Fact]
    public async Task A_list_that_a_stream_resumes_is_filtered_too()
    {
        await using var world = await StartAsync();
        world.Weather.Answer = Says($"data: {List(Echo, Wipe)}", "text/event-stream");

        var answer = await world.Gateway.SendAsync(HttpMethod.Get, "/weather", world.WeatherToken(), change: request => request.Headers.Add("Last-Event-ID", "stream-1"));

        Assert.DoesNotContain("\"wipe\",", answer.Body, StringComparison.Ordinal);
        Assert.Equal($"data: {Own(Echo)}\n", answer.Body);
        Assert.Equal("stream-1", Assert.Single(world.Weather.Requests).Headers["Last-Event-ID"]);
    }

    [Fact]
    public async Task A_caller_with_the_scope_sees_its_tool()
    {
        await using var world = await StartAsync();
        world.Weather.Answer = Says(List(Echo, Delete));

        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken((_, payload) => payload["scope"] = "mcp:admin"), Messages.Of("tools/list"));

        Assert.Equal(Own(Echo, Delete), answer.Body);
    }

    [Fact]
    public async Task Without_the_setting_and_for_other_operations_nothing_is_read()
    {
        await using var off = await StartAsync(filter: false);
        await using var on = await StartAsync();
        off.Weather.Answer = on.Weather.Answer = Says(List(Echo, Wipe));

        Assert.Equal(List(Echo, Wipe), (await ListAsync(off)).Body);
        var call = await on.Gateway.CallAsync("/weather", on.WeatherToken(), change: request => request.Headers.AcceptEncoding.ParseAdd("gzip"));
        Assert.Equal(List(Echo, Wipe), call.Body);
        Assert.Equal("gzip", on.Weather.Requests[0].Headers["Accept-Encoding"]);
    }

    [Fact]
    public async Task A_list_is_not_asked_for_in_a_compressed_form_and_refused_when_it_comes_in_one()
    {
        await using var world = await StartAsync();
        world.Weather.Answer = context =>
        {
            context.Response.Headers.ContentEncoding = "br";
            return Says("compressed")(context);
        };

        var answer = await ListAsync(world, request => request.Headers.AcceptEncoding.ParseAdd("br"));

        Assert.Equal(502, answer.Status);
        Assert.Equal("list_unreadable", world.Gateway.Audit[^1]["detail"]!.GetValue<string>());
        Assert.False(Assert.Single(world.Weather.Requests).Headers.ContainsKey("Accept-Encoding"));
    }

    [Theory]
    [InlineData("""{"result":{"tools":[{"name":"wipe"},]}}""", "application/json")]
    [InlineData("""{"result":{"tools":[{"name":"wipe"}]}}""", "text/plain")]
    [InlineData("""{"result":{"tools":[{"name":"wipe"}]}}""", "application/json; charset=utf-16")]
    public async Task A_list_that_cannot_be_read_does_not_pass(string body, string type)
    {
        await using var world = await StartAsync();
        world.Weather.Answer = Says(body, type);

        var answer = await ListAsync(world);

        Assert.Equal(502, answer.Status);
        Assert.DoesNotContain("wipe", answer.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(400, "application/json")]
    [InlineData(404, "application/json")]
    [InlineData(500, "text/plain")]
    [InlineData(500, "application/problem+json")]
    [InlineData(503, "text/event-stream")]
    public async Task A_list_under_the_status_of_an_error_hides_as_much(int status, string type)
    {
        await using var world = await StartAsync();
        string Body(string list) => type == "text/event-stream" ? $"data: {list}\n\n" : list;
        world.Weather.Answer = context =>
        {
            context.Response.StatusCode = status;
            return Says(Body(List(Echo, Wipe)), type)(context);
        };

        var posted = await ListAsync(world);
        var resumed = await world.Gateway.SendAsync(HttpMethod.Get, "/weather", world.WeatherToken());

        Assert.Equal((status, Body(Own(Echo))), (posted.Status, posted.Body));
        Assert.Equal((status, Body(Own(Echo))), (resumed.Status, resumed.Body));
    }

    [Theory]
    [InlineData("text/html", "<html>tools</html>")]
    [InlineData("application/json", """{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"Session not found"}}""")]
    [InlineData("text/plain", "")]
    public async Task An_error_without_a_list_passes_with_what_it_says_of_its_bytes(string type, string body)
    {
        await using var world = await StartAsync();
        world.Weather.Answer = context =>
        {
            context.Response.StatusCode = 404;
            context.Response.Headers.ETag = "\"1\"";
            return Says(body, type)(context);
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, world.Gateway.Url + "/weather") { Content = new StringContent(Messages.Of("tools/list"), null, "application/json") };
        request.Headers.Authorization = new("Bearer", world.WeatherToken());

        using var response = await world.Gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal((404, body, "\"1\"", type), ((int)response.StatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), response.Headers.ETag?.Tag, response.Content.Headers.ContentType?.MediaType));
    }

    [Fact]
    public async Task An_error_of_the_server_passes_untouched()
    {
        await using var world = await StartAsync();
        world.Weather.Answer = context =>
        {
            context.Response.StatusCode = 404;
            return Says("not JSON")(context);
        };

        var answer = await ListAsync(world);

        Assert.Equal((404, "not JSON"), (answer.Status, answer.Body));
    }
}
