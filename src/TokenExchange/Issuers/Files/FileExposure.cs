namespace TokenExchange.Issuers.Files;

/// <summary>What a file holds, and so who else may read it.</summary>
public enum FileContent
{
    /// <summary>Nothing to hide, such as a certificate.</summary>
    Public,

    /// <summary>A private key.</summary>
    Key,

    /// <summary>
    /// A secret that somebody else holds too; who may read the file is the operator's to see to. Kubernetes mounts
    /// Secrets readable for everybody in the container unless told otherwise.
    /// </summary>
    Secret,

    /// <summary>An assertion that somebody else keeps fresh and that expires by itself.</summary>
    Assertion,
}

/// <summary>
/// The one rule of who may reach a private key or an assertion. Everybody: never. The group: never to write. To read: an
/// assertion; and a key that root owns, since that is how a Kubernetes volume with <c>fsGroup</c> reaches a process that
/// is not root (root:G 0440); and any key when we are root. A key of another user is not ours to trust; an assertion may
/// be, since an agent of its own account writes it (the kubelet as runAsUser, 0640).
/// </summary>
internal static class FileExposure
{
    private const uint Root = 0;
    private const UnixFileMode Everybody = UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;
    private const UnixFileMode GroupMore = UnixFileMode.GroupWrite | UnixFileMode.GroupExecute;

    /// <summary>Why the file must not be used, as the end of a sentence; null when it may be.</summary>
    public static string? Of(FileContent holds, UnixFileMode mode, uint owner, uint user) => holds switch
    {
        FileContent.Public or FileContent.Secret => null,
        _ when (mode & Everybody) != 0 => "is open to everybody",
        _ when (mode & GroupMore) != 0 => "is open to its group",
        FileContent.Assertion => null,
        _ when owner != Root && owner != user => "belongs to another user",
        _ when (mode & UnixFileMode.GroupRead) != 0 && owner != Root => "is open to its group",
        _ => null,
    };
}
