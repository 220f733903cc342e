using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Gateway.Observe;

/// <summary>
/// Ids of requests, which sort by the millisecond of their arrival. Random bits are fetched for many at once and by each
/// thread for itself: one request alone would spend more on asking for them than on anything else that it is told by.
/// </summary>
/// <remarks>RFC 9562 §5.7 (UUID version 7), as 32 hexadecimal digits.</remarks>
internal static class RequestIds
{
    private const int Length = 16, TimeLength = 6, RandomLength = Length - TimeLength, BlockLength = RandomLength * 64;

    [ThreadStatic]
    private static byte[]? block;

    [ThreadStatic]
    private static int left;

    public static string Next(DateTimeOffset now)
    {
        var random = block ??= new byte[BlockLength];
        if (left == 0)
        {
            RandomNumberGenerator.Fill(random);
            left = BlockLength;
        }

        left -= RandomLength;
        Span<byte> id = stackalloc byte[Length];
        BinaryPrimitives.WriteInt64BigEndian(id, now.ToUnixTimeMilliseconds() << 16);
        random.AsSpan(left, RandomLength).CopyTo(id[TimeLength..]);
        id[6] = (byte)((id[6] & 0x0F) | 0x70);
        id[8] = (byte)((id[8] & 0x3F) | 0x80);
        return Convert.ToHexStringLower(id);
    }
}
