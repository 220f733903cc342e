using System.Net;
using System.Text;
using Gateway.Bridge;
using Xunit;

namespace Gateway.Tests.Bridge;

/// <summary>Who may ask: what stands on this machine and is no web page.</summary>
public sealed class GuardTests
{
    private const string Body = """{"jsonrpc":"2.0","id":1,"method":"initialize"}""";

    [Theory]
    [InlineData("Origin", "http://127.0.0.1:8081", 403)]
    [InlineData("Origin", "http://localhost", 403)]
    [InlineData("Origin", "null", 403)]
    [InlineData("Origin", "", 403)]
    [InlineData("Host", "attacker.example", 403)]
    [InlineData("Host", "127.0.0.1.attacker.example:8081", 403)]
    [InlineData("Host", "127.0.0.2", 403)]
    [InlineData("Host", "[::2]", 403)]
    [InlineData("Host", "localhost.", 403)]
    [InlineData("Host", "localhost:9", 200)]
    [InlineData("Host", "LOCALHOST", 200)]
    [InlineData("Host", "[::1]:8081", 200)]
    [InlineData("Content-Type", "text/plain", 415)]
    [InlineData("Content-Type", "application/x-www-form-urlencoded", 415)]
    [InlineData("Content-Type", "application/json-rpc", 415)]
    [InlineData("Content-Type", "application/json; charset=utf-16", 415)]
    [InlineData("Content-Type", "", 415)]
    [InlineData("Content-Type", "Application/JSON; charset=UTF-8", 200)]
    [InlineData("Content-Encoding", "gzip", 415)]
    [InlineData("Accept", "text/html", 406)]
    [InlineData("Accept", "application/json", 406)]
    [InlineData("Accept", "*/*", 200)]
    public async Task A_request_is_taken_or_refused_by_its_headers(string name, string value, int status)
    {
        await using var bridge = await TestBridge.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, bridge.Url) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(Body)) };
        if (name.StartsWith("Content-", StringComparison.Ordinal))
        {
            request.Content.Headers.TryAddWithoutValidation(name, value);
        }
        else
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        if (name != "Content-Type")
        {
            request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        }

        using var response = await bridge.Client.SendAsync(request, default);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(status == 200, bridge.Log.Text.Contains("ChildStarted", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/mcp/")]
    [InlineData("/MCP")]
    [InlineData("/mcp/x")]
    public async Task Nothing_is_elsewhere(string path)
    {
        await using var bridge = await TestBridge.StartAsync();
        using var response = await bridge.Client.SendAsync(new HttpRequestMessage(HttpMethod.Post, new Uri(bridge.Url, path)) { Content = new StringContent(Body, null, "application/json") }, default);
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    [Fact]
    public async Task A_socket_is_its_owners_alone_and_never_taken_from_a_bridge_that_serves()
    {
        var directory = Directory.CreateTempSubdirectory("bridge-test-");
        try
        {
            var path = Path.Combine(directory.FullName, "mcp.sock");
            Assert.True(BridgeAddress.TryParse($"http://unix:{path}", out var address));
            await using var bridge = await TestBridge.StartAsync(settings => settings with { Address = address }, TimeProvider.System);
            Assert.True(OperatingSystem.IsLinux() && File.GetUnixFileMode(path) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
            await bridge.InitializeAsync();
            await Assert.ThrowsAsync<IOException>(() => TestBridge.StartAsync(settings => settings with { Address = address }, TimeProvider.System));
            await bridge.InitializeAsync();
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("http://127.0.0.1:8081", true)]
    [InlineData("http://localhost:8081/", true)]
    [InlineData("http://[::1]:8081", true)]
    [InlineData("http://unix:/run/mcp.sock", true)]
    [InlineData("http://0.0.0.0:8081", false)]
    [InlineData("http://[::]:8081", false)]
    [InlineData("http://*:8081", false)]
    [InlineData("http://+:8081", false)]
    [InlineData("http://192.168.1.1:8081", false)]
    [InlineData("http://localhost.example.com:8081", false)]
    [InlineData("https://127.0.0.1:8081", false)]
    [InlineData("http://127.0.0.1:8081/mcp", false)]
    [InlineData("http://user@127.0.0.1:8081", false)]
    [InlineData("http://unix:mcp.sock", false)]
    [InlineData("http://unix:/run/", false)]
    [InlineData("127.0.0.1:8081", false)]
    public void It_listens_on_this_machine_alone(string url, bool isTaken) => Assert.Equal(isTaken, BridgeAddress.TryParse(url, out _));
}
