using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Gateway.Tests.Harness;
using Xunit;

namespace Gateway.Tests.Wire;

/// <summary>A client that is a bare socket: it sees what came, whether it is whole, and how the connection ended.</summary>
internal sealed class SocketClient : IDisposable
{
    /// <summary>Longer than anything here takes: what has not come by then will not come.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private readonly TcpClient client = new();
    private readonly List<byte> received = [];
    private NetworkStream stream = null!;
    private int start;

    private SocketClient()
    {
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<SocketClient> ConnectAsync(string url)
    {
        var client = new SocketClient();
        var address = new Uri(url);
        await client.client.ConnectAsync(address.Host, address.Port, Cancellation);
        client.client.NoDelay = true;
        client.stream = client.client.GetStream();
        return client;
    }

    /// <summary>A sound POST; <paramref name="headers"/> are further lines, each with its line end.</summary>
    public static string Post(string path, string token, string body, string headers = "") =>
        $"POST {path} HTTP/1.1\r\nHost: gateway.test\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n{headers}Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}";

    /// <summary>A sound call of a tool of the weather server.</summary>
    public static string Call(World world) => Post("/weather", world.WeatherToken(), Messages.Call("echo"));

    public static string Get(string path, string token, string headers = "") =>
        $"GET {path} HTTP/1.1\r\nHost: gateway.test\r\nAuthorization: Bearer {token}\r\nAccept: text/event-stream\r\n{headers}\r\n";

    /// <summary>Connects, sends and reads one answer.</summary>
    public static async Task<SocketAnswer> ExchangeAsync(World world, string request)
    {
        using var client = await ConnectAsync(world.Gateway.Url);
        await client.SendAsync(request);
        return await client.AnswerAsync();
    }

    public async Task SendAsync(string text) => await stream.WriteAsync(Encoding.Latin1.GetBytes(text), Cancellation);

    /// <summary>Sends no more, and still listens.</summary>
    public void HalfClose() => client.Client.Shutdown(SocketShutdown.Send);

    /// <summary>Leaves with a reset, as a process does that is killed with bytes unread.</summary>
    public void Reset() => client.Client.Close(0);

    /// <summary>Reads until what came holds this text.</summary>
    public async Task<string> UntilAsync(string text)
    {
        while (true)
        {
            var seen = Encoding.Latin1.GetString([.. received[start..]]);
            if (seen.Contains(text, StringComparison.Ordinal))
            {
                return seen;
            }

            Assert.True(await FillAsync(), $"The connection ended before '{text}' came: {seen}");
        }
    }

    /// <summary>The next answer, interim ones (1xx) left out. Status 0 when the connection ended without one.</summary>
    public async Task<SocketAnswer> AnswerAsync(bool headOnly = false)
    {
        while (true)
        {
            var head = await HeadAsync();
            if (head is null)
            {
                return new SocketAnswer(0, [], "", Complete: false);
            }

            var lines = head.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
            var status = int.Parse(lines[0].AsSpan(9, 3), CultureInfo.InvariantCulture);
            var headers = lines.Skip(1).Select(line => line.Split(": ", 2)).Select(pair => KeyValuePair.Create(pair[0], pair.Length > 1 ? pair[1] : "")).ToList();
            if (status is >= 100 and < 200 and not 101)
            {
                continue;
            }

            return await BodyAsync(new SocketAnswer(status, headers, "", Complete: true), headOnly);
        }
    }

    /// <summary>Reads until the gateway has closed the connection.</summary>
    public async Task<string> EndAsync()
    {
        while (await FillAsync())
        {
            // What came is kept.
        }

        return Take(received.Count - start);
    }

    public void Dispose() => client.Dispose();

    private async Task<SocketAnswer> BodyAsync(SocketAnswer answer, bool headOnly)
    {
        if (headOnly || answer.Status is 204 or 304 or 101)
        {
            return answer;
        }

        if (answer.Header("Transfer-Encoding") == "chunked")
        {
            return await ChunksAsync(answer);
        }

        if (answer.Header("Content-Length") is not { } declared)
        {
            while (await FillAsync())
            {
                // The end of the connection is the end of the body.
            }

            return answer with { Body = Take(received.Count - start) };
        }

        var length = int.Parse(declared, CultureInfo.InvariantCulture);
        while (received.Count - start < length)
        {
            if (!await FillAsync())
            {
                return answer with { Body = Take(received.Count - start), Complete = false };
            }
        }

        return answer with { Body = Take(length) };
    }

    private async Task<SocketAnswer> ChunksAsync(SocketAnswer answer)
    {
        var body = new StringBuilder();
        while (true)
        {
            if (await LineAsync() is not { } size)
            {
                return answer with { Body = body.ToString(), Complete = false };
            }

            var length = int.Parse(size, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            if (length == 0)
            {
                var trailers = new List<KeyValuePair<string, string>>();
                while (await LineAsync() is { Length: > 0 } trailer)
                {
                    var pair = trailer.Split(": ", 2);
                    trailers.Add(KeyValuePair.Create(pair[0], pair[1]));
                }

                return answer with { Body = body.ToString(), Trailers = trailers };
            }

            while (received.Count - start < length + 2)
            {
                if (!await FillAsync())
                {
                    return answer with { Body = body.Append(Take(received.Count - start)).ToString(), Complete = false };
                }
            }

            body.Append(Take(length));
            Take(2);
        }
    }

    private async Task<string?> HeadAsync()
    {
        var head = new StringBuilder();
        while (await LineAsync() is { } line)
        {
            if (line.Length == 0)
            {
                return head.ToString();
            }

            head.Append(line).Append("\r\n");
        }

        return null;
    }

    private async Task<string?> LineAsync()
    {
        while (true)
        {
            for (var i = start; i + 1 < received.Count; i++)
            {
                if (received[i] == '\r' && received[i + 1] == '\n')
                {
                    var line = Take(i - start);
                    Take(2);
                    return line;
                }
            }

            if (!await FillAsync())
            {
                return null;
            }
        }
    }

    private string Take(int count)
    {
        var text = Encoding.Latin1.GetString([.. received[start..(start + count)]]);
        start += count;
        return text;
    }

    /// <summary>Reads more; false when the connection has ended, in order or by a reset.</summary>
    private async Task<bool> FillAsync()
    {
        var buffer = new byte[16 * 1024];
        try
        {
            var read = await stream.ReadAsync(buffer, Cancellation).AsTask().WaitAsync(Patience, Cancellation);
            received.AddRange(buffer.AsSpan(0, read));
            return read > 0;
        }
        catch (IOException)
        {
            return false;
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"Nothing more came, and the connection did not end: {Encoding.Latin1.GetString([.. received[start..]])}");
        }
    }
}

/// <summary>One answer as it came; complete when its framing says that nothing is missing.</summary>
internal sealed record SocketAnswer(int Status, IReadOnlyList<KeyValuePair<string, string>> Headers, string Body, bool Complete)
{
    public IReadOnlyList<KeyValuePair<string, string>> Trailers { get; init; } = [];

    /// <summary>The header's only value; null without it.</summary>
    public string? Header(string name) => Values(name) switch { [] => null, var values => Assert.Single(values) };

    public IReadOnlyList<string> Values(string name) => [.. Headers.Where(header => header.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(header => header.Value)];
}
