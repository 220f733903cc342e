using Harness;
using TokenExchange.Inbound;
using Xunit;

namespace TokenExchange.Tests;

/// <summary>The library is a house of four storeys: each may use those below it and never one above.</summary>
public sealed class FolderDirectionTests
{
    private static readonly string[] Storeys = ["Observe", "Jose", "Issuers", "Inbound", "Outbound"];

    [Fact]
    public void No_storey_knows_one_above_it()
    {
        using var compiled = new CompiledReferences(typeof(TokenValidator).Assembly);

        var pairs = compiled.Pairs().Select(pair => (pair.From, pair.To, Storey: StoreyOf(pair.From), Other: StoreyOf(pair.To))).Where(pair => pair is { Storey: >= 0, Other: >= 0 }).ToArray();

        // A reading that finds nothing would pass, too.
        Assert.Contains(pairs, pair => pair.Storey > pair.Other);
        Assert.Equal([], pairs.Where(pair => pair.Storey < pair.Other).Select(pair => $"{pair.From} knows {pair.To}"));
    }

    private static int StoreyOf(string type) => Array.FindIndex(Storeys, storey => type.StartsWith($"TokenExchange.{storey}.", StringComparison.Ordinal));
}
