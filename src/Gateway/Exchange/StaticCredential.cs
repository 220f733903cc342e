using System.Security.Cryptography;
using System.Text;
using TokenExchange.Issuers.Files;

namespace Gateway.Exchange;

/// <summary>
/// The static credential of a legacy MCP server (mode credential), read from its file again at most once per second.
/// </summary>
internal sealed class StaticCredential(string header, string prefix, string file, TimeProvider clock)
{
    private const int MaxLength = 16 * 1024;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private readonly Lock gate = new();
    private long readAt;
    private OutboundCredential.Header? value;

    /// <summary>The header as it is sent; null when the file cannot be read or holds no header-safe text, and then nothing is sent.</summary>
    public OutboundCredential.Header? Read()
    {
        lock (gate)
        {
            if (readAt != 0 && clock.GetElapsedTime(readAt) < Interval)
            {
                return value;
            }

            readAt = clock.GetTimestamp();
            value = ReadFile() is { } text ? new OutboundCredential.Header(header, prefix, text) : null;
            return value;
        }
    }

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

    private string? ReadFile()
    {
        byte[]? content = null;
        try
        {
            content = PrivateFile.Read(file, FileContent.Secret);
            return TextOf(content);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or PrivateFileException)
        {
            return null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }
    }
}
