namespace Gateway.Benchmarks.Compare;

/// <summary>One question that a comparison answers.</summary>
internal interface IScenario
{
    /// <summary>How the command line calls it.</summary>
    string Name { get; }

    Task RunAsync(Comparison comparison);
}
