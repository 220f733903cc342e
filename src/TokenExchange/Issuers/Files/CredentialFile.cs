using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace TokenExchange.Issuers.Files;

/// <summary>
/// A file with a credential, looked at when it is used and at most once a second. Its content is compared by digest, so
/// that a swapped link, a rename and a rewrite of the same length are all seen.
/// </summary>
/// <param name="setting">The setting that names the file, for diagnostics.</param>
/// <param name="path">Where it is.</param>
/// <param name="holds">What it holds, and so who else may read it.</param>
/// <param name="parse">Makes the credential of the content, which is wiped afterwards; throws what parsers throw.</param>
/// <param name="clock">The time.</param>
internal sealed class CredentialFile<T>(string setting, string path, FileContent holds, Func<byte[], T> parse, TimeProvider clock)
    where T : class
{
    private readonly Lock gate = new();
    private byte[]? digest;
    private T? credential;
    private long lookedAt;

    /// <summary>The credential as the file has it now, or a fixed text that says why there is none.</summary>
    public bool TryRead([NotNullWhen(true)] out T? current, [NotNullWhen(false)] out string? diagnostic)
    {
        lock (gate)
        {
            diagnostic = null;
            if (credential is null || clock.GetElapsedTime(lookedAt) >= TimeSpan.FromSeconds(1))
            {
                diagnostic = Look();
            }

            current = credential;
            return diagnostic is null;
        }
    }

    private string? Look()
    {
        byte[]? content = null;
        try
        {
            content = PrivateFile.Read(path, holds);
            var seen = SHA256.HashData(content);
            if (credential is null || !seen.AsSpan().SequenceEqual(digest))
            {
                credential = parse(content);
                digest = seen;
            }

            lookedAt = clock.GetTimestamp();
            return null;
        }
        catch (PrivateFileException exposed)
        {
            credential = null;
            return $"{setting} {exposed.Message}";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            credential = null;
            return $"{setting} cannot be read";
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException or FormatException or NotSupportedException)
        {
            credential = null;
            return $"{setting} does not hold what it should";
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }
    }
}
