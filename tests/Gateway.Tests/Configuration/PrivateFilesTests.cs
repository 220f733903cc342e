using Gateway.Exchange;
using Gateway.Sessions;
using Xunit;

namespace Gateway.Tests.Configuration;

public sealed class PrivateFilesTests : IDisposable
{
    private const UnixFileMode Ours = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly string directory = Directory.CreateTempSubdirectory("private-").FullName;

    [Theory]
    [InlineData(UnixFileMode.None)]
    [InlineData(UnixFileMode.OtherRead)]
    public void A_static_credential_is_used_as_Kubernetes_mounts_it(UnixFileMode more)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no modes");
        var credential = new StaticCredential("X-Api-Key", "Key ", Write("s3cret\n", Ours | more), TimeProvider.System);

        Assert.Equal("Key s3cret", credential.Read()?.Value);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("two\nlines")]
    public void A_static_credential_that_no_header_can_carry_is_not_sent(string content)
    {
        var credential = new StaticCredential("X-Api-Key", "Key ", Write(content, Ours), TimeProvider.System);

        Assert.Null(credential.Read()?.Value);
    }

    [Theory]
    [InlineData("short")]
    [InlineData("c2hvcnQ=")]
    [InlineData("")]
    public void Session_keys_that_are_none_are_refused_and_the_message_holds_none(string content)
    {
        var message = Assert.Throws<ConfigurationException>(() => new SessionKeys().Read(Write(content, Ours))).Message;

        Assert.Contains("Gateway:SessionKeyFile", message, StringComparison.Ordinal);
        Assert.True(content.Length == 0 || !message.Contains(content, StringComparison.Ordinal));
    }

    public void Dispose() => Directory.Delete(directory, recursive: true);

    private string Write(string content, UnixFileMode mode)
    {
        var path = Path.Combine(directory, "file");
        File.WriteAllText(path, content);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, mode);
        }

        return path;
    }
}
