using Gateway.Exchange;
using Harness;
using Xunit;

namespace Gateway.Tests.Forward;

/// <summary>A static credential is what its file holds now, within a second; what is gone or unfit is sent for as long as a rewrite may take, and no longer.</summary>
public sealed class StaticCredentialTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("credential-").FullName;
    private readonly ManualClock clock = new();

    [Fact]
    public void A_changed_file_is_read_again_after_a_second()
    {
        var credential = Start(out var file);
        File.WriteAllText(file, "young");

        Assert.Equal("old", credential.Read()?.Value);
        clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal("young", credential.Read()?.Value);
    }

    [Theory]
    [InlineData("b\u00e4d")]
    [InlineData("a\u0007b")]
    [InlineData(null)]
    public void What_is_gone_or_unfit_is_sent_for_ten_seconds_and_no_longer(string? content)
    {
        var credential = Start(out var file);
        if (content is null)
        {
            File.Delete(file);
        }
        else
        {
            File.WriteAllText(file, content);
        }

        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("old", credential.Read()?.Value);
        clock.Advance(TimeSpan.FromSeconds(10));

        Assert.Null(credential.Read());
    }

    private StaticCredential Start(out string file)
    {
        file = Path.Combine(directory, "key");
        File.WriteAllText(file, "old");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        var credential = new StaticCredential("X-Api-Key", "", file, clock);
        Assert.Equal("old", credential.Read()?.Value);
        return credential;
    }

    public void Dispose() => Directory.Delete(directory, recursive: true);
}
