using System.IO.Pipes;
using System.Text;
using Gateway.Commands;
using Gateway.Configuration;
using Gateway.Generations;
using Xunit;

namespace Gateway.Tests.Configuration;

/// <summary>Files that are no plain text files: read where that is sound, refused where it is not, by <c>check</c> as by <c>run</c>, and never waited for.</summary>
public sealed class UnusualFileTests : IDisposable
{
    private static readonly string Key = Convert.ToBase64String(new byte[32]);
    private readonly string directory = Directory.CreateTempSubdirectory("unusual-files-").FullName;

    public static TheoryData<string, bool> Keys => new()
    {
        { "plain", true },
        { "with line ends of Windows", true },
        { "with blank lines", true },
        { "with a blank in a line", true },
        { "without padding", false },
        { "with a short one", false },
        { "with a byte order mark", false },
        { "in UTF-16", false },
        { "with line ends of old", false },
        { "with a no-break space", false },
        { "too large", false },
        { "empty", false },
    };

    [Theory]
    [MemberData(nameof(Keys))]
    public void Session_keys_are_refused_by_check_exactly_where_run_refuses_them(string form, bool good)
    {
        var path = Write("keys", form switch
        {
            "plain" => Encoding.ASCII.GetBytes($"{Key}\n{Key}"),
            "with line ends of Windows" => Encoding.ASCII.GetBytes($"{Key}\r\n{Key}\r\n"),
            "with a blank in a line" => Encoding.ASCII.GetBytes($"{Key[..8]} {Key[8..]}"),
            "without padding" => Encoding.ASCII.GetBytes(Key.TrimEnd('=')),
            "with a short one" => Encoding.ASCII.GetBytes($"{Key}\n{Convert.ToBase64String(new byte[31])}"),
            "with blank lines" => Encoding.ASCII.GetBytes($"\n {Key} \n\n"),
            "with a byte order mark" => [0xEF, 0xBB, 0xBF, .. Encoding.ASCII.GetBytes(Key)],
            "in UTF-16" => [0xFF, 0xFE, .. Encoding.Unicode.GetBytes(Key)],
            "with line ends of old" => Encoding.ASCII.GetBytes($"{Key}\r{Key}\r"),
            "with a no-break space" => Encoding.UTF8.GetBytes($"{Key}\u00A0\n"),
            "too large" => Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(Key + "\n", 2000))),
            _ => [],
        });
        var configuration = Given.Changed($"SessionKeyFile='{path}'; A:Client:SecretFile='{Write("secret", "s"u8.ToArray())}'");
        using var problems = new StringWriter();

        using var built = Unserved.Build(Write("gateway.json", Encoding.UTF8.GetBytes(configuration)), [], inboundOnly: false, problems);

        Assert.Equal(good ? [] : ["session-key"], Given.Loaded(configuration).Problems.Where(problem => !problem.IsWarning).Select(problem => problem.Rule));
        Assert.Equal(good, built is not null);
        Assert.True(good || problems.ToString().Contains(": session-key: ", StringComparison.Ordinal), problems.ToString());
    }

    [Theory]
    [InlineData("/dev/zero")]
    [InlineData("/dev/urandom")]
    public void A_device_holds_no_session_key(string device)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Devices have these names on Linux");

        Assert.Contains("session-key", Given.Loaded(Given.Changed($"SessionKeyFile='{device}'")).Problems.Select(problem => problem.Rule));
        Assert.Equal("", Reload.DigestOf(device));
    }

    [Fact]
    public void A_device_that_has_no_end_is_no_configuration()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Devices have these names on Linux");

        var loaded = ConfigurationLoader.Load(new ConfigurationInput { Path = "/dev/zero", Overrides = [] });

        Assert.True(loaded.Unreadable);
        Assert.Contains("larger than 16 MiB", Assert.Single(loaded.Problems).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_configuration_is_read_from_a_pipe_and_the_pipe_is_not_waited_for_again()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Descriptors have names on Linux");
        await using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        var path = $"/proc/self/fd/{pipe.GetClientHandleAsString()}";
        Assert.Null(Reload.DigestOf(path));
        var loading = Task.Run(() => ConfigurationLoader.Load(new ConfigurationInput { Path = path, Overrides = [] }), TestContext.Current.CancellationToken);
        await pipe.WriteAsync(Encoding.UTF8.GetBytes(Given.Good), TestContext.Current.CancellationToken);
        pipe.Close();

        var loaded = await loading.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);

        Assert.False(loaded.HasErrors);
        Assert.False(loaded.Unreadable);
    }

    public void Dispose() => Directory.Delete(directory, recursive: true);

    private string Write(string name, byte[] content)
    {
        var path = Path.Combine(directory, name);
        File.WriteAllBytes(path, content);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        return path;
    }
}
