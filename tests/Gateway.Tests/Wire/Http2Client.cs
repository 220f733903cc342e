using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Harness.Wire;
using Xunit;

namespace Gateway.Tests.Wire;

/// <summary>A client that writes HTTP/2 frame by frame, all of them on stream 1.</summary>
internal sealed class Http2Client : IDisposable
{
    private readonly TcpClient client = new();
    private NetworkStream stream = null!;

    private Http2Client()
    {
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Connects with prior knowledge (RFC 9113 §3.3).</summary>
    public static async Task<Http2Client> ConnectAsync(string url)
    {
        var client = new Http2Client();
        var address = new Uri(url);
        await client.client.ConnectAsync(address.Host, address.Port, Cancellation);
        client.stream = client.client.GetStream();
        await client.stream.WriteAsync(Http2Frame.Preface, Cancellation);
        await client.SendAsync(Http2Frame.Settings);
        return client;
    }

    /// <summary>Sends these frames in one write.</summary>
    public async Task SendAsync(params Http2Frame[] frames) => await stream.WriteAsync(frames.SelectMany(frame => frame.ToBytes()).ToArray(), Cancellation);

    /// <summary>Reads until the stream or the connection has ended.</summary>
    public async Task<Http2Answer> AnswerAsync()
    {
        var answer = new Http2Answer(0, "", Complete: false, Reset: null, GoAway: null);
        while (await Http2Frame.ReadAsync(stream, Cancellation) is { } frame)
        {
            switch (frame.Type)
            {
                case Http2Frame.Kind.Headers when answer.Status == 0:
                    answer = answer with { Status = StatusOf(frame.Payload) };
                    break;
                case Http2Frame.Kind.Data:
                    answer = answer with { Body = answer.Body + Encoding.UTF8.GetString(frame.Payload) };
                    break;
                case Http2Frame.Kind.Reset:
                    return answer with { Reset = BinaryPrimitives.ReadInt32BigEndian(frame.Payload) };
                case Http2Frame.Kind.GoAway:
                    // The connection ends, once what it still has to say is said.
                    answer = answer with { GoAway = BinaryPrimitives.ReadInt32BigEndian(frame.Payload.AsSpan(4)) };
                    break;
            }

            if (frame.Type is Http2Frame.Kind.Headers or Http2Frame.Kind.Data && (frame.Flags & Http2Frame.EndStream) != 0)
            {
                return answer with { Complete = true };
            }
        }

        return answer;
    }

    /// <summary>Reads until the gateway has closed the connection.</summary>
    public async Task EndAsync()
    {
        while (await Http2Frame.ReadAsync(stream, Cancellation) is not null)
        {
            // Until there is no more.
        }
    }

    public void Dispose() => client.Dispose();

    /// <summary>The status, which is the first field: by its number in the static table, or by its digits (RFC 7541 §6).</summary>
    private static int StatusOf(byte[] block)
    {
        var at = 0;
        while ((block[at] & 0xe0) == 0x20)
        {
            at++;
        }

        return block[at] switch
        {
            0x88 => 200,
            0x8c => 400,
            0x8d => 404,
            0x8e => 500,
            0x08 or 0x18 or 0x48 when block[at + 1] == 3 => int.Parse(Encoding.ASCII.GetString(block, at + 2, 3), CultureInfo.InvariantCulture),
            var other => throw new InvalidDataException($"A status written as {other:x2}."),
        };
    }
}

/// <summary>How a request ended: with an answer, or the code with which its stream or its connection was broken off.</summary>
internal sealed record Http2Answer(int Status, string Body, bool Complete, int? Reset, int? GoAway)
{
    public JsonNode? Json => Body.Length > 0 ? JsonNode.Parse(Body) : null;

    /// <summary>The reason in the body, of either form.</summary>
    public string? Reason => Json?["reason"]?.GetValue<string>() ?? Json?["error"]?["data"]?["reason"]?.GetValue<string>();
}
