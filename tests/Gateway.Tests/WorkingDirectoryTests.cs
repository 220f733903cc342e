using System.Diagnostics;
using Xunit;

namespace Gateway.Tests;

/// <summary>Paths on a command line start where it is typed: a key that <c>keys new</c> makes lands beside its user, never among the sources.</summary>
public sealed class WorkingDirectoryTests
{
    [Theory]
    [InlineData("src/Gateway/Gateway.csproj")]
    [InlineData("samples/Demo/Demo.csproj")]
    public async Task Dotnet_run_works_in_the_directory_of_its_caller(string project)
    {
        var start = new ProcessStartInfo("dotnet", ["msbuild", Path.Combine(DocumentationTests.Root, project), "-getProperty:RunWorkingDirectory"])
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
            Environment = { ["MSBUILDDISABLENODEREUSE"] = "1" },
        };
        using var evaluation = Process.Start(start)!;
        var directory = await evaluation.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await evaluation.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal((0, ""), (evaluation.ExitCode, directory.Trim()));
    }
}
