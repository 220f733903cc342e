using System.Buffers.Binary;
using System.Text;

namespace Harness.Wire;

/// <summary>One frame of HTTP/2 (RFC 9113 §4.1), to be written as no client or server would write it.</summary>
internal sealed record Http2Frame(Http2Frame.Kind Type, byte Flags, int Stream, byte[] Payload)
{
    public const byte EndStream = 1;
    public const byte EndHeaders = 4;
    public const byte Ack = 1;

    public static readonly byte[] Preface = Encoding.ASCII.GetBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

    internal enum Kind : byte
    {
        Data,
        Headers,
        Priority,
        Reset,
        Settings,
        PushPromise,
        Ping,
        GoAway,
        WindowUpdate,
        Continuation,
    }

    public static Http2Frame Settings { get; } = new(Kind.Settings, 0, 0, []);

    public static Http2Frame Headers(byte flags, params (string Name, string Value)[] fields) => new(Kind.Headers, flags, 1, Block(fields));

    public static Http2Frame Data(string text, byte flags = 0) => new(Kind.Data, flags, 1, Encoding.Latin1.GetBytes(text));

    public static Http2Frame Reset(int code) => new(Kind.Reset, 0, 1, Numbers(code));

    /// <summary>Closes a connection; streams after <paramref name="last"/> were never looked at.</summary>
    public static Http2Frame GoAway(int last, int code) => new(Kind.GoAway, 0, 0, Numbers(last, code));

    /// <summary>Fields as literals that neither side remembers, without Huffman coding (RFC 7541 §6.2.2): what is written is what is read.</summary>
    public static byte[] Block(params (string Name, string Value)[] fields)
    {
        var block = new List<byte>();
        foreach (var (name, value) in fields)
        {
            block.Add(0);
            Text(block, name);
            Text(block, value);
        }

        return [.. block];
    }

    public byte[] ToBytes()
    {
        var bytes = new byte[9 + Payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(bytes, Payload.Length << 8);
        bytes[3] = (byte)Type;
        bytes[4] = Flags;
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(5), Stream);
        Payload.CopyTo(bytes, 9);
        return bytes;
    }

    /// <summary>The next frame; null at the end of the connection, in order or by a reset.</summary>
    public static async Task<Http2Frame?> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        try
        {
            var head = new byte[9];
            await stream.ReadExactlyAsync(head, cancellationToken);
            var payload = new byte[BinaryPrimitives.ReadInt32BigEndian(head) >>> 8];
            await stream.ReadExactlyAsync(payload, cancellationToken);
            return new Http2Frame((Kind)head[3], head[4], BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(5)) & int.MaxValue, payload);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static byte[] Numbers(params int[] numbers)
    {
        var bytes = new byte[numbers.Length * 4];
        for (var i = 0; i < numbers.Length; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(i * 4), numbers[i]);
        }

        return bytes;
    }

    private static void Text(List<byte> block, string text)
    {
        // An integer with a prefix of seven bits (RFC 7541 §5.1).
        var rest = text.Length;
        block.Add((byte)Math.Min(rest, 127));
        if (rest >= 127)
        {
            for (rest -= 127; rest >= 128; rest /= 128)
            {
                block.Add((byte)((rest % 128) + 128));
            }

            block.Add((byte)rest);
        }

        block.AddRange(Encoding.Latin1.GetBytes(text));
    }
}
