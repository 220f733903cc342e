using System.Collections.Immutable;

namespace Gateway.Generations;

/// <summary>The generation that is served, and those before it that may still have requests in flight.</summary>
internal sealed class GenerationsInUse
{
    private readonly ImmutableArray<Generation> older;

    private GenerationsInUse(Generation current, ImmutableArray<Generation> older) => (Current, this.older) = (current, older);

    public Generation Current { get; }

    /// <summary>The older ones whose requests have not all ended.</summary>
    public IEnumerable<Generation> Older => older.Where(generation => generation.InFlight.Any);

    public static GenerationsInUse First(Generation generation) => new(generation, []);

    /// <summary>The same after a swap. A request may be about to enter the one that is served until now, so that it stays in any case.</summary>
    public GenerationsInUse Then(Generation next) => new(next, [.. Older, Current]);
}
