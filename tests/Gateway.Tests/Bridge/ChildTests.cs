using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Gateway.Bridge;
using Harness;
using Xunit;

namespace Gateway.Tests.Bridge;

/// <summary>What a process is started with, and that nothing of its process group outlives its session, however it behaves.</summary>
public sealed class ChildTests
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task It_gets_three_variables_and_those_that_are_named()
    {
        const string Named = "BRIDGE_TEST_NAMED";
        Environment.SetEnvironmentVariable(Named, "given");
        Environment.SetEnvironmentVariable("BRIDGE_TEST_SECRET", "withheld");
        await using var bridge = await TestBridge.StartAsync(settings => settings with { Command = settings.Command with { Environment = ChildCommand.EnvironmentOf([Named]) } }, TimeProvider.System);
        var self = await bridge.CallAsync(await bridge.InitializeAsync(), "self");
        var environment = self["environment"]!.AsObject();
        Assert.Equal("given", (string?)environment[Named]);
        Assert.Subset(new HashSet<string> { "PATH", "HOME", "LANG", Named, "LC_CTYPE" }, environment.Select(variable => variable.Key).ToHashSet());
    }

    [Fact]
    public async Task It_gets_no_descriptor_but_its_own_three_and_no_signal_that_is_ignored_or_blocked()
    {
        // As a supervisor's socket would be: open, and not to be closed when a program is started.
        using var inherited = File.OpenHandle(typeof(ChildTests).Assembly.Location);
        Assert.Equal(0, FileDescriptors.Control(inherited, FileDescriptors.SetDescriptorFlags, 0));

        await using var bridge = await TestBridge.StartAsync();
        await bridge.InitializeAsync();
        var self = await bridge.CallAsync(await bridge.InitializeAsync(), "self");
        Assert.Equal([0, 1, 2], self["descriptors"]!.AsArray().Select(number => (int)number!));

        // Python itself ignores SIGPIPE and SIGXFSZ, and glibc its own two of every process that it starts; nothing else.
        Assert.Equal(0x1001000u, ulong.Parse((string)self["ignored"]!, NumberStyles.HexNumber, CultureInfo.InvariantCulture) & ~0x180000000u);
        Assert.Equal("0000000000000000", (string?)self["blocked"]);
        Assert.Equal((int)self["pid"]!, (int)self["group"]!);
        Assert.Equal((int)self["pid"]!, (int)self["session"]!);
    }

    [Fact]
    public async Task Nothing_of_a_request_but_its_message_reaches_it()
    {
        await using var bridge = await TestBridge.StartAsync();
        var session = await bridge.InitializeAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, bridge.Url + "?access_token=secret-canary")
        {
            Content = new StringContent("""{"jsonrpc":"2.0","id":1,"method":"line"}""", null, "application/json"),
        };
        foreach (var (name, value) in new[] { ("Mcp-Session-Id", session), ("Authorization", "Bearer secret-canary"), ("Cookie", "a=secret-canary"), ("X-Api-Key", "secret-canary"), ("X-Forwarded-User", "secret-canary") })
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await bridge.Client.SendAsync(request, default);
        var line = Convert.FromBase64String((string)(await TestBridge.JsonOfAsync(response))["result"]!["line"]!);
        Assert.Equal("""{"jsonrpc":"2.0","id":1,"method":"line"}""" + "\n", System.Text.Encoding.UTF8.GetString(line));
        var self = (await bridge.CallAsync(session, "self")).ToJsonString();
        Assert.DoesNotContain("secret-canary", self, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-canary", bridge.Log.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("crash")]
    [InlineData("close-output")]
    public async Task One_that_dies_fails_what_waits_and_ends_the_session(string how)
    {
        await using var bridge = await TestBridge.StartAsync();
        var session = await bridge.InitializeAsync();
        var held = bridge.PostAsync(TestBridge.Request(1, "hold"), session);
        await bridge.Log.SaidAsync("holding");
        using var listening = await bridge.SendAsync(HttpMethod.Get, session);
        using var events = await TestBridge.EventsOfAsync(listening);
        using var crash = await bridge.PostAsync(TestBridge.Request(2, how), session);
        Assert.Equal(HttpStatusCode.BadGateway, crash.StatusCode);
        Assert.Equal(-32603, (int)(await TestBridge.JsonOfAsync(crash))["error"]!["code"]!);
        using var waiting = await held;
        Assert.Equal(1, (int)(await TestBridge.JsonOfAsync(waiting))["id"]!);
        Assert.Null(await events.NextAsync());
        await bridge.Log.SaidAsync(" ended (");
        using var after = await bridge.PostAsync(TestBridge.Request(3, "self"), session);
        Assert.Equal(HttpStatusCode.NotFound, after.StatusCode);
    }

    [Fact]
    public async Task A_start_that_fails_on_the_way_leaves_no_process_and_takes_no_place()
    {
        await using var bridge = await TestBridge.StartAsync(settings => settings with { MaxProcesses = 1 }, TimeProvider.System, "ignore-end", "ignore-term");
        bridge.Log.FailsAt = "ChildStarted";
        for (var i = 0; i < 2; i++)
        {
            using var refused = await bridge.PostAsync(TestBridge.Request(0, "initialize"));
            Assert.Equal(HttpStatusCode.BadGateway, refused.StatusCode);
            Assert.Contains("cannot be started", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        bridge.Log.FailsAt = null;
        foreach (var line in bridge.Log.Text.Split('\n').Where(line => line.StartsWith("ChildStarted", StringComparison.Ordinal)))
        {
            var id = int.Parse(line.Split(' ')[2], CultureInfo.InvariantCulture);
            while (ProcessGroup.IsAlive(id))
            {
                await Task.Delay(10);
            }
        }

        using var begun = await bridge.PostAsync(TestBridge.Request(0, "initialize"));
        Assert.Equal(HttpStatusCode.OK, begun.StatusCode);
    }

    [Fact]
    public async Task One_that_heeds_the_end_of_its_input_gets_no_signal()
    {
        await using var bridge = await TestBridge.StartAsync();
        using var ended = await bridge.SendAsync(HttpMethod.Delete, await bridge.InitializeAsync());
        await bridge.Log.SaidAsync("ended (exit code 0)");
        Assert.DoesNotContain("ChildSignalled", bridge.Log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_ignores_the_end_and_SIGTERM_is_killed_after_two_graces()
    {
        var clock = new ManualClock();
        await using var bridge = await TestBridge.StartAsync(settings => settings, clock, "ignore-end", "ignore-term");
        var session = await bridge.InitializeAsync();
        var id = await bridge.ProcessOfAsync(session);
        using var ended = await bridge.SendAsync(HttpMethod.Delete, session);
        await bridge.Log.SaidAsync("end of input seen");
        Assert.True(ProcessGroup.IsAlive(id));
        await GraceAsync(bridge, clock, "SIGTERM seen");
        Assert.True(ProcessGroup.IsAlive(id));
        await PassAsync(bridge, clock, "ended (signal 9)");
        Assert.False(ProcessGroup.IsAlive(id));
    }

    [Theory]
    [InlineData("delete")]
    [InlineData("crash")]
    [InlineData("stop")]
    public async Task What_it_forked_within_its_group_ends_with_it(string how)
    {
        var clock = new ManualClock();
        await using var bridge = await TestBridge.StartAsync(settings => settings, clock, "fork");
        var session = await bridge.InitializeAsync();
        var id = await bridge.ProcessOfAsync(session);
        var stopping = how switch
        {
            "delete" => bridge.SendAsync(HttpMethod.Delete, session),
            "crash" => bridge.PostAsync(TestBridge.Request(9, "crash"), session),
            _ => bridge.StopAsync(),
        };
        await PassAsync(bridge, clock, "gets SIGTERM");
        await PassAsync(bridge, clock, " ended (");
        await stopping;
        Assert.False(ProcessGroup.IsAlive(id));
    }

    [Theory]
    [InlineData("stop-reading", "")]
    [InlineData("flood", "stdout")]
    [InlineData("flood", "stderr")]
    public async Task One_that_no_longer_reads_or_writes_without_end_ends_with_its_session(string method, string to)
    {
        var clock = new ManualClock();
        await using var bridge = await TestBridge.StartAsync(settings => settings, clock);
        var session = await bridge.InitializeAsync();
        var id = await bridge.ProcessOfAsync(session);
        var call = bridge.PostAsync(TestBridge.Request(1, method, new JsonObject { ["to"] = to, ["text"] = """{"jsonrpc":"2.0","method":"notifications/message","params":{}}""" + "\n" }), session);
        if (method == "flood")
        {
            await bridge.Log.SaidAsync("flooding");
        }
        else
        {
            using var answer = await call;

            // More than a pipe holds, so that the bridge waits for it.
            _ = bridge.PostAsync(TestBridge.Request(2, "echo", new JsonObject { ["text"] = new string('x', 1_000_000) }), session);
        }

        using var ended = await bridge.SendAsync(HttpMethod.Delete, session);
        await PassAsync(bridge, clock, " ended (");
        Assert.False(ProcessGroup.IsAlive(id));
    }

    [Fact]
    public async Task A_flood_of_errors_is_cut_in_the_log_and_stops_nobody()
    {
        await using var bridge = await TestBridge.StartAsync();
        var session = await bridge.InitializeAsync();
        _ = bridge.PostAsync(TestBridge.Request(1, "flood", new JsonObject { ["to"] = "stderr", ["text"] = "noise\n" }), session);
        await bridge.Log.SaidAsync("ChildLinesLeftOut");
        var other = await bridge.InitializeAsync();
        Assert.NotNull(await bridge.CallAsync(other, "self"));
        using var ended = await bridge.SendAsync(HttpMethod.Delete, session);
    }

    [Fact]
    public async Task All_of_them_end_side_by_side_when_the_bridge_stops()
    {
        var clock = new ManualClock();
        await using var bridge = await TestBridge.StartAsync(settings => settings, clock, "ignore-end", "ignore-term", "fork");
        var ids = new List<int>();
        for (var i = 0; i < 4; i++)
        {
            ids.Add(await bridge.ProcessOfAsync(await bridge.InitializeAsync()));
        }

        var stopping = bridge.StopAsync();
        await bridge.Log.SaidAsync("end of input seen", ids.Count);
        await GraceAsync(bridge, clock, "SIGTERM seen", ids.Count);
        await PassAsync(bridge, clock, "ended (signal 9)", ids.Count);
        await stopping;
        Assert.All(ids, id => Assert.False(ProcessGroup.IsAlive(id), id.ToString(CultureInfo.InvariantCulture)));
    }

    [Fact]
    public void A_line_of_its_log_holds_no_control_character_no_token_and_is_cut()
    {
        Assert.Equal("a b c d [redacted] e", ChildLog.Clean("a\x1b\u009bb\u2028c\u202Ed eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0. e"u8, wasCut: false).Replace("  ", " ", StringComparison.Ordinal));
        Assert.EndsWith("…", ChildLog.Clean(new byte[2048], wasCut: true), StringComparison.Ordinal);
    }

    /// <summary>
    /// Lets the time pass that is left to a program; once more for a bridge that began to wait only after that. Not before a slow machine
    /// has let the program say what it is waited for to say: it is killed then, and never says it.
    /// </summary>
    private static Task GraceAsync(TestBridge bridge, ManualClock clock, string text, int times = 1) =>
        PassAsync(bridge, clock, text, times, Grace, TimeSpan.FromSeconds(30));

    /// <summary>Moves time until something has been logged.</summary>
    private static Task PassAsync(TestBridge bridge, ManualClock clock, string text, int times = 1) =>
        PassAsync(bridge, clock, text, times, TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(10));

    private static async Task PassAsync(TestBridge bridge, ManualClock clock, string text, int times, TimeSpan step, TimeSpan patience)
    {
        var said = bridge.Log.SaidAsync(text, times);
        while (!said.IsCompleted)
        {
            clock.Advance(step);
            await Task.WhenAny(said, Task.Delay(patience));
        }
    }
}
