using Harness;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using TokenExchange.Outbound.Local;

namespace TokenExchange.Tests.Issue;

/// <summary>A directory of key files, of which a test may have several views.</summary>
internal sealed class KeyDirectory : IDisposable
{
    public const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public string Path { get; } = Directory.CreateTempSubdirectory("keys-").FullName;

    public ManualClock Clock { get; } = new();

    public string New(string algorithm = "ES256") => SigningKeyFile.Create(Path, algorithm, Clock);

    public string Write(string name, string content, UnixFileMode mode = Owner)
    {
        var path = System.IO.Path.Combine(Path, name);
        File.WriteAllText(path, content);
        SetMode(path, mode);
        return path;
    }

    public static void SetMode(string path, UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, mode);
        }
    }

    public LocalIssuer Issuer(string algorithm = "ES256", ILogger<LocalIssuer>? log = null) =>
        new(new LocalIssuerSettings("https://mcp.example/hop", Path, algorithm), Clock, log ?? NullLogger<LocalIssuer>.Instance);

    public void Look() => Clock.Advance(TimeSpan.FromSeconds(1));

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
