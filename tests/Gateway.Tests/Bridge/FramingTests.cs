using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Gateway.Bridge;
using Xunit;

namespace Gateway.Tests.Bridge;

/// <summary>One message is one line, both ways, whatever is in it; what is not one message is nobody's.</summary>
public sealed class FramingTests
{
    public static TheoryData<string, string> Breaks => new()
    {
        { "\n", " " },
        { "\r", " " },
        { "\r\n", "  " },
    };

    public static TheoryData<string, string> Separators => new()
    {
        { "\u0085", "\\u0085" },
        { "\u2028", "\\u2028" },
        { "\u2029", "\\u2029" },
    };

    /// <summary>What serialisers change, drop or refuse: unknown members, null, numbers beyond theirs, order, escapes, blanks.</summary>
    private const string Odd = """{"zeta":1, "jsonrpc":"2.0","id":"x","method":"line","params":{"n":1.0,"big":123456789012345678901234567890,"e":1E400,"nothing":null,"text":"\ud83d\ude00\/é😀\\u2028\"\u0085"},"extra":[{}]}""";

    [Fact]
    public async Task A_message_reaches_the_process_byte_for_byte()
    {
        await using var bridge = await TestBridge.StartAsync();
        var session = await bridge.InitializeAsync();
        Assert.Equal(Odd + "\n", await LineSeenAsync(bridge, session, Odd));
    }

    [Theory]
    [MemberData(nameof(Breaks))]
    public async Task A_line_break_between_tokens_is_a_blank_when_it_reaches_the_process(string lineBreak, string instead)
    {
        await using var bridge = await TestBridge.StartAsync();
        var session = await bridge.InitializeAsync();
        Assert.Equal(
            $$"""{{{instead}}"jsonrpc":"2.0",{{instead}}"id":1,"method":"line"{{instead}}}{{instead}}""" + "\n",
            await LineSeenAsync(bridge, session, $$"""{{{lineBreak}}"jsonrpc":"2.0",{{lineBreak}}"id":1,"method":"line"{{lineBreak}}}{{lineBreak}}"""));
    }

    [Theory]
    [MemberData(nameof(Separators))]
    public async Task A_character_that_some_readers_take_for_a_line_break_is_escaped_when_it_reaches_the_process(string separator, string escape)
    {
        await using var bridge = await TestBridge.StartAsync();
        var session = await bridge.InitializeAsync();
        const string Template = """{"jsonrpc":"2.0","id":1,"method":"line","params":{"text":"a#{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"crash\"}#","#":"é€\u2028"}}""";
        Assert.Equal(Template.Replace("#", escape, StringComparison.Ordinal) + "\n", await LineSeenAsync(bridge, session, Template.Replace("#", separator, StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","id":1.0,"method":"line"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":0.10,"method":"line"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1.50e3,"method":"line"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":-0.0,"method":"line"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1E-3,"method":"line"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1E25,"method":"line"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":99999999999999999999999,"method":"line"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":null,"method":"line"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":"\u0031\n","method":"line","params":null}""")]
    [InlineData("""{"id":-0,"method":"line","params":{"_meta":null},"\u0000":[[[]]]}""")]
    public async Task Ids_and_parameters_that_serialisers_refuse_pass_as_they_are_and_find_their_answer(string body)
    {
        await using var bridge = await TestBridge.StartAsync();
        var session = await bridge.InitializeAsync();
        Assert.Equal(body + "\n", await LineSeenAsync(bridge, session, body));
    }

    [Fact]
    public async Task An_answer_reaches_the_client_byte_for_byte_but_for_what_breaks_lines()
    {
        await using var bridge = await TestBridge.StartAsync();
        var session = await bridge.InitializeAsync();
        const string Answer = "{\"x\":null,\r\"id\":ID,\"result\":{\"n\":1.0,\"t\":\"\u0085\u2028\u2029é\\u2028\"},\"jsonrpc\":\"2.0\"}\r";
        using var response = await bridge.PostAsync(TestBridge.Request(7, "answer", new JsonObject { ["bytes"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(Answer)) }), session);
        Assert.Equal("{\"x\":null, \"id\":7,\"result\":{\"n\":1.0,\"t\":\"\\u0085\\u2028\\u2029é\\u2028\"},\"jsonrpc\":\"2.0\"} ", await response.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("""{"content":[],"RequestId":"x","requestiD":1,"ProgressToken":true,"iD":7,"Name":"n"}""")]
    [InlineData("""{"content":[],"_meta":{"RequestId":"x","requestid":1}}""")]
    [InlineData("""{"content":[],"_meta":{"Id":"x","iD":1,"Name":"n","URI":"u","Method":null}}""")]
    [InlineData("""{"content":[],"_meta":{"a":1,"A":2,"progressToken":[],"ProgressToken":{}}}""")]
    [InlineData("""{"content":[],"_meta":{"x\u0000y":1}}""")]
    public async Task The_names_in_a_result_are_the_servers_own(string result)
    {
        await using var bridge = await TestBridge.StartAsync();
        var session = await bridge.InitializeAsync();
        foreach (var own in (string?[])[session, null])
        {
            var bytes = new JsonObject { ["bytes"] = Convert.ToBase64String(Encoding.UTF8.GetBytes($$"""{"jsonrpc":"2.0","id":ID,"result":{{result}}}""")) };
            using var response = await bridge.PostAsync(own is null ? TestBridge.ModernRequest(7, "answer", bytes) : TestBridge.Request(7, "answer", bytes), own).WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
            Assert.Equal($$"""{"jsonrpc":"2.0","id":7,"result":{{result}}}""", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }
    }

    [Fact]
    public async Task An_event_of_the_process_is_one_event_whatever_is_in_it()
    {
        await using var bridge = await TestBridge.StartAsync();
        var session = await bridge.InitializeAsync();
        var bytes = Encoding.UTF8.GetBytes("{\"jsonrpc\":\"2.0\",\r\r\"method\":\"notifications/message\",\"params\":{\"data\":\"\u0085data: x\u2028\u2028event: y\"}}\n");
        using var response = await bridge.PostAsync(TestBridge.Request(7, "raw", new JsonObject { ["bytes"] = Convert.ToBase64String(bytes) }), session);
        using var events = await TestBridge.EventsOfAsync(response);
        Assert.Equal("\u0085data: x\u2028\u2028event: y", (string?)(await events.NextAsync())!["params"]!["data"]);
        Assert.Equal(7, (int)(await events.NextAsync())!["id"]!);
        Assert.Null(await events.NextAsync());
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("1")]
    [InlineData("\"{}\"")]
    [InlineData("[]")]
    [InlineData("""[{"jsonrpc":"2.0","id":1,"method":"crash"}]""")]
    [InlineData("{}")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"crash"}{"jsonrpc":"2.0","id":2,"method":"crash"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"crash"},""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"crash" """)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"crash",}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"crash"/**/}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"crash","method":"line"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"Id":2,"method":"crash"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"crash","result":{}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":{},"method":"crash"}""")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"crash\",\"params\":{\"t\":\"a\nb\"}}")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"crash\",\"params\":{\"t\":\"a\0b\"}}")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1,\u2028\"method\":\"crash\"}")]
    [InlineData("\uFEFF{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"crash\"}")]
    public async Task What_is_not_exactly_one_message_does_not_reach_the_process(string body)
    {
        await using var bridge = await TestBridge.StartAsync();
        var session = await bridge.InitializeAsync();
        using var response = await bridge.PostAsync(Encoding.UTF8.GetBytes(body), session);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.True((await bridge.CallAsync(session, "self"))["pid"] is not null, "the process was not asked to crash");
    }

    [Fact]
    public async Task Bytes_that_are_no_UTF8_do_not_reach_the_process()
    {
        await using var bridge = await TestBridge.StartAsync();
        var session = await bridge.InitializeAsync();
        using var response = await bridge.PostAsync([.. """{"jsonrpc":"2.0","id":1,"method":"crash","params":{"t":" """u8, 0xE2, 0x80, .. "\"}}"u8], session);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.NotNull(await bridge.CallAsync(session, "self"));
    }

    [Theory]
    [InlineData("hello\n")]
    [InlineData("[]\n")]
    [InlineData("{}\n")]
    [InlineData("""{"jsonrpc":"2.0","id":5,"result":{}}{"jsonrpc":"2.0","id":5,"result":{}}""" + "\n")]
    [InlineData("""{"jsonrpc":"2.0","id":5,"id":6,"result":{}}""" + "\n")]
    [InlineData("""{"jsonrpc":"2.0","id":5,"result":{},"error":{}}""" + "\n")]
    [InlineData("\r\n")]
    public async Task What_the_process_writes_beside_messages_reaches_nobody(string text)
    {
        await using var bridge = await TestBridge.StartAsync();
        var session = await bridge.InitializeAsync();
        using var response = await bridge.PostAsync(TestBridge.Request(5, "raw", new JsonObject { ["bytes"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(text)) }), session);
        Assert.Equal("""{"jsonrpc": "2.0", "id": 5, "result": {}}""", await response.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData(100_000)]
    [InlineData(8_000_000)]
    public async Task Large_messages_pass_both_ways(int length)
    {
        await using var bridge = await TestBridge.StartAsync();
        var session = await bridge.InitializeAsync();
        var text = new string('x', length);
        Assert.Equal(text, (string?)(await bridge.CallAsync(session, "echo", new JsonObject { ["text"] = text }))["echo"]!["text"]);
    }

    [Fact]
    public async Task A_body_beyond_the_bound_is_refused_and_an_answer_beyond_it_ends_the_session()
    {
        await using var bridge = await TestBridge.StartAsync();
        var session = await bridge.InitializeAsync();
        using var tooLarge = await bridge.PostAsync(new byte[(16 * 1024 * 1024) + 1], session);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, tooLarge.StatusCode);
        using var response = await bridge.PostAsync(TestBridge.Request(1, "large", new JsonObject { ["length"] = 16 * 1024 * 1024 }), session);
        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        using var after = await bridge.PostAsync(TestBridge.Request(2, "self"), session);
        Assert.Equal(HttpStatusCode.NotFound, after.StatusCode);
    }

    [Fact]
    public void Large_bodies_that_wait_shut_out_no_small_one()
    {
        var reader = new MessageReader();
        using var large = new MessageReader.HeldBody(reader);
        using var another = new MessageReader.HeldBody(reader);
        using var small = new MessageReader.HeldBody(reader);
        Assert.True(large.Hold(8 * 16 * 1024 * 1024));
        Assert.True(small.Hold(8 * 1024) && small.Hold(8 * 1024));
        Assert.True(another.Hold(16 * 1024));
        Assert.True(another.Hold(16 * 1024), "the first bytes of none count");
        Assert.False(another.Hold(1));
        another.Dispose();
        large.Dispose();
        using var later = new MessageReader.HeldBody(reader);
        Assert.True(later.Hold(8 * 16 * 1024 * 1024));
    }

    private static async Task<string> LineSeenAsync(TestBridge bridge, string session, string body)
    {
        using var response = await bridge.PostAsync(Encoding.UTF8.GetBytes(body), session);
        var answer = await TestBridge.JsonOfAsync(response);
        return Encoding.UTF8.GetString(Convert.FromBase64String((string)answer["result"]!["line"]!));
    }
}
