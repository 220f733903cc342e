using TokenExchange.Tests.Harness;
using Xunit;

namespace Gateway.Tests;

/// <summary>The folders of the host are the stages of a request, in the order of its path: each may use those before it and never one after it.</summary>
public sealed class FolderDirectionTests
{
    private static readonly string[] Path = ["Advertise", "Authenticate", "Authorize", "Exchange", "Forward"];
    private static readonly string[] Around = ["Generations", "Commands", "Management", "Bridge"];

    [Fact]
    public void No_stage_of_the_path_knows_a_later_one()
    {
        var pairs = Pairs().Select(pair => (pair.From, pair.To, Stage: Array.IndexOf(Path, FolderOf(pair.From)), Other: Array.IndexOf(Path, FolderOf(pair.To)))).Where(pair => pair is { Stage: >= 0, Other: >= 0 }).ToArray();

        // A reading that finds nothing would pass, too.
        Assert.Contains(pairs, pair => pair.Stage > pair.Other);
        Assert.Equal([], pairs.Where(pair => pair.Stage < pair.Other).Select(pair => $"{pair.From} knows {pair.To}"));
    }

    [Fact]
    public void No_stage_of_the_path_knows_who_builds_it_commands_it_or_shows_it()
    {
        var known = Pairs().Where(pair => Path.Contains(FolderOf(pair.From)) && Around.Contains(FolderOf(pair.To)));

        Assert.Contains(Pairs(), pair => Around.Contains(FolderOf(pair.From)) && Path.Contains(FolderOf(pair.To)));
        Assert.Equal([], known.Select(pair => $"{pair.From} knows {pair.To}"));
    }

    private static IEnumerable<(string From, string To)> Pairs()
    {
        using var compiled = new CompiledReferences(typeof(McpServer).Assembly);
        return [.. compiled.Pairs()];
    }

    private static string FolderOf(string type) => type.Split('.') is ["Gateway", var folder, ..] ? folder : "";
}
