using System.Text;
using Harness;
using TokenExchange.Issuers;
using TokenExchange.Issuers.Files;
using TokenExchange.Outbound;
using TokenExchange.Outbound.Cache;
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

    [Theory]
    [InlineData("gone", "SecretFile cannot be read")]
    [InlineData("a directory", "SecretFile cannot be read")]
    [InlineData("empty", "SecretFile is empty")]
    [InlineData("torn", "SecretFile does not hold what it should")]
    [InlineData("too large", "SecretFile is too large")]
    public void In_the_midst_of_a_rewrite_the_credential_of_before_goes_on_for_ten_seconds_and_no_longer(string midst, string why)
    {
        var file = new CredentialFile<string>("SecretFile", files.Write("secret", "one"), FileContent.Key, Whole, clock);
        Assert.Equal("one", Read(file));

        Make(midst);
        foreach (var _ in Enumerable.Range(1, 10))
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal("one", Read(file));
        }

        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(why, Diagnostic(file));
        Assert.Null(file.Current);
    }

    [Theory]
    [InlineData("gone")]
    [InlineData("a directory")]
    [InlineData("empty")]
    [InlineData("torn")]
    public void After_the_midst_of_a_rewrite_the_new_credential_is_used_and_the_next_rewrite_has_ten_seconds_of_its_own(string midst)
    {
        var file = new CredentialFile<string>("SecretFile", files.Write("secret", "one"), FileContent.Key, Whole, clock);
        var before = "one";
        Assert.Equal(before, Read(file));
        foreach (var next in (string[])["two", "three"])
        {
            Make(midst);
            clock.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal(before, Read(file));
            clock.Advance(TimeSpan.FromSeconds(8));
            Assert.Equal(before, Read(file));

            Unmake();
            files.Write("secret", next);
            clock.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal(next, Read(file));
            before = next;
        }
    }

    [Fact]
    public void What_was_gone_for_too_long_is_used_as_soon_as_it_is_back()
    {
        var file = Secret(files.Write("secret", "one"));
        Assert.Equal("one", Read(file));

        File.Delete(files["secret"]);
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("one", Read(file));
        clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal("SecretFile cannot be read", Diagnostic(file));

        files.Write("secret", "two");
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("two", Read(file));
    }

    [Fact]
    public void A_file_that_never_held_a_credential_is_not_waited_for()
    {
        Assert.Equal("SecretFile is empty", Diagnostic(Secret(files.Write("secret", ""))));
        Assert.Equal("SecretFile cannot be read", Diagnostic(Secret(files["none"])));
    }

    [Theory]
    [InlineData("torn", "SecretFile does not hold what it should")]
    [InlineData(null, "SecretFile cannot be read")]
    public void A_file_that_cannot_be_used_is_looked_at_once_a_second_too(string? content, string diagnostic)
    {
        var parsed = 0;
        if (content is not null)
        {
            files.Write("secret", content);
        }

        var file = new CredentialFile<string>("SecretFile", files["secret"], FileContent.Secret, bytes => Whole(bytes, ref parsed), clock);
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(diagnostic, Diagnostic(file));
        }

        Assert.Equal(content is null ? 0 : 1, parsed);
        files.Write("secret", "one whole");
        Assert.Equal(diagnostic, Diagnostic(file));
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("one whole", Read(file));
    }

    [Fact]
    public async Task Who_comes_while_another_looks_does_not_wait_for_the_disk()
    {
        using var reading = new ManualResetEventSlim();
        using var go = new ManualResetEventSlim();
        var file = new CredentialFile<string>("SecretFile", files.Write("secret", "one"), FileContent.Secret, content =>
        {
            var text = Encoding.UTF8.GetString(content);
            if (text == "two")
            {
                reading.Set();
                go.Wait(TestContext.Current.CancellationToken);
            }

            return text;
        }, clock);
        Assert.Equal("one", Read(file));
        files.Write("secret", "two");
        clock.Advance(TimeSpan.FromSeconds(1));

        var looking = Task.Factory.StartNew(() => Read(file), TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        reading.Wait(TestContext.Current.CancellationToken);
        var other = Task.Factory.StartNew(() => Read(file), TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        var first = await Task.WhenAny(other, Task.Delay(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken));
        go.Set();

        Assert.Same(other, first);
        Assert.Equal(("one", "two"), (await other, await looking));
    }

    [Fact]
    public async Task A_secret_that_cannot_be_read_says_nothing_about_the_key_of_a_cache()
    {
        await using var exchange = new Exchange { Client = new ClientSettings { Id = "mcp-gateway", Authentication = ClientAuthenticationMethod.ClientSecretPost, SecretFile = files["secret"] } };

        Assert.False(EntryLifetime.IsRemembered(await exchange.RunAsync()));

        files.Write("secret", "one");
        exchange.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.IsType<ExchangeResult.Issued>(await exchange.RunAsync());
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

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_refusal_of_the_client_is_remembered_of_the_secret_that_was_refused_and_of_no_other(bool introspects)
    {
        await using var exchange = new Exchange { Client = new ClientSettings { Id = "mcp-gateway", Authentication = ClientAuthenticationMethod.ClientSecretPost, SecretFile = files.Write("secret", "old") } };
        var introspection = new TokenExchange.Inbound.Introspection.IntrospectionClient(exchange.Server, exchange.Client, new Uri(exchange.Stub.Issuer + "/introspect"));
        exchange.Stub.WireAnswer = request => request["client_secret"] == "new" ? introspects ? StubAnswer.Json(200, """{"active":true}""") : exchange.Issue(request) : StubAnswer.Error(401, "invalid_client");
        Assert.False(await AcceptedAsync());
        Assert.False(await AcceptedAsync());
        Assert.Single(exchange.Stub.Posts);

        files.Write("secret", "new");
        exchange.Clock.Advance(TimeSpan.FromSeconds(1));

        Assert.True(await AcceptedAsync());

        async Task<bool> AcceptedAsync() => introspects
            ? await introspection.IntrospectAsync("token".AsMemory(), "alice", CancellationToken.None) is TokenExchange.Inbound.Introspection.IntrospectionAnswer.Active
            : await exchange.RunAsync() is TokenExchange.Outbound.ExchangeResult.Issued;
    }

    [Fact]
    public async Task A_refusal_that_arrives_after_the_secret_was_changed_is_remembered_of_the_one_before()
    {
        await using var exchange = new Exchange { Client = new ClientSettings { Id = "mcp-gateway", Authentication = ClientAuthenticationMethod.ClientSecretPost, SecretFile = files.Write("secret", "old") } };
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        exchange.Stub.WireAnswer = request => request["client_secret"] == "new" ? exchange.Issue(request) : StubAnswer.After(gate.Task, StubAnswer.Error(401, "invalid_client"));
        var late = exchange.RunAsync();
        await exchange.Stub.ArrivalAsync();

        files.Write("secret", "new");
        exchange.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.IsType<TokenExchange.Outbound.ExchangeResult.Issued>(await exchange.RunAsync());
        gate.SetResult();

        Assert.IsType<TokenExchange.Outbound.ExchangeResult.Refused>(await late);
        Assert.IsType<TokenExchange.Outbound.ExchangeResult.Issued>(await exchange.RunAsync());
    }

    private static string Whole(byte[] content) => Encoding.UTF8.GetString(content) is var text && text != "torn" ? text : throw new FormatException();

    private void Make(string midst)
    {
        Unmake();
        switch (midst)
        {
            case "a directory":
                Directory.CreateDirectory(files["secret"]);
                break;
            case "empty":
                files.Write("secret", "");
                break;
            case "torn":
                files.Write("secret", "torn");
                break;
            case "too large":
                files.Write("secret", new string('a', PrivateFile.MaxBytes + 1));
                break;
        }
    }

    private void Unmake()
    {
        File.Delete(Directory.Exists(files["secret"]) ? files["none"] : files["secret"]);
        if (Directory.Exists(files["secret"]))
        {
            Directory.Delete(files["secret"]);
        }
    }

    private static string Whole(byte[] content, ref int parsed)
    {
        parsed++;
        return Whole(content);
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
