using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using TokenExchange.Issuers.Files;

namespace Gateway.Sessions;

/// <summary>Reads the keys that session ids are signed with, and those derived from them; without a file, one key for the life of the process.</summary>
internal sealed class SessionKeys
{
    private readonly byte[] own = RandomNumberGenerator.GetBytes(SessionKeySet.MinBytes);

    /// <summary>The keys of <paramref name="file"/> as it is now. Throws <see cref="ConfigurationException"/> when it holds none.</summary>
    public SessionKeySet Read(string? file) => file is null ? new SessionKeySet([own], null) : Of(file);

    private static SessionKeySet Of(string file)
    {
        byte[]? content = null;
        try
        {
            content = PrivateFile.Read(file, FileContent.Secret);
            var keys = Encoding.ASCII.GetString(content).Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                .Select(Convert.FromBase64String).ToImmutableArray();
            return keys.Length > 0 && keys.All(key => key.Length >= SessionKeySet.MinBytes)
                ? new SessionKeySet(keys, Convert.ToHexString(SHA256.HashData(content)))
                : throw new ConfigurationException($"Gateway:SessionKeyFile '{file}' must hold one base64 key of {SessionKeySet.MinBytes} or more bytes per line.");
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

/// <summary>The keys that a file held when it was read: all that is made of them is made of the same, however the file changes meanwhile.</summary>
internal sealed class SessionKeySet(ImmutableArray<byte[]> keys, string? fileDigest)
{
    /// <summary>The fewest bytes of a key.</summary>
    public const int MinBytes = 32;

    /// <summary>The SHA-256 of the file's content, in hexadecimal; null without a file.</summary>
    public string? FileDigest => fileDigest;

    /// <summary>The binding of sessions under the keys.</summary>
    public SessionBinding Binding() => new(keys);

    /// <summary>Keys of another use, one for each key: nothing that is signed for one purpose is good for another.</summary>
    /// <remarks>RFC 5869.</remarks>
    public ImmutableArray<byte[]> Derive(string purpose) =>
        [.. keys.Select(key => HKDF.DeriveKey(HashAlgorithmName.SHA256, key, MinBytes, info: Encoding.ASCII.GetBytes(purpose)))];
}
