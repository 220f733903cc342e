using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Gateway.Tests.Revocation.Shared;

/// <summary>What a client of the Redis protocol takes for a server, and what gives one answer to whatever is asked of it then.</summary>
internal sealed class OddState : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly string answer;
    private readonly bool toAll;
    private readonly Task accepting;

    /// <summary>Whether it can be read, and holds nothing.</summary>
    public bool IsEmpty { get; init; }

    /// <summary>Its time of day, which it tells; null: to that as well it gives the one answer.</summary>
    public DateTimeOffset? Time { get; init; }

    /// <summary>It is a sentinel that knows primaries of these names alone; null: none.</summary>
    public string[]? Primaries { get; init; }

    /// <summary>Gives that answer to whatever is no part of the greeting; <paramref name="toAll"/>: to that as well.</summary>
    public OddState(string answer, bool toAll = false)
    {
        (this.answer, this.toAll) = (answer, toAll);
        listener.Start();
        accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    public async ValueTask DisposeAsync()
    {
        listener.Stop();
        await accepting;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await listener.AcceptTcpClientAsync());
            }
        }
        catch (Exception exception) when (exception is SocketException or InvalidOperationException)
        {
            // No more come.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        using (var reader = new StreamReader(client.GetStream(), Encoding.Latin1))
        {
            try
            {
                while (await reader.ReadLineAsync() is ['*', .. var count])
                {
                    var words = new string[int.Parse(count, CultureInfo.InvariantCulture)];
                    for (var i = 0; i < words.Length; i++)
                    {
                        var word = new char[int.Parse((await reader.ReadLineAsync())![1..], CultureInfo.InvariantCulture) + 2];
                        await reader.ReadBlockAsync(word);
                        words[i] = new string(word[..^2]);
                    }

                    await client.GetStream().WriteAsync(Encoding.Latin1.GetBytes(AnswerTo(words)));
                }
            }
            catch (IOException)
            {
                // The client has left.
            }
        }
    }

    private string AnswerTo(string[] words) => words[0].ToUpperInvariant() switch
    {
        _ when toAll => answer,
        "ECHO" when Primaries is not null => "-ERR unknown command\r\n",
        "ECHO" => $"${words[1].Length}\r\n{words[1]}\r\n",
        "PING" => "+PONG\r\n",
        "GET" when IsEmpty => "$-1\r\n",
        "ZRANGEBYSCORE" or "ZRANGE" when IsEmpty => "*0\r\n",
        "TIME" when Time?.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture) is { } seconds => $"*2\r\n${seconds.Length}\r\n{seconds}\r\n$1\r\n0\r\n",
        "SUBSCRIBE" => $"*3\r\n$9\r\nsubscribe\r\n${words[1].Length}\r\n{words[1]}\r\n:1\r\n",
        "SENTINEL" when Primaries is { } names => words[1].ToUpperInvariant() switch
        {
            "MASTERS" => $"*{names.Length}\r\n" + string.Concat(names.Select(name => $"*4\r\n$4\r\nname\r\n${name.Length}\r\n{name}\r\n$2\r\nip\r\n$9\r\n127.0.0.1\r\n")),
            "GET-MASTER-ADDR-BY-NAME" => "*-1\r\n",
            _ => "-ERR No such master with that name\r\n",
        },
        "INFO" when Primaries is not null => "$21\r\nredis_mode:sentinel\r\n\r\n",
        "CLIENT" or "CONFIG" or "INFO" or "CLUSTER" or "SENTINEL" or "HELLO" => "-ERR unknown command\r\n",
        _ => answer,
    };
}
