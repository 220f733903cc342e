using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Xunit;

namespace Harness;

/// <summary>
/// An authorization server on a bare socket: it keeps the exact bytes of every request, and answers as a test says, or not
/// at all. Metadata and keys are always sound.
/// </summary>
internal sealed class StubAuthorizationServer : IAsyncDisposable
{
    private readonly CancellationTokenSource stopped = new();
    private readonly ConcurrentQueue<RecordedRequest> requests = new();
    private readonly Channel<RecordedRequest> arrivals = Channel.CreateUnbounded<RecordedRequest>();
    private readonly ConcurrentDictionary<Socket, object?> connections = new();
    private readonly Socket reserved;
    private int mostConnections;
    private TcpListener listener = null!;

    public StubAuthorizationServer()
    {
        // Bound and never listening: while nobody listens, the port is refused, and nobody else is given it.
        reserved = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        reserved.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        reserved.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Port = ((IPEndPoint)reserved.LocalEndPoint!).Port;
        ListenAgain();
    }

    public int Port { get; }

    public string Issuer => $"http://127.0.0.1:{Port}";

    public Uri TokenEndpoint => new(Issuer + "/token");

    public TestKey Key { get; init; } = TestKeys.Es256;

    /// <summary>Answers requests to the token and introspection endpoints.</summary>
    public Func<RecordedRequest, StubAnswer> Answer { get; set; } = _ => StubAnswer.Error(400, "invalid_request");

    /// <summary>The most connections that were open at one time.</summary>
    public int MostConnections => Volatile.Read(ref mostConnections);

    /// <summary>What was posted so far, in order.</summary>
    public IReadOnlyList<RecordedRequest> Posts => [.. requests.Where(request => request.Method == "POST")];

    public RecordedRequest Post => Assert.Single(Posts);

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
    public void StopListening() => listener.Stop();

    public void ListenAgain()
    {
        listener = new TcpListener(IPAddress.Loopback, Port);
        listener.Server.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        listener.Start();
        _ = AcceptAsync(listener);
    }

    public async ValueTask DisposeAsync()
    {
        await stopped.CancelAsync();
        listener.Stop();
        reserved.Dispose();
        foreach (var connection in connections.Keys)
        {
            connection.Dispose();
        }
    }

    private async Task AcceptAsync(TcpListener accepting)
    {
        try
        {
            while (true)
            {
                var socket = await accepting.AcceptSocketAsync(stopped.Token);
                connections.TryAdd(socket, null);

                // One loop at a time accepts, so that nobody else writes this.
                Volatile.Write(ref mostConnections, Math.Max(mostConnections, connections.Count));
                _ = ServeAsync(socket);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Told to stop.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        try
        {
            var stream = new NetworkStream(socket, ownsSocket: true);
            await using (stream)
            {
                var request = await RecordedRequest.ReadAsync(stream, stopped.Token);
                requests.Enqueue(request);
                if (request.Method == "POST")
                {
                    // The answer is chosen first, so that who sees the arrival may change it for the next.
                    var answer = Answer(request);
                    arrivals.Writer.TryWrite(request);
                    await answer.SendAsync(socket, stream, stopped.Token);
                }
                else
                {
                    await StubAnswer.Json(200, request.Target.EndsWith("/jwks", StringComparison.Ordinal) ? TestKey.Jwks(Key.Jwk()) : Metadata()).SendAsync(socket, stream, stopped.Token);
                }
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The other side left.
        }
        finally
        {
            connections.TryRemove(socket, out _);
        }
    }

    private string Metadata() => new JsonObject
    {
        ["issuer"] = Issuer,
        ["jwks_uri"] = Issuer + "/jwks",
        ["token_endpoint"] = Issuer + "/token",
        ["introspection_endpoint"] = Issuer + "/introspect",
    }.ToJsonString();
}

/// <summary>One request as it came over the socket.</summary>
internal sealed record RecordedRequest(string Head, string Body)
{
    public string Method => Head[..Head.IndexOf(' ', StringComparison.Ordinal)];

    public string Target => Head.Split(' ')[1];

    public string Bytes => Head + Body;

    /// <summary>The parameters of the form, in order.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Form =>
        [.. Body.Split('&').Select(pair => pair.Split('=')).Select(pair => KeyValuePair.Create(WebUtility.UrlDecode(pair[0]), WebUtility.UrlDecode(pair[1])))];

    /// <summary>The only parameter of that name; null when there is none.</summary>
    public string? this[string name] => Form.Where(pair => pair.Key == name).Select(pair => pair.Value).SingleOrDefault();

    public string? Header(string name) =>
        Head.Split("\r\n").Where(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase)).Select(line => line[(name.Length + 1)..].Trim()).SingleOrDefault();

    public static async Task<RecordedRequest> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        var read = new List<byte>();
        var chunk = new byte[4096];
        while (true)
        {
            var head = Encoding.Latin1.GetString([.. read]);
            var end = head.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end >= 0)
            {
                var request = new RecordedRequest(head[..(end + 4)], head[(end + 4)..]);
                if (request.Body.Length >= int.Parse(request.Header("Content-Length") ?? "0", System.Globalization.CultureInfo.InvariantCulture))
                {
                    return request;
                }
            }

            var count = await stream.ReadAsync(chunk, cancellationToken);
            read.AddRange(count > 0 ? chunk[..count] : throw new IOException("The client left."));
        }
    }
}
