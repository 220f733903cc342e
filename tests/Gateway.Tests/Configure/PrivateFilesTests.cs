using Gateway.Configure;
using Gateway.Forward;
using Xunit;

namespace Gateway.Tests.Configure;

public sealed class PrivateFilesTests : IDisposable
{
    private const UnixFileMode Ours = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly string directory = Directory.CreateTempSubdirectory("private-").FullName;

    [Theory]
    [InlineData(UnixFileMode.None, true)]
    [InlineData(UnixFileMode.OtherRead, false)]
    [InlineData(UnixFileMode.GroupWrite, false)]
    public void A_static_credential_that_others_reach_is_not_sent(UnixFileMode more, bool sent)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no modes");
        var credential = new StaticCredential("X-Api-Key", "Key ", Write("s3cret\n", Ours | more), TimeProvider.System);

        Assert.Equal(sent ? "Key s3cret" : null, credential.Read());
    }

    [Theory]
    [InlineData(UnixFileMode.OtherRead, "is open to everybody")]
    [InlineData(UnixFileMode.GroupWrite, "is open to its group")]
    public void Session_keys_that_others_reach_are_refused_and_the_message_says_why(UnixFileMode more, string why)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no modes");
        var keys = Convert.ToBase64String(new byte[32]);
        var file = Write(keys, Ours | more);

        var message = Assert.Throws<ConfigurationException>(() => new SessionKeys().Read(file)).Message;

        Assert.Contains(why, message, StringComparison.Ordinal);
        Assert.DoesNotContain(keys, message, StringComparison.Ordinal);
        Assert.NotNull(new SessionKeys().Read(Write(keys, Ours)));
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
