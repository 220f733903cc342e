using System.Net;
using Gateway.Tests.Harness;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Gateway.Tests.Wire;

/// <summary>A client may leave at any moment: the work done for it ends, the audit says who left, and nothing is told as a failure of others.</summary>
public sealed class ClientAbortTests
{
    public static TheoryData<string, string> Departures
    {
        get
        {
            var departures = new TheoryData<string, string>();
            foreach (var phase in (string[])["exchange", "call", "answer", "stream"])
            {
                foreach (var how in (string[])["reset", "close", "half-close", "http/2"])
                {
                    departures.Add(phase, how);
                }
            }

            return departures;
        }
    }

    [Theory]
    [MemberData(nameof(Departures))]
    public async Task Whoever_leaves_has_cancelled_and_is_told_as_gone(string phase, string how)
    {
        TaskCompletionSource arrived = new(TaskCreationOptions.RunContinuationsAsynchronously), cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);
        var world = await World.StartAsync(configure: builder => builder.Configuration["Kestrel:EndpointDefaults:Protocols"] = how == "http/2" ? "Http2" : "Http1");
        await using (world)
        {
            if (phase == "exchange")
            {
                world.As.TokenAnswer = async context =>
                {
                    // The exchange has its own time limit: the next caller may still want what it brings.
                    arrived.SetResult();
                    await cancelled.Task;
                    context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
                };
            }

            world.Weather.Answer = async context =>
            {
                context.RequestAborted.Register(() => cancelled.TrySetResult());
                if (phase is "answer" or "stream")
                {
                    context.Response.ContentType = phase == "stream" ? "text/event-stream" : "application/json";
                    await context.Response.Body.WriteAsync("data: 1\n\n"u8.ToArray());
                }

                arrived.SetResult();
                await cancelled.Task;
            };

            await LeaveAsync(world, phase, how, arrived.Task);
            if (phase == "exchange")
            {
                await world.Gateway.Audited;
                cancelled.SetResult();
            }

            await cancelled.Task.WaitAsync(TestContext.Current.CancellationToken);
        }

        var line = Assert.Single(world.Gateway.Audit);
        Assert.Equal(
            phase is "answer" or "stream" ? ("mcp.request.allowed", null, 200) : (phase == "exchange" ? "mcp.request.refused" : "mcp.request.allowed", "client_closed", 499),
            (line["event"]!.GetValue<string>(), line["reason"]?.GetValue<string>(), line["status"]!.GetValue<int>()));
        Assert.DoesNotContain("could not be carried", world.Gateway.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("failed in the gateway", world.Gateway.Log, StringComparison.Ordinal);
        Assert.Equal(phase == "exchange" ? 0 : 1, world.Weather.Requests.Count);
    }

    [Theory]
    [InlineData("length", "reset")]
    [InlineData("chunked", "reset")]
    [InlineData("length", "http/2")]
    public async Task Whoever_leaves_in_the_middle_of_a_body_is_told_as_gone(string framing, string how)
    {
        var world = await World.StartAsync(configure: builder => builder.Configuration["Kestrel:EndpointDefaults:Protocols"] = how == "http/2" ? "Http2" : "Http1");
        await using (world)
        {
            var token = world.WeatherToken();
            if (how == "http/2")
            {
                using var leaving = new CancellationTokenSource();
                using var request = Request(world, token);
                request.Content = new EndlessContent(leaving);
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => world.Gateway.Client.SendAsync(request, leaving.Token));
            }
            else
            {
                using var client = await SocketClient.ConnectAsync(world.Gateway.Url);
                var frame = framing == "length" ? "Content-Length: 100\r\n\r\n{" : "Transfer-Encoding: chunked\r\n\r\n60\r\n{";
                await client.SendAsync($"POST /weather HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n{frame}");

                // The gateway waits for the rest once it has said that it wants a body.
                await client.UntilAsync("HTTP/1.1 100 Continue\r\n\r\n");
                client.Reset();
            }

            await world.Gateway.Audited;
        }

        var line = Assert.Single(world.Gateway.Audit);
        Assert.Equal(("client_closed", 499), (line["reason"]!.GetValue<string>(), line["status"]!.GetValue<int>()));
        Assert.DoesNotContain("failed in the gateway", world.Gateway.Log, StringComparison.Ordinal);
        world.AssertNothingWasSent();
    }

    private static async Task LeaveAsync(World world, string phase, string how, Task arrived)
    {
        var token = world.WeatherToken();
        if (how == "http/2")
        {
            using var leaving = new CancellationTokenSource();
            using var request = Request(world, token);
            request.Content = new ByteArrayContent(System.Text.Encoding.UTF8.GetBytes(Messages.Call("echo"))) { Headers = { ContentType = new("application/json") } };
            var sending = world.Gateway.Client.SendAsync(request, leaving.Token);
            if (phase is "answer" or "stream")
            {
                using var response = await sending;
                await using var body = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
                Assert.Equal('d', await ReadByteAsync(body));
                return;
            }

            await arrived;
            await leaving.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
            return;
        }

        var client = await SocketClient.ConnectAsync(world.Gateway.Url);
        await client.SendAsync(SocketClient.Post("/weather", token, Messages.Call("echo")));
        await arrived;
        if (phase is "answer" or "stream")
        {
            await client.UntilAsync("data: 1");
        }

        switch (how)
        {
            case "reset":
                client.Reset();
                break;
            case "half-close":
                client.HalfClose();
                await client.EndAsync();
                break;
        }

        client.Dispose();
    }

    private static HttpRequestMessage Request(World world, string token) => new(HttpMethod.Post, world.Gateway.Url + "/weather")
    {
        Version = HttpVersion.Version20,
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        Headers = { Authorization = new("Bearer", token) },
    };

    private static async Task<int> ReadByteAsync(Stream stream)
    {
        var buffer = new byte[1];
        await stream.ReadExactlyAsync(buffer, TestContext.Current.CancellationToken);
        return buffer[0];
    }

    /// <summary>A body that begins, and whose sender leaves then.</summary>
    private sealed class EndlessContent : HttpContent
    {
        private readonly CancellationTokenSource leaving;

        public EndlessContent(CancellationTokenSource leaving)
        {
            this.leaving = leaving;
            Headers.ContentType = new("application/json");
        }

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, default);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            await stream.WriteAsync("{"u8.ToArray(), cancellationToken);
            await stream.FlushAsync(cancellationToken);
            await leaving.CancelAsync();
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
