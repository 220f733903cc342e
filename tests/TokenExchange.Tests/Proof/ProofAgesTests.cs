using Harness;
using TokenExchange.Inbound.Proof;
using Xunit;

namespace TokenExchange.Tests.Proof;

/// <summary>Whatever the greatest age becomes, a proof that could have been used before is good for no longer than its use was remembered.</summary>
public sealed class ProofAgesTests
{
    private readonly ManualClock clock = new();
    private readonly DateTimeOffset start;

    public ProofAgesTests() => start = clock.GetUtcNow();

    [Fact]
    public void Without_a_change_there_is_no_other_bound()
    {
        var ages = Ages(1);
        ages.MaxAge = TimeSpan.FromMinutes(1);

        Assert.Equal(TimeSpan.MaxValue, ages.MostOf(start));
    }

    [Theory]
    [InlineData(-30, 1)]
    [InlineData(0, 1)]
    [InlineData(60, 1)]
    [InlineData(61, null)]
    public void After_a_change_what_was_issued_until_then_or_ahead_of_it_keeps_its_age(int seconds, int? minutes)
    {
        var ages = Ages(1);
        ages.MaxAge = TimeSpan.FromMinutes(5);

        Assert.Equal(minutes is { } most ? TimeSpan.FromMinutes(most) : TimeSpan.MaxValue, ages.MostOf(start.AddSeconds(seconds)));
    }

    [Fact]
    public void Of_several_changes_each_counts_for_what_was_issued_before_it()
    {
        var ages = Ages(2);
        ages.MaxAge = TimeSpan.FromMinutes(1);
        clock.Advance(TimeSpan.FromMinutes(1));
        ages.MaxAge = TimeSpan.FromMinutes(10);

        Assert.Equal(TimeSpan.FromMinutes(1), ages.MostOf(start));
        Assert.Equal(TimeSpan.FromMinutes(1), ages.MostOf(start.AddMinutes(2)));
        Assert.Equal(TimeSpan.MaxValue, ages.MostOf(start.AddMinutes(2).AddSeconds(1)));

        // Dated ahead as far as was taken at first: its use was remembered for that long.
        var wide = Ages(10);
        wide.MaxAge = TimeSpan.FromMinutes(1);
        wide.MaxAge = TimeSpan.FromMinutes(60);
        Assert.Equal(TimeSpan.FromMinutes(10), wide.MostOf(clock.GetUtcNow().AddMinutes(9)));
    }

    [Fact]
    public void A_change_is_forgotten_once_all_that_it_bounds_is_too_old_for_the_next()
    {
        var ages = Ages(1);
        ages.MaxAge = TimeSpan.FromMinutes(5);
        clock.Advance(TimeSpan.FromMinutes(1) + TimeSpan.FromMinutes(5) + TimeSpan.FromSeconds(1));
        ages.MaxAge = TimeSpan.FromMinutes(10);

        // Older than the five minutes that the last change left it.
        Assert.Equal(TimeSpan.FromMinutes(5), ages.MostOf(start));
        Assert.True(clock.GetUtcNow() - start > TimeSpan.FromMinutes(5));
    }

    [Fact]
    public void An_age_is_positive()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Ages(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Ages(1).MaxAge = TimeSpan.Zero);
    }

    private ProofAges Ages(int minutes) => new(TimeSpan.FromMinutes(minutes), clock);
}
