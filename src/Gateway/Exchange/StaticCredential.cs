using System.Text;
using TokenExchange.Issuers.Files;

namespace Gateway.Exchange;

/// <summary>
/// The static credential of a legacy MCP server (mode credential), read from its file again at most once per second. What is gone or
/// unfit is not sent from memory.
/// </summary>
internal sealed class StaticCredential(string header, string prefix, string file, TimeProvider clock)
{
    private const int MaxLength = 16 * 1024;
    private readonly WatchedFiles<OutboundCredential.Header> watched = new(
        () => [PrivateFile.Read(file, FileContent.Secret)], contents => new(header, prefix, TextOf(contents[0]) ?? throw new FormatException()), clock);

    /// <summary>The header as it is sent; null when the file cannot be read or holds no header-safe text, and then nothing is sent.</summary>
    public OutboundCredential.Header? Read() => watched.Read(out _);

    /// <summary>Names no part of the credential.</summary>
    public override string ToString() => $"credential for {header}";

    /// <summary>What a file's content gives as a header's value; null when no header can carry it.</summary>
    public static string? TextOf(ReadOnlySpan<byte> content)
    {
        if (content.Length > MaxLength)
        {
            return null;
        }

        var text = Encoding.UTF8.GetString(content).Trim();
        return text.Length > 0 && text.All(character => character is > ' ' and < '\x7f' or ' ') ? text : null;
    }
}
