using System.Runtime.InteropServices;
using TokenExchange.Issuers.Files;
using Xunit;

namespace TokenExchange.Tests.Request;

public sealed class FileExposureTests : IDisposable
{
    private const uint Root = 0;
    private const uint Gateway = 1654;
    private const uint Stranger = 1000;
    private const string Everybody = "is open to everybody";
    private const string Group = "is open to its group";
    private const string Foreign = "belongs to another user";
    private readonly SecretDirectory files = new();

    /// <summary>Mode in octal digits, owner, our user, and why a secret and an assertion of that kind are refused.</summary>
    public static TheoryData<string, uint, uint, string?, string?> Combinations => new()
    {
        // Ours alone.
        { "600", Gateway, Gateway, null, null },
        { "400", Gateway, Gateway, null, null },
        { "700", Gateway, Gateway, null, null },
        { "600", Root, Root, null, null },

        // As the kubelet writes a Secret for fsGroup, and a service-account token for runAsUser.
        { "440", Root, Gateway, null, null },
        { "640", Root, Gateway, null, null },
        { "640", Gateway, Gateway, Group, null },
        { "440", Gateway, Gateway, Group, null },

        // Root is refused what everybody can read, and what is not its own.
        { "440", Root, Root, null, null },
        { "644", Root, Root, Everybody, Everybody },
        { "600", Gateway, Root, Foreign, null },
        { "640", Gateway, Root, Foreign, null },

        // A stranger may hand us an assertion, never a key.
        { "640", Stranger, Gateway, Foreign, null },
        { "600", Stranger, Gateway, Foreign, null },

        // The group never writes, nobody else does anything.
        { "460", Root, Gateway, Group, Group },
        { "450", Root, Gateway, Group, Group },
        { "620", Gateway, Gateway, Group, Group },
        { "610", Root, Root, Group, Group },
        { "604", Gateway, Gateway, Everybody, Everybody },
        { "602", Gateway, Gateway, Everybody, Everybody },
        { "601", Root, Root, Everybody, Everybody },
        { "444", Root, Gateway, Everybody, Everybody },
        { "777", Stranger, Gateway, Everybody, Everybody },
    };

    [Theory]
    [MemberData(nameof(Combinations))]
    public void Mode_and_owner_decide_who_may_read_a_secret_and_an_assertion(string mode, uint owner, uint user, string? secret, string? assertion)
    {
        Assert.Equal(secret, FileExposure.Of(FileContent.Key, Mode(mode), owner, user));
        Assert.Equal(assertion, FileExposure.Of(FileContent.Assertion, Mode(mode), owner, user));
        Assert.Null(FileExposure.Of(FileContent.Public, Mode(mode), owner, user));
    }

    [Theory]
    [InlineData("440", Root, null)]
    [InlineData("640", Root, null)]
    [InlineData("600", Root, null)]
    [InlineData("600", Stranger, Foreign)]
    [InlineData("440", Stranger, Foreign)]
    [InlineData("460", Root, Group)]
    [InlineData("604", Root, Everybody)]
    [InlineData("604", Stranger, Everybody)]
    public void Real_files_are_judged_by_their_real_owner(string mode, uint owner, string? secret)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Only root on Linux can give a file to another user.");
        var path = files.Write("file", "content", Mode(mode));
        Assert.Equal(0, ChangeOwner(path, owner, Gateway));

        Assert.Equal(secret, Refusal(path, FileContent.Key));
        Assert.Equal(secret == Foreign ? null : secret, Refusal(path, FileContent.Assertion));
        Assert.Null(Refusal(path, FileContent.Public));
    }

    [Fact]
    public void What_a_link_leads_to_is_judged_not_the_link()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no modes");
        File.CreateSymbolicLink(files["link"], files.Write("open", "content", Mode("604")));
        File.CreateSymbolicLink(files["good"], files.Write("closed", "content", Mode("600")));

        Assert.Equal(Everybody, Refusal(files["link"], FileContent.Key));
        Assert.Null(Refusal(files["good"], FileContent.Key));
    }

    public void Dispose() => files.Dispose();

    private static UnixFileMode Mode(string octal) => (UnixFileMode)Convert.ToInt32(octal, 8);

    private static string? Refusal(string path, FileContent holds)
    {
        try
        {
            Assert.Equal("content"u8, PrivateFile.Read(path, holds));
            return null;
        }
        catch (PrivateFileException refused)
        {
            return refused.Message;
        }
    }

    [DllImport("libc", EntryPoint = "chown", CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int ChangeOwner(string path, uint owner, uint group);
}
