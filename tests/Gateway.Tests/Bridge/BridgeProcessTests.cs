using System.Text.Json.Nodes;
using Gateway.Bridge;
using Gateway.Tests.Lifecycle;
using Xunit;

namespace Gateway.Tests.Bridge;

/// <summary>The command as an operator runs it.</summary>
public sealed class BridgeProcessTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("bridge-test-");

    public void Dispose() => directory.Delete(recursive: true);

    [Fact]
    public async Task A_killed_bridge_closes_the_input_of_its_processes_and_its_socket_can_be_had_again()
    {
        var socket = Path.Combine(directory.FullName, "mcp.sock");
        int id;
        await using (var first = Start(socket))
        {
            id = await SelfAsync(first, socket);
            Assert.Equal(0, Native.Kill(first.Id, Native.SignalKill));
            await first.ExitAsync();
        }

        while (ProcessGroup.IsAlive(id))
        {
            await Task.Yield();
        }

        await using var second = Start(socket);
        await SelfAsync(second, socket);
    }

    [Fact]
    public async Task SIGTERM_ends_the_bridge_and_its_processes_well()
    {
        var socket = Path.Combine(directory.FullName, "mcp.sock");
        await using var bridge = Start(socket);
        var id = await SelfAsync(bridge, socket);
        Assert.Equal(0, Native.Kill(bridge.Id, Native.SignalTerminate));
        Assert.Equal(0, await bridge.ExitAsync());
        Assert.False(ProcessGroup.IsAlive(id));
        Assert.Contains("ended (exit code 0)", bridge.Output, StringComparison.Ordinal);
        Assert.False(File.Exists(socket));
    }

    [Theory]
    [InlineData("--url", "http://0.0.0.0:8081", "--", "sh")]
    [InlineData("--idle", "15", "--", "sh")]
    [InlineData("--idle", "00:00:00", "--", "sh")]
    [InlineData("--max-sessions", "0", "--", "sh")]
    [InlineData("--env", "A=b", "--", "sh")]
    [InlineData("--", "no-such-program-anywhere")]
    [InlineData("--", "/etc/passwd")]
    [InlineData("--")]
    [InlineData("--ulr", "http://127.0.0.1:0", "--", "sh")]
    public async Task What_makes_no_sense_is_said_and_nothing_is_started(params string[] arguments)
    {
        var (exit, output) = await GatewayProcess.RunAsync(directory.FullName, ["bridge", .. arguments]);
        Assert.Equal(1, exit);
        Assert.NotEmpty(output);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_command_it_says_where_that_stands()
    {
        var (exit, output) = await GatewayProcess.RunAsync(directory.FullName, ["bridge"]);
        Assert.Equal((1, "'bridge' needs <command>. After '--': the program of the stdio MCP server and its arguments."), (exit, output.Trim()));
    }

    [Fact]
    public async Task Arguments_of_the_command_are_its_own_and_are_not_logged()
    {
        var socket = Path.Combine(directory.FullName, "mcp.sock");
        await using var bridge = Start(socket, "--Gateway:PublicUrl=secret-canary", "--help", "@x");
        var self = await CallAsync(bridge, socket);
        Assert.Equal(["--Gateway:PublicUrl=secret-canary", "--help", "@x"], self["arguments"]!.AsArray().Skip(1).Select(argument => (string?)argument));
        Assert.DoesNotContain("secret-canary", bridge.Output, StringComparison.Ordinal);
    }

    private GatewayProcess Start(string socket, params string[] arguments) => GatewayProcess.Start(
        directory.FullName, ["bridge", "--url", $"http://unix:{socket}", "--", "/usr/bin/env", "python3", Path.Combine(AppContext.BaseDirectory, "Bridge", "child.py"), .. arguments]);

    private static async Task<int> SelfAsync(GatewayProcess bridge, string socket) => (int)(await CallAsync(bridge, socket))["pid"]!;

    /// <summary>Begins a session over the socket and asks its process for itself.</summary>
    private static async Task<JsonNode> CallAsync(GatewayProcess bridge, string socket)
    {
        await bridge.SaidAsync("Serving ");
        using var client = new HttpMessageInvoker(TestBridge.HandlerTo(socket));
        using var initialize = new HttpRequestMessage(HttpMethod.Post, "http://localhost/mcp") { Content = Body("initialize") };
        using var initialized = await client.SendAsync(initialize, default);
        using var ask = new HttpRequestMessage(HttpMethod.Post, "http://localhost/mcp") { Content = Body("self") };
        ask.Headers.Add("Mcp-Session-Id", initialized.Headers.GetValues("Mcp-Session-Id").Single());
        using var answer = await client.SendAsync(ask, default);
        return (await TestBridge.JsonOfAsync(answer))["result"]!;

        static StringContent Body(string method) => new(TestBridge.Request(1, method).ToJsonString(), null, "application/json");
    }
}
