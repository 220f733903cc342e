using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using TokenExchange.Issuers.Files;
using TokenExchange.Jose;

namespace TokenExchange.Outbound.Local;

/// <summary>A key file as it was at one moment; <paramref name="Problem"/> says why it could not be used.</summary>
internal sealed record KeyFile(string Path, DateTimeOffset CreatedAt, byte[] Content, string? Problem);

/// <summary>
/// The key files of a directory, read once: what is digested is what is used. The digest is over names, contents and
/// problems, so that every way of changing a file is seen, the symbolic link swap of a Kubernetes volume included.
/// </summary>
internal sealed class KeyFiles : IDisposable
{
    private const string NameFormat = "yyyyMMdd'T'HHmmss'Z'";

    private KeyFiles(string directory) => Directory = directory;

    public string Directory { get; }

    public List<KeyFile> Files { get; } = [];

    /// <summary>Names in the directory that are no names of keys.</summary>
    public List<string> Ignored { get; } = [];

    /// <summary>Why the directory could not be listed.</summary>
    public string? Problem { get; private set; }

    public TokenDigest Digest { get; private set; }

    public static KeyFiles Read(string directory)
    {
        var read = new KeyFiles(directory);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        try
        {
            // Subdirectories are not entered: `..data` of a Kubernetes volume is where the links at the top lead to.
            foreach (var path in System.IO.Directory.GetFiles(directory).Order(StringComparer.Ordinal))
            {
                if (!Path.GetFileName(path).StartsWith('.'))
                {
                    read.Add(path, hash);
                }
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            read.Problem = $"{directory} cannot be read ({error.GetType().Name}).";
            hash.AppendData([1]);
        }

        var digest = default(TokenDigest);
        hash.GetHashAndReset(digest);
        read.Digest = digest;
        return read;
    }

    public static string NameOf(DateTimeOffset createdAt, string suffix) =>
        createdAt.UtcDateTime.ToString(NameFormat, CultureInfo.InvariantCulture) + "-" + suffix + ".pem";

    public static bool TryParseName(string name, out DateTimeOffset createdAt)
    {
        createdAt = default;
        const int DateLength = 16;
        return name.Length > DateLength + 5 && name[DateLength] == '-' && name.EndsWith(".pem", StringComparison.Ordinal)
            && DateTimeOffset.TryParseExact(name.AsSpan(0, DateLength), NameFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out createdAt);
    }

    public void Dispose()
    {
        foreach (var file in Files)
        {
            CryptographicOperations.ZeroMemory(file.Content);
        }
    }

    private void Add(string path, IncrementalHash hash)
    {
        var name = Path.GetFileName(path);
        hash.AppendField(Encoding.UTF8.GetBytes(name));
        if (!TryParseName(name, out var createdAt))
        {
            Ignored.Add(path);
            return;
        }

        var file = Read(path, createdAt);
        hash.AppendField(Encoding.UTF8.GetBytes(file.Problem ?? ""));
        hash.AppendField(file.Content);
        Files.Add(file);
    }

    private static KeyFile Read(string path, DateTimeOffset createdAt)
    {
        try
        {
            return new(path, createdAt, PrivateFile.Read(path, FileContent.Key), null);
        }
        catch (PrivateFileException refused)
        {
            return new(path, createdAt, [], $"{path} {refused.Message}; a signing key is a PEM file for this user alone to read (mode 0600).");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new(path, createdAt, [], $"{path} cannot be read ({error.GetType().Name}).");
        }
    }
}
