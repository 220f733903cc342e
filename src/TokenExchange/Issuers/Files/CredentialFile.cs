using System.Diagnostics.CodeAnalysis;

namespace TokenExchange.Issuers.Files;

/// <summary>
/// A file with a credential, as <see cref="WatchedFiles{T}"/> looks at it: what cannot be read or is no credential leaves the one of before
/// in use for ten seconds; what others can read, not for a moment.
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
    private readonly WatchedFiles<T> file = new(() => [PrivateFile.Read(path, holds)], contents => parse(contents[0]!), clock, lookEvery);

    /// <summary>The credential as the file has it now, the same object for as long as it is the same; null when there is none.</summary>
    public T? Current => file.Read(out _);

    /// <summary>The credential as the file has it now, or a fixed text that says why there is none.</summary>
    public bool TryRead([NotNullWhen(true)] out T? current, [NotNullWhen(false)] out string? diagnostic)
    {
        current = file.Read(out var fault);
        diagnostic = current is not null ? null : fault switch
        {
            PrivateFileException unfit => $"{setting} {unfit.Message}",
            IOException or UnauthorizedAccessException => $"{setting} cannot be read",
            _ => $"{setting} does not hold what it should",
        };
        return current is not null;
    }
}
