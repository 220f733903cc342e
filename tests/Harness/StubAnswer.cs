using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Harness;

/// <summary>What a <see cref="TestPeer"/> does with one request, past all that HTTP allows; the connection ends with it.</summary>
public sealed class StubAnswer
{
    private readonly Func<Socket, Stream, CancellationToken, Task> send;

    private StubAnswer(Func<Socket, Stream, CancellationToken, Task> send) => this.send = send;

    /// <summary>What is sent; empty when that is not known beforehand.</summary>
    public string Text { get; private init; } = "";

    /// <summary>Never answers; the connection stays.</summary>
    public static StubAnswer Hang { get; } = new((_, _, cancellationToken) => Task.Delay(Timeout.Infinite, cancellationToken));

    /// <summary>Resets the connection.</summary>
    public static StubAnswer Reset { get; } = new((socket, _, _) =>
    {
        socket.LingerState = new LingerOption(true, 0);
        socket.Close();
        return Task.CompletedTask;
    });

    /// <summary>Closes the connection without a word.</summary>
    public static StubAnswer Close { get; } = new((_, _, _) => Task.CompletedTask);

    public static StubAnswer Json(int status, string body, string headers = "") => Raw(status, "Content-Type: application/json\r\n" + headers, body);

    /// <summary>Any headers and body; the length is added.</summary>
    public static StubAnswer Raw(int status, string headers, string body) =>
        Bytes($"HTTP/1.1 {status} Because\r\n{headers}Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\nConnection: close\r\n\r\n{body}");

    /// <summary>Exactly these bytes, then the end of the connection.</summary>
    public static StubAnswer Bytes(string bytes) => new((_, stream, cancellationToken) => stream.WriteAsync(Encoding.UTF8.GetBytes(bytes), cancellationToken).AsTask()) { Text = bytes };

    /// <summary>Another answer, once <paramref name="released"/> has completed.</summary>
    public static StubAnswer After(Task released, StubAnswer answer) => new(async (socket, stream, cancellationToken) =>
    {
        await released.WaitAsync(cancellationToken);
        await answer.SendAsync(socket, stream, cancellationToken);
    });

    /// <summary>Promises an answer and gives one byte of it each second of the clock.</summary>
    public static StubAnswer Drip(TimeProvider clock, string body) => new(async (_, stream, cancellationToken) =>
    {
        await stream.WriteAsync(Encoding.UTF8.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n"), cancellationToken);
        using var seconds = new PeriodicTimer(TimeSpan.FromSeconds(1), clock);
        foreach (var octet in Encoding.UTF8.GetBytes(body))
        {
            await stream.WriteAsync(new[] { octet }, cancellationToken);
            await seconds.WaitForNextTickAsync(cancellationToken);
        }
    });

    public static StubAnswer Error(int status, string code, string? description = null, JsonObject? more = null)
    {
        var body = more ?? [];
        body["error"] = code;
        if (description is not null)
        {
            body["error_description"] = description;
        }

        return Json(status, body.ToJsonString());
    }

    /// <summary>A sound answer with the given token; <paramref name="change"/> may spoil it.</summary>
    public static StubAnswer Token(string token, Action<JsonObject>? change = null)
    {
        var body = new JsonObject
        {
            ["access_token"] = token,
            ["issued_token_type"] = "urn:ietf:params:oauth:token-type:access_token",
            ["token_type"] = "Bearer",
            ["expires_in"] = 300,
        };
        change?.Invoke(body);
        return Json(200, body.ToJsonString());
    }

    public Task SendAsync(Socket socket, Stream stream, CancellationToken cancellationToken) => send(socket, stream, cancellationToken);
}
