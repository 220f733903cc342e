using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace TokenExchange.Issuers.Files;

/// <summary>
/// A file with a credential, looked at when it is used and at most once a second. Its content is compared by digest, so
/// that a swapped link, a rename and a rewrite of the same length are all seen. What cannot be read or is no credential, as in the
/// midst of a rewrite, leaves the one of before in use for ten seconds; what others can read, not for a moment.
/// </summary>
/// <param name="setting">The setting that names the file, for diagnostics.</param>
/// <param name="path">Where it is.</param>
/// <param name="holds">What it holds, and so who else may read it.</param>
/// <param name="parse">Makes the credential of the content, which is wiped afterwards; throws what parsers throw.</param>
/// <param name="clock">The time.</param>
/// <param name="lookEvery">How often it is looked at, at most; null: once a second.</param>
public sealed class CredentialFile<T>(string setting, string path, FileContent holds, Func<byte[], T> parse, TimeProvider clock, TimeSpan? lookEvery = null)
    where T : class
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly TimeSpan often = lookEvery ?? TimeSpan.FromSeconds(1);
    private readonly Lock gate = new();
    private byte[]? digest;
    private T? credential;
    private long lookedAt;
    private long? unfitSince;

    /// <summary>The credential as the file has it now, the same object for as long as it is the same; null when there is none.</summary>
    public T? Current => TryRead(out var current, out _) ? current : null;

    /// <summary>The credential as the file has it now, or a fixed text that says why there is none.</summary>
    public bool TryRead([NotNullWhen(true)] out T? current, [NotNullWhen(false)] out string? diagnostic)
    {
        lock (gate)
        {
            diagnostic = null;
            if (credential is null || clock.GetElapsedTime(lookedAt) >= often)
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
            unfitSince = null;
            return null;
        }
        catch (PrivateFileException refused)
        {
            return Without(refused.Message, refused.IsExposure ? TimeSpan.Zero : Patience);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return Without("cannot be read", Patience);
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException or FormatException or NotSupportedException)
        {
            return Without("does not hold what it should", Patience);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }
    }

    private string? Without(string what, TimeSpan patience)
    {
        lookedAt = clock.GetTimestamp();
        unfitSince ??= lookedAt;
        if (credential is not null && clock.GetElapsedTime(unfitSince.Value) < patience)
        {
            return null;
        }

        credential = null;
        return $"{setting} {what}";
    }
}
