using Gateway.Generations;
using Gateway.Revoke.Shared;
using Harness;
using Microsoft.Extensions.Logging.Abstractions;
using TokenExchange.Inbound.Proof;
using Xunit;

namespace Gateway.Tests.Lifecycle;

/// <summary>What outlives generations has the limits of the one that is served, not of one that was built and refused.</summary>
public sealed class RuntimePoolTests : IDisposable
{
    private const string Resource = "https://mcp.example.com/weather";
    private readonly RuntimePool pool = new(new ManualClock(), NullLoggerFactory.Instance);

    public void Dispose() => pool.Dispose();

    [Fact]
    public void A_limit_changes_when_the_generation_that_asks_for_it_is_taken_into_use()
    {
        var (memory, ages) = Ask(10, 60);
        pool.TakeEffect();
        Assert.Equal((10, TimeSpan.FromSeconds(60)), (memory.Capacity, ages.MaxAge));

        var (same, sameAges) = Ask(1, 300);
        Assert.Same(memory, same);
        Assert.Same(ages, sameAges);
        Assert.Equal((10, TimeSpan.FromSeconds(60)), (memory.Capacity, ages.MaxAge));

        pool.TakeEffect();
        Assert.Equal((1, TimeSpan.FromSeconds(300)), (memory.Capacity, ages.MaxAge));
    }

    [Fact]
    public void A_generation_that_does_not_come_about_changes_no_limit()
    {
        var (memory, ages) = Ask(10, 60);
        pool.TakeEffect();
        _ = Ask(1, 300);
        pool.Keep(null);
        pool.TakeEffect();
        Assert.Equal((10, TimeSpan.FromSeconds(60)), (memory.Capacity, ages.MaxAge));
    }

    [Fact]
    public void Of_a_server_that_nobody_has_served_yet_a_generation_has_one_memory()
    {
        var (memory, ages) = Ask(10, 60);
        var (same, sameAges) = Ask(10, 60);
        Assert.Same(memory, same);
        Assert.Same(ages, sameAges);
    }

    private (ReplayMemory Memory, ProofAges Ages) Ask(int capacity, int seconds) =>
        ((ReplayMemory)pool.Replays(Resource, "calls", capacity, new SharedNames([])), pool.Ages(Resource, TimeSpan.FromSeconds(seconds)));
}
