using Xunit;

namespace Gateway.Tests.Lifecycle;

/// <summary>Tests that keep every processor busy until others are answered. Each alone: no other test has to wait for it, and nobody else makes its callers wait.</summary>
[CollectionDefinition(nameof(Floods), DisableParallelization = true)]
public sealed class Floods;
