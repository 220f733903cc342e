using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace TokenExchange.Jose;

/// <summary>
/// Hashes several fields so that no two lists of them are written alike: each after its length in bytes, four of them and
/// big-endian, and null told apart from empty. For digests and MACs over what others choose.
/// </summary>
public static class FieldHash
{
    private const int OnStack = 256;

    /// <summary>Appends texts, in UTF-8.</summary>
    public static void AppendFields(this IncrementalHash hash, params ReadOnlySpan<string?> fields)
    {
        ArgumentNullException.ThrowIfNull(hash);
        Span<byte> small = stackalloc byte[OnStack];
        foreach (var field in fields)
        {
            if (field is null)
            {
                AppendLength(hash, -1);
                continue;
            }

            var length = Encoding.UTF8.GetByteCount(field);
            var bytes = length <= OnStack ? small : new byte[length];
            hash.AppendField(bytes[..Encoding.UTF8.GetBytes(field, bytes)]);
        }
    }

    /// <summary>Appends bytes.</summary>
    public static void AppendField(this IncrementalHash hash, ReadOnlySpan<byte> field)
    {
        ArgumentNullException.ThrowIfNull(hash);
        AppendLength(hash, field.Length);
        hash.AppendData(field);
    }

    private static void AppendLength(IncrementalHash hash, int length)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, length);
        hash.AppendData(bytes);
    }
}
