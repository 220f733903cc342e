using System.Buffers;
using System.Buffers.Text;
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
            var (keys, unfit) = SessionKeySet.Parse(content);
            return !keys.IsEmpty && unfit.IsEmpty
                ? new SessionKeySet(keys, Convert.ToHexString(SHA256.HashData(content)))
                : throw new ConfigurationException($"Gateway:SessionKeyFile '{file}' must hold one base64 key of {SessionKeySet.MinBytes} or more bytes per line.");
        }
        catch (PrivateFileException refused)
        {
            throw new ConfigurationException($"Gateway:SessionKeyFile '{file}' {refused.Message}.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"Gateway:SessionKeyFile '{file}' cannot be read.");
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

    /// <summary>
    /// The keys of a file, one a line in base64; and the numbers of the lines that hold something else. No text is made of
    /// them, which would stay in memory.
    /// </summary>
    public static (ImmutableArray<byte[]> Keys, ImmutableArray<int> Unfit) Parse(ReadOnlySpan<byte> content)
    {
        var keys = ImmutableArray.CreateBuilder<byte[]>();
        var unfit = ImmutableArray.CreateBuilder<int>();
        var number = 0;
        foreach (var line in content.Split((byte)'\n'))
        {
            number++;
            var text = content[line].Trim(" \t\v\f\r"u8);
            if (text.IsEmpty)
            {
                continue;
            }

            var key = new byte[Base64.GetMaxDecodedFromUtf8Length(text.Length)];
            if (Base64.DecodeFromUtf8(text, key, out _, out var length) == OperationStatus.Done && length >= MinBytes)
            {
                keys.Add(key[..length]);
            }
            else
            {
                unfit.Add(number);
            }

            CryptographicOperations.ZeroMemory(key);
        }

        return (keys.ToImmutable(), unfit.ToImmutable());
    }

    /// <summary>The SHA-256 of the file's content, in hexadecimal; null without a file.</summary>
    public string? FileDigest => fileDigest;

    /// <summary>The binding of sessions under the keys.</summary>
    public SessionBinding Binding() => new(keys);

    /// <summary>Keys of another use, one for each key: nothing that is signed for one purpose is good for another.</summary>
    /// <remarks>RFC 5869.</remarks>
    public ImmutableArray<byte[]> Derive(string purpose) =>
        [.. keys.Select(key => HKDF.DeriveKey(HashAlgorithmName.SHA256, key, MinBytes, info: Encoding.ASCII.GetBytes(purpose)))];
}
