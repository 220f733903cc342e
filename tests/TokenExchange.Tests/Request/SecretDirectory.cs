namespace TokenExchange.Tests.Request;

/// <summary>A directory of credential files that is gone afterwards.</summary>
internal sealed class SecretDirectory : IDisposable
{
    private readonly string path = Directory.CreateTempSubdirectory("credentials-").FullName;

    public string this[string name] => Path.Combine(path, name);

    /// <summary>Writes a file that nobody else can read, and gives its path.</summary>
    public string Write(string name, string content, UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(this[name])!);
        File.WriteAllText(this[name], content);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(this[name], mode);
        }

        return this[name];
    }

    public void Dispose() => Directory.Delete(path, recursive: true);
}
