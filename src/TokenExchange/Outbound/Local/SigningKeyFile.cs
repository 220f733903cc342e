using System.Security.Cryptography;
using System.Text;
using TokenExchange.Jose;

namespace TokenExchange.Outbound.Local;

/// <summary>Makes key files for the local issuer.</summary>
public static class SigningKeyFile
{
    /// <summary>
    /// Writes a new private key that its owner alone may read, and returns its path. Never overwrites. Throws
    /// <see cref="ArgumentException"/> for an algorithm that is none of ES256, ES384, PS256 and RS256, and
    /// <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/> when it cannot be written.
    /// </summary>
    public static string Create(string directory, string algorithm, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(clock);
        var signing = SigningAlgorithm.Named(algorithm) ?? throw new ArgumentException($"'{algorithm}' is none of {SigningAlgorithm.Names}.", nameof(algorithm));
        CreateDirectory(directory);
        using var key = signing.CreateKey();
        var name = KeyFiles.NameOf(clock.GetUtcNow(), RandomNumberGenerator.GetHexString(8, lowercase: true));
        var path = Path.Combine(directory, name);

        // Under a name that no issuer reads, until it is whole.
        var unfinished = Path.Combine(directory, "." + name + ".new");
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        try
        {
            using (var file = new FileStream(unfinished, options))
            {
                file.Write(Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem() + "\n"));
                file.Flush(flushToDisk: true);
            }

            File.Move(unfinished, path, overwrite: false);
        }
        catch
        {
            File.Delete(unfinished);
            throw;
        }

        return path;
    }

    /// <summary>
    /// Every reason for which <see cref="LocalIssuer"/> would refuse a directory; none when it would take it. Throws
    /// <see cref="ArgumentException"/> for an algorithm that is none of ES256, ES384, PS256 and RS256.
    /// </summary>
    public static IReadOnlyList<string> Problems(string directory, string algorithm)
    {
        var signing = SigningAlgorithm.Named(algorithm) ?? throw new ArgumentException($"'{algorithm}' is none of {SigningAlgorithm.Names}.", nameof(algorithm));
        using var files = KeyFiles.Read(directory);
        return SigningKeyRing.Of(files, signing, previous: null).Problems;
    }

    private static void CreateDirectory(string directory)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(directory);
        }
        else
        {
            Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }
}
