using System.Text;
using Harness;
using TokenExchange.Issuers;
using TokenExchange.Issuers.Files;
using Xunit;

namespace TokenExchange.Tests.Request;

/// <summary>Credential files: re-read when they change, refused when others can read them.</summary>
public sealed class CredentialFileTests : IDisposable
{
    private readonly SecretDirectory files = new();
    private readonly ManualClock clock = new();

    public void Dispose() => files.Dispose();

    [Fact]
    public void A_changed_file_is_read_again_within_a_second()
    {
        var file = Secret(files.Write("secret", "one"));
        Assert.Equal("one", Read(file));

        files.Write("secret", "two");
        Assert.Equal("one", Read(file));
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("two", Read(file));
    }

    [Fact]
    public void A_change_of_the_same_length_and_time_is_seen()
    {
        var file = Secret(files.Write("secret", "one"));
        Assert.Equal("one", Read(file));
        var written = File.GetLastWriteTimeUtc(files["secret"]);

        files.Write("secret", "two");
        File.SetLastWriteTimeUtc(files["secret"], written);
        clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal("two", Read(file));
    }

    [Fact]
    public void An_unchanged_file_is_parsed_once()
    {
        var parsed = 0;
        var file = new CredentialFile<string>("SecretFile", files.Write("secret", "one"), FileContent.Key, content => $"{Encoding.UTF8.GetString(content)}{++parsed}", clock);
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal("one1", Read(file));
            clock.Advance(TimeSpan.FromSeconds(1));
        }
    }

    [Fact]
    public void A_swapped_link_as_Kubernetes_makes_it_is_followed()
    {
        files.Write("..2026_01/secret", "one");
        files.Write("..2026_02/secret", "two");
        Directory.CreateSymbolicLink(files["..data"], "..2026_01");
        File.CreateSymbolicLink(files["secret"], Path.Combine("..data", "secret"));
        var file = Secret(files["secret"]);
        Assert.Equal("one", Read(file));

        Directory.CreateSymbolicLink(files["..data_tmp"], "..2026_02");
        File.Delete(files["..data"]);
        Directory.Move(files["..data_tmp"], files["..data"]);
        clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal("two", Read(file));
    }

    [Fact]
    public void A_file_that_goes_away_is_not_replaced_by_memory_and_is_used_when_it_is_back()
    {
        var file = Secret(files.Write("secret", "one"));
        Assert.Equal("one", Read(file));

        File.Delete(files["secret"]);
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("SecretFile cannot be read", Diagnostic(file));

        files.Write("secret", "two");
        Assert.Equal("two", Read(file));
    }

    [Theory]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.OtherWrite)]
    public void A_secret_that_everybody_can_read_or_write_is_refused(UnixFileMode more)
    {
        var path = files.Write("secret", "one", UnixFileMode.UserRead | UnixFileMode.UserWrite | more);

        Assert.Equal("SecretFile is open to everybody", Diagnostic(Secret(path)));
        Assert.Equal("one", Read(new CredentialFile<string>("CertificateFile", path, FileContent.Public, Encoding.UTF8.GetString, clock)));
    }

    [Fact]
    public void A_secret_of_our_own_that_its_group_can_read_is_refused_unless_we_are_root()
    {
        var file = Secret(files.Write("secret", "one", UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead));

        Assert.Equal(Environment.IsPrivilegedProcess, file.TryRead(out _, out var diagnostic));
        Assert.Equal(Environment.IsPrivilegedProcess ? null : "SecretFile is open to its group", diagnostic);
    }

    [Fact]
    public void A_file_whose_mode_becomes_too_open_is_refused_although_its_content_is_known()
    {
        var file = Secret(files.Write("secret", "one"));
        Assert.Equal("one", Read(file));

        files.Write("secret", "one", UnixFileMode.UserRead | UnixFileMode.OtherRead);
        clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal("SecretFile is open to everybody", Diagnostic(file));
    }

    [Fact]
    public void A_directory_and_an_empty_file_are_no_credentials()
    {
        files.Write("directory/file", "x");

        Assert.Equal("SecretFile cannot be read", Diagnostic(Secret(files["directory"])));
        Assert.Equal("SecretFile is empty", Diagnostic(Secret(files.Write("empty", ""))));
    }

    [Fact]
    public async Task A_rotated_secret_is_used_without_a_restart()
    {
        await using var exchange = new Exchange { Client = new ClientSettings { Id = "mcp-gateway", Authentication = ClientAuthenticationMethod.ClientSecretPost, SecretFile = files.Write("secret", "one\n") } };
        await exchange.RunAsync(StubAnswer.Error(400, "invalid_grant"));

        files.Write("secret", "two\r\n");
        exchange.Clock.Advance(TimeSpan.FromSeconds(1));
        await exchange.RunAsync(StubAnswer.Error(400, "invalid_grant"));

        Assert.Equal(["one", "two"], exchange.Stub.Posts.Select(post => post["client_secret"]));
    }

    private CredentialFile<string> Secret(string path) => new("SecretFile", path, FileContent.Key, Encoding.UTF8.GetString, clock);

    private static string Read(CredentialFile<string> file)
    {
        Assert.True(file.TryRead(out var credential, out var diagnostic), diagnostic);
        return credential!;
    }

    private static string Diagnostic(CredentialFile<string> file)
    {
        Assert.False(file.TryRead(out _, out var diagnostic));
        return diagnostic!;
    }
}
