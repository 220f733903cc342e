using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using TokenExchange.Issuers.Files;

namespace Gateway.Sessions;

/// <summary>Reads the keys that session ids are signed with, and those derived from them; without a file, one key for the life of the process.</summary>
internal sealed class SessionKeys
{
    private const int MinBytes = 32;
    private readonly byte[] own = RandomNumberGenerator.GetBytes(MinBytes);

    /// <summary>The binding under the keys of <paramref name="file"/>. Throws <see cref="ConfigurationException"/> when it holds none.</summary>
    public SessionBinding Read(string? file) => new(KeysOf(file));

    /// <summary>
    /// Keys of another use, one for each key of <paramref name="file"/>: nothing that is signed for one purpose is good for
    /// another. Throws as <see cref="Read"/> does.
    /// </summary>
    /// <remarks>RFC 5869.</remarks>
    public ImmutableArray<byte[]> Derive(string? file, string purpose) =>
        [.. KeysOf(file).Select(key => HKDF.DeriveKey(HashAlgorithmName.SHA256, key, MinBytes, info: Encoding.ASCII.GetBytes(purpose)))];

    private ImmutableArray<byte[]> KeysOf(string? file)
    {
        if (file is null)
        {
            return [own];
        }

        byte[]? content = null;
        try
        {
            content = PrivateFile.Read(file, FileContent.Secret);
            var keys = Encoding.ASCII.GetString(content).Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                .Select(Convert.FromBase64String).ToImmutableArray();
            return keys.Length > 0 && keys.All(key => key.Length >= MinBytes)
                ? keys
                : throw new ConfigurationException($"Gateway:SessionKeyFile '{file}' must hold one base64 key of {MinBytes} or more bytes per line.");
        }
        catch (PrivateFileException refused)
        {
            throw new ConfigurationException($"Gateway:SessionKeyFile '{file}' {refused.Message}.");
        }
        catch (Exception exception) when (exception is FormatException or IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"Gateway:SessionKeyFile '{file}' cannot be read as one base64 key per line.");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }
    }
}
