using System.Runtime.ExceptionServices;
using TokenExchange.Issuers.Files;
using Xunit;

namespace TokenExchange.Tests.Request;

/// <summary>A volume of Kubernetes changes by a swap of the link to its directory, and the old directory goes.</summary>
public sealed class SwappedDirectoryTests : IDisposable
{
    private readonly SecretDirectory files = new();

    /// <summary>As it is between the two: who followed the link before the swap finds nothing where it led.</summary>
    public SwappedDirectoryTests()
    {
        files.Write("..new/secret", "new");
        Directory.CreateSymbolicLink(files["..data"], "..old");
        File.CreateSymbolicLink(files["secret"], Path.Combine("..data", "secret"));
    }

    public void Dispose() => files.Dispose();

    [Theory]
    [InlineData("secret", typeof(FileNotFoundException))]
    [InlineData("..data/secret", typeof(DirectoryNotFoundException))]
    public void A_file_whose_directory_goes_while_it_is_opened_is_read_from_the_new_one(string name, Type failure)
    {
        using var failures = new OpenFailures(files[name], Swap);

        Assert.Equal("new"u8, PrivateFile.Read(files[name], FileContent.Key));
        Assert.Equal([failure], failures.Seen);
    }

    [Theory]
    [InlineData("secret")]
    [InlineData("..data/secret")]
    public void A_file_that_is_not_there_is_looked_for_twice_and_not_waited_for(string name)
    {
        using var failures = new OpenFailures(files[name], () => { });

        Assert.ThrowsAny<IOException>(() => PrivateFile.Read(files[name], FileContent.Key));
        Assert.Equal(2, failures.Seen.Count());
    }

    [Fact]
    public void What_fails_for_another_reason_is_not_tried_again()
    {
        Directory.CreateDirectory(files["directory"]);
        using var failures = new OpenFailures(files["directory"], () => { });

        Assert.Throws<UnauthorizedAccessException>(() => PrivateFile.Read(files["directory"], FileContent.Key));
        Assert.Single(failures.Seen);
    }

    private void Swap()
    {
        Directory.CreateSymbolicLink(files["..data_tmp"], "..new");
        File.Delete(files["..data"]);
        Directory.Move(files["..data_tmp"], files["..data"]);
    }

    /// <summary>Sees each failure to open a file before whoever opens it does, and then does something at the first.</summary>
    private sealed class OpenFailures : IDisposable
    {
        private readonly int thread = Environment.CurrentManagedThreadId;
        private readonly List<Exception> failures = [];
        private readonly string path;
        private readonly Action atTheFirst;

        public OpenFailures(string path, Action atTheFirst)
        {
            this.path = path;
            this.atTheFirst = atTheFirst;
            AppDomain.CurrentDomain.FirstChanceException += Failed;
        }

        public IEnumerable<Type> Seen => failures.Select(failure => failure.GetType());

        public void Dispose() => AppDomain.CurrentDomain.FirstChanceException -= Failed;

        private void Failed(object? sender, FirstChanceExceptionEventArgs args)
        {
            // One that is thrown on comes again.
            if (Environment.CurrentManagedThreadId == thread && args.Exception.Message.Contains(path, StringComparison.Ordinal) && !failures.Contains(args.Exception))
            {
                failures.Add(args.Exception);
                if (failures.Count == 1)
                {
                    atTheFirst();
                }
            }
        }
    }
}
