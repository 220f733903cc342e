using Gateway.Exchange;
using Harness;
using Xunit;

namespace Gateway.Tests.Forward;

/// <summary>A static credential is what its file holds now, within a second; what is gone or unfit is not sent from memory.</summary>
public sealed class StaticCredentialTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("credential-").FullName;
    private readonly ManualClock clock = new();

    [Theory]
    [InlineData("young", "young")]
    [InlineData("b\u00e4d", null)]
    [InlineData("a\u0007b", null)]
    [InlineData(null, null)]
    public void A_changed_file_is_read_again_after_a_second(string? content, string? value)
    {
        var file = Path.Combine(directory, "key");
        File.WriteAllText(file, "old");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        var credential = new StaticCredential("X-Api-Key", "", file, clock);
        Assert.Equal("old", credential.Read()?.Value);
        if (content is null)
        {
            File.Delete(file);
        }
        else
        {
            File.WriteAllText(file, content);
        }

        Assert.Equal("old", credential.Read()?.Value);
        clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(value, credential.Read()?.Value);
    }

    public void Dispose() => Directory.Delete(directory, recursive: true);
}
