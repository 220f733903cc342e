using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;
using Gateway.Configuration;
using Xunit;

namespace Gateway.Tests;

/// <summary>What docs/quickstart.md tells a newcomer to write is what the gateway accepts.</summary>
public sealed class QuickstartTests
{
    [Fact]
    public void Every_configuration_of_the_quickstart_passes_check()
    {
        var configurations = Configurations();

        Assert.Equal(2, configurations.Count);
        Assert.All(configurations, text =>
        {
            var loaded = ConfigurationLoader.Load(Encoding.UTF8.GetBytes(text), new ConfigurationInput { Path = "gateway.json", FilesMustExist = false });
            Assert.All(loaded.Problems, problem => Assert.Equal("file-missing", problem.Rule));
            Assert.False(loaded.HasErrors);
        });
    }

    private static List<string> Configurations([CallerFilePath] string here = "")
    {
        var guide = Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "docs", "quickstart.md");
        return [.. Regex.Matches(File.ReadAllText(guide), "```json\n(.*?)```", RegexOptions.Singleline).Select(match => match.Groups[1].Value)];
    }
}
