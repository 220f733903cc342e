using System.Text;

namespace TokenExchange.Issuers.Files;

/// <summary>A token or assertion as a file holds it: one text of printable ASCII, and around it white space at most.</summary>
public static class FileToken
{
    private const int MaxLength = 16 * 1024;

    /// <summary>The text. Throws <see cref="FormatException"/> for anything else, such as a byte order mark, and for more than 16 KiB.</summary>
    public static string Read(ReadOnlySpan<byte> content)
    {
        var text = content.Trim(" \t\r\n"u8);
        return text.Length is > 0 and <= MaxLength && !text.ContainsAnyExceptInRange((byte)'!', (byte)'~') ? Encoding.ASCII.GetString(text) : throw new FormatException();
    }
}
