using Harness;
using Xunit;

namespace Gateway.Tests;

/// <summary>The folders of the host are the stages of a request, in the order of its path: each may use those before it and never one after it.</summary>
public sealed class FolderDirectionTests
{
    private static readonly string[] Path = ["Advertise", "Authenticate", "Authorize", "Exchange", "Forward"];
    private static readonly string[] Around = ["Generations", "Lifecycle", "Hosting", "Commands", "Management", "Bridge"];
    private static readonly string[] Below = ["Connections", "Http"];

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

    [Fact]
    public void What_lies_below_knows_no_other_folder()
    {
        Assert.All(Below, folder => Assert.Contains(Pairs(), pair => FolderOf(pair.To) == folder && FolderOf(pair.From) != folder));
        Assert.Equal([], Pairs().Where(pair => Below.Contains(FolderOf(pair.From)) && FolderOf(pair.To) is not "" and var other && other != FolderOf(pair.From)).Select(pair => $"{pair.From} knows {pair.To}"));
    }

    /// <summary>
    /// A generation is built of what the configuration says and of everything that it puts together; who is served by one asks
    /// for the current one. Beyond that, of two folders one at most knows the other.
    /// </summary>
    [Fact]
    public void No_two_folders_know_each_other_but_for_the_generations_and_what_they_are_made_of()
    {
        var known = Pairs().Where(pair => FolderOf(pair.From) != FolderOf(pair.To)).ToLookup(pair => (From: FolderOf(pair.From), To: FolderOf(pair.To)));
        var folders = known.SelectMany(pair => new[] { pair.Key.From, pair.Key.To }).Distinct().Except(["", "Generations"]).ToArray();

        Assert.Contains(known, pair => pair.Key is { From: "Revoke", To: "Observe" });
        var mutual =
            from one in folders
            from other in folders
            where string.CompareOrdinal(one, other) < 0 && known.Contains((one, other)) && known.Contains((other, one))
            from pair in known[(one, other)].Concat(known[(other, one)])
            select $"{pair.From} knows {pair.To}";
        Assert.Equal("", string.Join('\n', mutual.Distinct()));
    }

    private static IEnumerable<(string From, string To)> Pairs()
    {
        using var compiled = new CompiledReferences(typeof(McpServer).Assembly);
        return [.. compiled.Pairs()];
    }

    private static string FolderOf(string type) => type.Split('.') is ["Gateway", var folder, _, ..] ? folder : "";
}
