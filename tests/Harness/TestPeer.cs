using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Harness;

/// <summary>
/// Somebody whom a gateway asks over HTTP, on a port of this machine: it keeps the exact bytes of every request, and answers
/// soundly or, as a <see cref="StubAnswer"/> says, with any bytes, in drips, late, never, or by a reset. It can stop listening.
/// </summary>
public class TestPeer : IAsyncDisposable
{
    private static readonly Lazy<IServiceProvider> TlsServices = new(() =>
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        return builder.Build().Services;
    });

    private readonly LoopbackPort port = new();
    private readonly KestrelServer server;
    private readonly ConcurrentQueue<RecordedRequest> requests = new();
    private readonly Channel<RecordedRequest> arrivals = Channel.CreateUnbounded<RecordedRequest>();

    /// <summary>Starts one, over TLS if that is given, for a client that knows it by this name.</summary>
    public TestPeer(HttpsConnectionAdapterOptions? https = null, string host = "127.0.0.1")
    {
        Origin = $"{(https is null ? "http" : "https")}://{host}:{Port}";
        var options = new KestrelServerOptions { AddServerHeader = false };
        options.Listen(port.EndPoint, listen =>
        {
            // One request after the other, so that the bytes of each can be told from those of the next.
            listen.Protocols = HttpProtocols.Http1;
            if (https is not null)
            {
                options.ApplicationServices = TlsServices.Value;
                listen.UseHttps(https);
            }

            listen.Use(next => connection => RecordAsync(next, connection));
        });
        server = new KestrelServer(Options.Create(options), port, NullLoggerFactory.Instance);

        // It listens already, and nobody knows the port: nothing is waited for.
        server.StartAsync(new Application(ServeAsync), CancellationToken.None).GetAwaiter().GetResult();
    }

    public int Port => port.Number;

    /// <summary>Say, <c>http://127.0.0.1:port</c>.</summary>
    public string Origin { get; }

    /// <summary>Answers whatever is posted, to any address, past HTTP and TLS, on a connection that ends with the answer; null: the sound answer.</summary>
    public Func<RecordedRequest, StubAnswer>? WireAnswer { get; set; }

    /// <summary>How many connections are open.</summary>
    public int Connections => port.Open;

    /// <summary>The most connections that were open at one time.</summary>
    public int MostConnections => port.Most;

    /// <summary>Everything that came so far, in order.</summary>
    public IReadOnlyList<RecordedRequest> Recorded => [.. requests];

    /// <summary>What was posted so far, in order.</summary>
    public IReadOnlyList<RecordedRequest> Posts => [.. requests.Where(request => request.Method == "POST")];

    /// <summary>The only post so far.</summary>
    public RecordedRequest Post => Posts.Single();

    /// <summary>Waits for the next post that nobody waited for yet, after <paramref name="skip"/> others; it has been read whole, and perhaps not been answered.</summary>
    public async Task<RecordedRequest> ArrivalAsync(int skip = 0)
    {
        using var tooLong = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        for (; skip > 0; skip--)
        {
            await arrivals.Reader.ReadAsync(tooLong.Token);
        }

        return await arrivals.Reader.ReadAsync(tooLong.Token);
    }

    /// <summary>Makes connections be refused.</summary>
    public void StopListening() => port.Refuse();

    public void ListenAgain() => port.Listen();

    public virtual async ValueTask DisposeAsync()
    {
        // Whatever is still waited for is broken off.
        await server.StopAsync(new CancellationToken(canceled: true));
        server.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>The sound answer; the body may be read again.</summary>
    protected virtual Task SoundlyAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }

    private static Task RecordAsync(ConnectionDelegate next, ConnectionContext connection)
    {
        var input = new RecordedInput(connection.Transport.Input);
        connection.Features.Set(input);
        connection.Transport = new Duplex(input, connection.Transport.Output);
        return next(connection);
    }

    private async Task ServeAsync(HttpContext context)
    {
        var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        body.Position = 0;
        context.Request.Body = body;
        var request = new RecordedRequest(context.Features.GetRequiredFeature<RecordedInput>().Take());
        requests.Enqueue(request);

        // The answer is chosen first, so that who sees the arrival may change it for the next.
        var answer = request.Method == "POST" ? WireAnswer?.Invoke(request) : null;
        if (request.Method == "POST")
        {
            arrivals.Writer.TryWrite(request);
        }

        await (answer is null ? SoundlyAsync(context) : SendAsync(answer, context));
    }

    /// <summary>Sends the answer past the server, and ends the connection.</summary>
    private static async Task SendAsync(StubAnswer answer, HttpContext context)
    {
        var socket = context.Features.GetRequiredFeature<IConnectionSocketFeature>().Socket;
        try
        {
            await using var stream = new NetworkStream(socket, ownsSocket: true);
            await answer.SendAsync(socket, stream, context.RequestAborted);
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The other side left.
        }

        context.Abort();
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    private sealed class Application(RequestDelegate serve) : IHttpApplication<HttpContext>
    {
        public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

        public Task ProcessRequestAsync(HttpContext context) => serve(context);

        public void DisposeContext(HttpContext context, Exception? exception)
        {
        }
    }
}
