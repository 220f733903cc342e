using System.Diagnostics;
using System.IO.Compression;
using System.Text;
using System.Xml.Linq;
using Xunit;

namespace Gateway.Tests.HopTokens;

/// <summary>The two packages as others get them.</summary>
public sealed class PackTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("packages-").FullName;

    [Fact]
    public async Task Both_packages_hold_what_they_promise_and_nothing_of_the_machine_that_built_them()
    {
        var root = Root(AppContext.BaseDirectory);
        await PackAsync(root, "TokenExchange.AspNetCore");
        await PackAsync(root, "TokenExchange");
        foreach (var id in new[] { "TokenExchange", "TokenExchange.AspNetCore" })
        {
            await using var package = await ZipFile.OpenReadAsync(Assert.Single(Directory.GetFiles(directory, id + ".0*.nupkg")), TestContext.Current.CancellationToken);
            var entries = package.Entries.ToDictionary(entry => entry.FullName, Read);

            var assembly = entries[$"lib/net10.0/{id}.dll"];
            Assert.Equal(-1, assembly.AsSpan().IndexOf(Encoding.UTF8.GetBytes(root)));
            Assert.Contains("<summary>", Encoding.UTF8.GetString(entries[$"lib/net10.0/{id}.xml"]), StringComparison.Ordinal);
            Assert.StartsWith($"# {id}", Encoding.UTF8.GetString(entries["README.md"]), StringComparison.Ordinal);
            var metadata = XDocument.Parse(Encoding.UTF8.GetString(entries[$"{id}.nuspec"]).TrimStart('\uFEFF')).Descendants().ToLookup(element => element.Name.LocalName);
            Assert.Equal("Apache-2.0", metadata["license"].Single().Value);
            Assert.Empty(metadata["repository"]);
            Assert.Equal(id == "TokenExchange.AspNetCore", metadata["dependency"].Any(one => one.Attribute("id")!.Value == "TokenExchange"));
            Assert.Equal(id == "TokenExchange.AspNetCore", metadata["frameworkReference"].Any(one => one.Attribute("name")!.Value == "Microsoft.AspNetCore.App"));
            Assert.DoesNotContain(metadata["dependency"], one => one.Attribute("id")!.Value.Contains("Analyzers", StringComparison.Ordinal));
        }
    }

    public void Dispose() => Directory.Delete(directory, recursive: true);

    private async Task PackAsync(string root, string project)
    {
        var start = new ProcessStartInfo("dotnet", ["pack", Path.Combine(root, "src", project), "-c", "Release", "--artifacts-path", Path.Combine(directory, "build"), "-o", directory, "-nologo", "-v", "quiet"])
        {
            RedirectStandardOutput = true,

            // What a build leaves behind for the next would hold its output open.
            Environment = { ["MSBUILDDISABLENODEREUSE"] = "1", ["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0", ["UseSharedCompilation"] = "false" },
        };
        using var pack = Process.Start(start)!;
        var said = await pack.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await pack.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(pack.ExitCode == 0, said);
    }

    private static byte[] Read(ZipArchiveEntry entry)
    {
        using var content = new MemoryStream();
        using var stream = entry.Open();
        stream.CopyTo(content);
        return content.ToArray();
    }

    private static string Root(string folder) => File.Exists(Path.Combine(folder, "Gateway.sln")) ? folder : Root(Path.GetDirectoryName(folder)!);
}
