using System.Diagnostics.CodeAnalysis;

namespace TokenExchange.Issuers.Files;

/// <summary>
/// A file with a credential, as <see cref="WatchedFiles{T}"/> looks at it. What it held goes on for ten seconds while it seems to be
/// written; a file that is gone, or open to others, ends it at once.
/// </summary>
/// <param name="setting">The setting that names the file, for diagnostics.</param>
/// <param name="path">Where it is.</param>
/// <param name="holds">What it holds, and so who else may read it.</param>
/// <param name="parse">Makes the credential of the content, which is wiped afterwards; throws what parsers throw.</param>
/// <param name="clock">The time.</param>
internal sealed class CredentialFile<T>(string setting, string path, FileContent holds, Func<byte[], T> parse, TimeProvider clock)
    where T : class
{
    private readonly WatchedFiles<T> file = new(() => [PrivateFile.Read(path, holds)], contents => parse(contents[0]!), clock, IsPassing);

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

    private static bool IsPassing(Exception fault) => fault is not (PrivateFileException { IsExposed: true } or FileNotFoundException or DirectoryNotFoundException);
}
