using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Deputy.Wire;

/// <summary>A client that is a bare socket: sends what no library would, and sees what came.</summary>
internal sealed class RawClient : IDisposable
{
    private readonly TcpClient client = new() { NoDelay = true };
    private NetworkStream stream = null!;
    private ByteReader reader = null!;

    private RawClient()
    {
    }

    public static async Task<RawClient?> ConnectAsync(int port)
    {
        var raw = new RawClient();
        try
        {
            await raw.client.ConnectAsync(IPAddress.Loopback, port);
        }
        catch (SocketException)
        {
            raw.Dispose();
            return null;
        }

        raw.stream = raw.client.GetStream();
        raw.reader = new ByteReader(raw.stream, keep: true);
        return raw;
    }

    /// <summary>Connects, sends, reads one answer and leaves.</summary>
    public static async Task<Answer> ExchangeAsync(int port, byte[] request, TimeSpan timeout, bool headOnly = false)
    {
        using var client = await ConnectAsync(port);
        if (client is null)
        {
            return new Answer(0, [], "", "", Ending.Refused);
        }

        await client.SendAsync(request);
        return await client.AnswerAsync(timeout, headOnly);
    }

    public async Task SendAsync(byte[] bytes)
    {
        try
        {
            await stream.WriteAsync(bytes);
        }
        catch (IOException)
        {
            // The other side refuses to read on: what it answered is read next.
        }
    }

    public Task SendAsync(string text) => SendAsync(Encoding.Latin1.GetBytes(text));

    /// <summary>The next answer, interim ones left out.</summary>
    public async Task<Answer> AnswerAsync(TimeSpan timeout, bool headOnly = false)
    {
        using var limit = new CancellationTokenSource(timeout);
        var (status, headers, body) = (0, new List<KeyValuePair<string, string>>(), "");
        try
        {
            while (status is 0 or (>= 100 and < 200 and not 101))
            {
                headers.Clear();
                if (await reader.LineAsync(limit.Token) is not { } line)
                {
                    return new Answer(0, [], "", reader.Kept, Ending.Closed);
                }

                _ = line.Length >= 12 && int.TryParse(line.AsSpan(9, 3), NumberStyles.None, CultureInfo.InvariantCulture, out status);
                while (await reader.LineAsync(limit.Token) is { Length: > 0 } header)
                {
                    var pair = header.Split(':', 2);
                    headers.Add(KeyValuePair.Create(pair[0], pair.Length > 1 ? pair[1].Trim() : ""));
                }
            }

            var answer = new Answer(status, headers, "", "", Ending.Complete);
            if (headOnly || status is 204 or 304 or 101)
            {
                return answer with { Raw = reader.Kept };
            }

            if (answer.Header("Transfer-Encoding") is not null)
            {
                return await ChunksAsync(answer, limit.Token);
            }

            if (int.TryParse(answer.Header("Content-Length"), NumberStyles.None, CultureInfo.InvariantCulture, out var length))
            {
                var bytes = await reader.BytesAsync(length, limit.Token);
                return answer with { Body = Encoding.UTF8.GetString(bytes ?? []), Raw = reader.Kept, Ending = bytes is null ? Ending.Closed : Ending.Complete };
            }

            body = Encoding.UTF8.GetString(await reader.RestAsync(limit.Token));
            return answer with { Body = body, Raw = reader.Kept };
        }
        catch (OperationCanceledException)
        {
            return new Answer(status, headers, body, reader.Kept, Ending.TimedOut);
        }
    }

    /// <summary>Reads until this text came, the other side closed, or the time is up; says all that came.</summary>
    public async Task<(string Seen, Ending Ending)> UntilAsync(string text, TimeSpan timeout)
    {
        using var limit = new CancellationTokenSource(timeout);
        try
        {
            while (!reader.Kept.Contains(text, StringComparison.Ordinal))
            {
                if (await reader.LineAsync(limit.Token) is null)
                {
                    return (reader.Kept, Ending.Closed);
                }
            }

            return (reader.Kept, Ending.Complete);
        }
        catch (OperationCanceledException)
        {
            return (reader.Kept, Ending.TimedOut);
        }
    }

    /// <summary>Everything until the other side closes or is silent for so long.</summary>
    public async Task<(string Seen, Ending Ending)> AllAsync(TimeSpan timeout)
    {
        using var limit = new CancellationTokenSource(timeout);
        try
        {
            await reader.RestAsync(limit.Token);
            return (reader.Kept, Ending.Closed);
        }
        catch (OperationCanceledException)
        {
            return (reader.Kept, Ending.TimedOut);
        }
    }

    /// <summary>Passes on everything that comes, until the other side closes or has said one whole answer with a length.</summary>
    public async Task CopyAsync(Reply to, CancellationToken cancellation)
    {
        var buffer = new byte[16 * 1024];
        var seen = new System.Text.StringBuilder();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        try
        {
            int read;
            while ((read = await stream.ReadAsync(buffer, limit.Token)) > 0)
            {
                await to.WriteAsync(buffer.AsMemory(0, read));
                if (seen.Length < 100_000)
                {
                    seen.Append(Encoding.Latin1.GetString(buffer, 0, read));
                }

                if (IsWhole(seen.ToString()))
                {
                    // A second answer may follow the first; what is sent at once is passed on, too.
                    limit.CancelAfter(TimeSpan.FromMilliseconds(20));
                }
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            // Either side left.
        }
    }

    private static bool IsWhole(string text)
    {
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        var length = text.Split("\r\n").FirstOrDefault(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase));
        return end >= 0 && (length is null ? text.EndsWith("0\r\n\r\n", StringComparison.Ordinal) : text.Length >= end + 4 + int.Parse(length.AsSpan(15), NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture));
    }

    public void HalfClose() => client.Client.Shutdown(SocketShutdown.Send);

    public void Dispose() => client.Dispose();

    private async Task<Answer> ChunksAsync(Answer answer, CancellationToken cancellation)
    {
        using var body = new MemoryStream();
        var ending = Ending.Closed;
        try
        {
            while (await reader.LineAsync(cancellation) is { } size)
            {
                if (!int.TryParse(size.Split(';')[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var length))
                {
                    break;
                }

                if (length == 0)
                {
                    while (await reader.LineAsync(cancellation) is { Length: > 0 })
                    {
                        // Trailers are in what was kept.
                    }

                    ending = Ending.Complete;
                    break;
                }

                if (await reader.BytesAsync(length, cancellation) is not { } bytes)
                {
                    break;
                }

                body.Write(bytes);
                await reader.LineAsync(cancellation);
            }
        }
        catch (OperationCanceledException)
        {
            ending = Ending.TimedOut;
        }

        return answer with { Body = Encoding.UTF8.GetString(body.ToArray()), Raw = reader.Kept, Ending = ending };
    }
}
