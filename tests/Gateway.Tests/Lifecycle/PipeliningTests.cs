using System.Net;
using System.Net.Sockets;
using System.Text;
using Gateway.Tests.Wire;
using Xunit;

namespace Gateway.Tests.Lifecycle;

/// <summary>Strangers send requests without waiting for answers, as HTTP/1.1 allows (RFC 9112 §9.3.2), and never pause. Others are served all the same.</summary>
[Collection(nameof(Floods))]
public sealed class PipeliningTests : IDisposable
{
    private const int Calls = 20;

    private readonly string directory = Directory.CreateTempSubdirectory("gateway-pipelining-").FullName;
    private readonly CancellationTokenSource over = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        over.Dispose();
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task A_caller_is_answered_beside_strangers_who_never_wait_for_an_answer()
    {
        await File.WriteAllTextAsync(Path.Combine(directory, "gateway.json"), ProcessTests.Good, Cancellation);
        await using var gateway = GatewayProcess.Start(directory, "run", "--urls=http://127.0.0.1:0", "--Logging:LogLevel:Gateway.Audit=None");
        var url = new Uri(await gateway.Listening.WaitAsync(Cancellation));

        // As many as keep every thread that serves sockets, and as many again.
        Task[] strangers = [.. Enumerable.Range(0, 2 * Environment.ProcessorCount).Select(_ => Task.Run(() => FloodAsync(url)))];
        var statuses = new List<HttpStatusCode>();
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = SocketClient.Patience };
        for (var call = 0; call < Calls; call++)
        {
            using var answer = await client.GetAsync(new Uri(url, "weather"), Cancellation);
            statuses.Add(answer.StatusCode);
        }

        await over.CancelAsync();
        await Task.WhenAll(strangers);
        Assert.Equal(Enumerable.Repeat(HttpStatusCode.Unauthorized, Calls), statuses);
    }

    private async Task FloodAsync(Uri url)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(url.Host, url.Port, over.Token);
        const string Request = "POST /weather HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 0\r\n\r\n";
        var requests = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(Request, 400)));
        var answers = new byte[256 * 1024];
        try
        {
            // One that is waited for: what comes after it comes to a thread that waits for sockets.
            await client.GetStream().WriteAsync(requests.AsMemory(0, Request.Length), over.Token);
            Assert.NotEqual(0, await client.GetStream().ReadAsync(answers, over.Token));
            await Task.WhenAll(SendAsync(), ReceiveAsync());
        }
        catch (OperationCanceledException)
        {
            // The end.
        }

        async Task SendAsync()
        {
            while (true)
            {
                await client.GetStream().WriteAsync(requests, over.Token);
            }
        }

        async Task ReceiveAsync()
        {
            while (await client.GetStream().ReadAsync(answers, over.Token) > 0)
            {
                // What a stranger is told matters to nobody.
            }
        }
    }
}
