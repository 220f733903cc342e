using Harness;
using TokenExchange.Inbound.Calls;
using TokenExchange.Inbound.Proof;
using TokenExchange.Jose;
using Xunit;

namespace TokenExchange.Tests.Proof;

/// <summary>Bounded, nothing forgotten early, and nobody alone can fill it for all.</summary>
public sealed class ReplayMemoryTests
{
    private static readonly TimeSpan Age = TimeSpan.FromMinutes(5);
    private readonly ManualClock clock = new();

    [Fact]
    public async Task A_full_memory_forgets_nothing_before_its_time()
    {
        var memory = new ReplayMemory(8, clock);
        for (var i = 0; i < 8; i++)
        {
            Assert.Equal(IdUse.Taken, await TakeAsync(memory, $"key-{i}", "id"));
        }

        Assert.Equal(IdUse.Full, await TakeAsync(memory, "key-8", "id"));
        for (var i = 0; i < 8; i++)
        {
            Assert.Equal(IdUse.Seen, await TakeAsync(memory, $"key-{i}", "id"));
        }

        clock.Advance(Age + TimeSpan.FromSeconds(1));
        Assert.Equal(IdUse.Taken, await TakeAsync(memory, "key-8", "id"));
        Assert.Equal(1, memory.Count);
    }

    [Fact]
    public async Task Of_an_id_whose_time_is_over_nobody_knows_any_more_and_it_is_not_taken()
    {
        var memory = new ReplayMemory(8, clock);
        var id = new UsedId("test", TokenDigest.Of("key"), TokenDigest.Of("id"), clock.GetUtcNow() + Age);
        Assert.Equal(IdUse.Taken, await memory.TryTakeAsync(id, CancellationToken.None));

        // Its request was let in in time and waited for its body since, as another one with the same id may have.
        clock.Advance(Age + TimeSpan.FromSeconds(1));
        Assert.Equal(IdUse.Seen, await memory.TryTakeAsync(id, CancellationToken.None));
        Assert.Equal(IdUse.Seen, await memory.TryTakeAsync(id with { Id = TokenDigest.Of("unused") }, CancellationToken.None));
        Assert.Equal(0, memory.Count);
    }

    [Fact]
    public async Task A_clock_that_is_set_back_makes_no_used_id_good_again_and_keeps_no_new_one_out()
    {
        var memory = new ReplayMemory(8, clock);
        var id = new UsedId("test", TokenDigest.Of("key"), TokenDigest.Of("id"), clock.GetUtcNow() + Age);
        Assert.Equal(IdUse.Taken, await memory.TryTakeAsync(id, CancellationToken.None));
        clock.Advance(TimeSpan.FromSeconds(2));

        clock.Set(TimeSpan.FromHours(1));
        Assert.Equal(IdUse.Taken, await TakeAsync(memory, "key", "of that hour"));
        clock.Set(-TimeSpan.FromHours(1));

        Assert.Equal(IdUse.Seen, await memory.TryTakeAsync(id, CancellationToken.None));
        Assert.Equal(IdUse.Taken, await TakeAsync(memory, "key", "new"));
    }

    [Theory]
    [InlineData("alice", "https://issuer.example", true)]
    [InlineData("bob", "https://issuer.example", false)]
    [InlineData("alice", "https://other.example", false)]
    [InlineData("ealice", "https://issuer.exampl", false)]
    public void What_a_subject_uses_once_has_one_owner_whatever_it_is_for(string subject, string issuer, bool same)
    {
        var token = Subjects.Token(subject, issuer);
        var approval = UsedId.Of("approval", token, TokenDigest.Of("an approval"), token.ExpiresAt);

        Assert.Equal(same, approval.Owner == CallBinding.UseOf(Subjects.Token()).Owner);
    }

    [Fact]
    public async Task Once_three_quarters_are_in_use_one_key_has_a_quarter_at_most()
    {
        var memory = new ReplayMemory(100, clock);
        for (var i = 0; i < 75; i++)
        {
            Assert.Equal(IdUse.Taken, await TakeAsync(memory, "greedy", $"{i}"));
        }

        Assert.Equal(IdUse.Full, await TakeAsync(memory, "greedy", "75"));
        for (var i = 0; i < 25; i++)
        {
            Assert.Equal(IdUse.Taken, await TakeAsync(memory, "modest", $"{i}"));
        }

        Assert.Equal(IdUse.Full, await TakeAsync(memory, "late", "0"));
    }

    [Fact]
    public async Task What_a_key_held_counts_no_more_once_it_is_forgotten()
    {
        var memory = new ReplayMemory(8, clock);
        for (var i = 0; i < 6; i++)
        {
            await TakeAsync(memory, "greedy", $"{i}");
        }

        Assert.Equal(IdUse.Full, await TakeAsync(memory, "greedy", "6"));

        clock.Advance(Age + TimeSpan.FromSeconds(1));
        Assert.Equal(IdUse.Taken, await TakeAsync(memory, "greedy", "6"));
    }

    [Fact]
    public async Task A_memory_that_is_made_smaller_keeps_what_it_has()
    {
        var memory = new ReplayMemory(8, clock);
        for (var i = 0; i < 6; i++)
        {
            await TakeAsync(memory, $"key-{i}", "id");
        }

        memory.Capacity = 4;

        Assert.Equal(IdUse.Full, await TakeAsync(memory, "key-6", "id"));
        Assert.Equal(IdUse.Seen, await TakeAsync(memory, "key-0", "id"));
        Assert.Equal(6, memory.Count);
    }

    [Fact]
    public async Task Of_many_who_take_one_id_at_once_one_has_it()
    {
        var memory = new ReplayMemory(100, clock);

        var uses = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => Task.Run(() => TakeAsync(memory, "key", "id"))));

        Assert.Single(uses, IdUse.Taken);
        Assert.Equal(63, uses.Count(use => use == IdUse.Seen));
    }

    private Task<IdUse> TakeAsync(ReplayMemory memory, string owner, string id) =>
        memory.TryTakeAsync(new UsedId("test", TokenDigest.Of(owner), TokenDigest.Of(owner + id), clock.GetUtcNow() + Age), TestContext.Current.CancellationToken).AsTask();
}
