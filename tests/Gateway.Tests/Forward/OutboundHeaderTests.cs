using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Gateway.Tests.Wire;
using Harness.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Gateway.Tests.Forward;

/// <summary>The head of an outbound request, line by line as it arrives.</summary>
public sealed class OutboundHeaderTests
{
    [Fact]
    public async Task Exactly_the_named_headers_arrive_and_the_gateways_own()
    {
        await using var server = SocketMcpServer.Start();
        await using var world = await StartAsync(server);

        var head = await HeadAsync(world, server, "/weather", """
            Accept: application/json, text/event-stream
            Accept-Language: de
            accept-language: en
            Accept-Encoding: gzip
            User-Agent: agent/1
            Content-Language: de
            X-Tenant: a
            X-Other: b
            X-Forwarded-For: 192.0.2.1
            Cookie: a=b
            X-Request-Id: client
            """);

        Assert.Equal("POST /mcp HTTP/1.1", head[0]);
        Assert.Equal(
            [
                "Accept-Encoding: gzip", "Accept-Language: de, en", "Accept: application/json, text/event-stream", "Content-Language: de",
                $"Content-Length: {Messages.Call("echo").Length}", "Content-Type: application/json", $"Host: {new Uri(server.Url).Authority}", "User-Agent: agent/1",
                $"X-Request-ID: {world.Gateway.Audit[^1]["request_id"]!.GetValue<string>()}", "X-Tenant: a",
            ],
            Sorted(head));

        // A trace goes along where somebody in this process listens to traces, as other tests do.
        static IEnumerable<string> Sorted(string[] head) => head[1..].Where(line => !line.StartsWith("traceparent: ", StringComparison.Ordinal)).Order(StringComparer.Ordinal);
    }

    [Theory]
    [InlineData("keep-alive", true)]
    [InlineData("close", true)]
    [InlineData("X-Other", true)]
    [InlineData("X-Tenant", false)]
    [InlineData("x-tenant", false)]
    [InlineData("X-Tenant ,X-Other", false)]
    [InlineData("X-Tenant\nConnection: X-Other", false)]
    public async Task What_Connection_names_goes_no_further(string connection, bool arrives)
    {
        await using var server = SocketMcpServer.Start();
        await using var world = await StartAsync(server);

        var head = await HeadAsync(world, server, "/weather", $"Connection: {connection}\nX-Tenant: a\nUser-Agent: agent/1");

        Assert.Equal(arrives, head.Contains("X-Tenant: a"));
        Assert.Contains("User-Agent: agent/1", head);
    }

    [Theory]
    [InlineData("/weather?a=1&b=%2F", "/mcp?a=1&b=%2F")]
    [InlineData("/weather/deeper", "/mcp/deeper")]
    [InlineData("/weather/deeper?a=1", "/mcp/deeper?a=1")]
    public async Task The_rest_of_the_path_and_the_query_arrive_as_they_came(string asked, string arrives)
    {
        await using var server = SocketMcpServer.Start();
        await using var world = await StartAsync(server);

        Assert.Equal($"POST {arrives} HTTP/1.1", (await HeadAsync(world, server, asked, "Accept: */*"))[0]);
    }

    [Theory]
    [InlineData("tools/call", true)]
    [InlineData("tools/list", false)]
    public async Task An_answer_that_the_gateway_reads_is_not_asked_for_compressed(string method, bool compressed)
    {
        await using var server = SocketMcpServer.Start();
        await using var world = await StartAsync(server, weather => (weather["FilterLists"], weather["Operations"]) = (true, new JsonArray(new JsonObject { ["Method"] = "tools/call", ["Name"] = "secret", ["Deny"] = true })));

        var head = await HeadAsync(world, server, "/weather", "Accept-Encoding: gzip\nAccept-Language: de", method == "tools/call" ? Messages.Call("echo") : Messages.Of(method));

        Assert.Equal(compressed, head.Contains("Accept-Encoding: gzip"));
        Assert.Contains("Accept-Language: de", head);
    }

    [Fact]
    public async Task A_server_on_a_socket_is_told_no_path_of_a_file_as_its_host()
    {
        var directory = Directory.CreateTempSubdirectory("outbound-").FullName;
        var socket = Path.Combine(directory, "s");
        var host = "";
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(socket));
        await using (var listening = builder.Build())
        {
            listening.Run(context =>
            {
                host = context.Request.Host.Value;
                return context.Response.WriteAsync("{}");
            });
            await listening.StartAsync(TestContext.Current.CancellationToken);
            await using var world = await World.StartAsync(options => (options["Servers"]!["weather"]!["Destinations"], options["Servers"]!["weather"]!["Outbound"]) =
                (new JsonArray($"http://unix:{socket}:/mcp"), new JsonObject { ["Mode"] = "none", ["Resource"] = "https://weather.internal/mcp" }));

            Assert.Equal(200, (await world.Gateway.CallAsync("/weather", world.WeatherToken())).Status);
        }

        Assert.Equal("localhost", host);
        Directory.Delete(directory, recursive: true);
    }

    private static Task<World> StartAsync(SocketMcpServer server, Action<JsonNode>? change = null) => World.StartAsync(server.Url, weather =>
    {
        weather["Outbound"] = new JsonObject { ["Mode"] = "none" };
        weather["ForwardHeaders"] = new JsonArray("X-Tenant");
        change?.Invoke(weather);
    });

    private static async Task<string[]> HeadAsync(World world, SocketMcpServer server, string path, string headers, string? body = null)
    {
        var lines = string.Concat(headers.ReplaceLineEndings("\n").Split('\n').Select(line => line + "\r\n"));
        var answer = await SocketClient.ExchangeAsync(world, SocketClient.Post(path, world.WeatherToken(), body ?? Messages.Call("echo"), lines));
        Assert.Equal(202, answer.Status);
        return Assert.Single(server.Requests).Split("\r\n\r\n")[0].Split("\r\n");
    }
}
