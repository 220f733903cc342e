using System.Buffers;
using System.Buffers.Text;

namespace Gateway.Sessions;

/// <summary>
/// Base64url as it is written here, of a length that is known: no padding, and no white space, which <c>Base64Url.IsValid</c>
/// allows, and which ends a header when it is sent back in one.
/// </summary>
internal static class ExactBase64Url
{
    /// <summary>Decodes text that stands for as many bytes as there is room for; false for any other.</summary>
    public static bool TryDecode(ReadOnlySpan<char> text, Span<byte> bytes) =>
        text.Length == Base64Url.GetEncodedLength(bytes.Length) && Base64Url.DecodeFromChars(text, bytes, out _, out var written) == OperationStatus.Done && written == bytes.Length;
}
