using Harness;
using TokenExchange.Inbound.Proof;
using TokenExchange.Inbound.Revocation;
using TokenExchange.Jose;
using Xunit;

namespace TokenExchange.Tests.Revoke;

/// <summary>What remembers used ids in one process keeps its promise: each once, of each purpose by itself, and none that is over.</summary>
public sealed class UsedIdsTests
{
    private const string Issuer = "https://issuer.example";
    private readonly ManualClock clock = new();

    [Fact]
    public async Task Used_ids_are_known_until_they_are_stale_and_their_number_is_bounded()
    {
        var used = new UsedTokens(clock, capacity: 3);
        var until = clock.GetUtcNow() + TimeSpan.FromMinutes(2);

        Assert.True(await TakeAsync(used, Issuer, "a", until));
        Assert.False(await TakeAsync(used, Issuer, "a", until));
        Assert.True(await TakeAsync(used, Issuer + "a", "", until));
        foreach (var number in Enumerable.Range(0, 20))
        {
            Assert.True(await TakeAsync(used, Issuer, $"{number}", until + TimeSpan.FromSeconds(number)));
            Assert.InRange(used.Count, 1, 3);
        }

        Assert.False(await TakeAsync(used, Issuer, "19", until));
        clock.Advance(TimeSpan.FromMinutes(3));
        Assert.True(await TakeAsync(used, Issuer, "19", clock.GetUtcNow() + TimeSpan.FromMinutes(2)));
    }

    [Fact]
    public async Task Ids_of_two_purposes_never_meet_and_none_is_taken_once_its_time_is_over()
    {
        foreach (var used in new IUsedIds[] { new UsedTokens(clock), new ReplayMemory(100, clock) })
        {
            var id = new UsedId("logout", TokenDigest.Of("issuer"), TokenDigest.Of("id"), clock.GetUtcNow() + TimeSpan.FromMinutes(2));

            Assert.Equal(IdUse.Taken, await used.TryTakeAsync(id, CancellationToken.None));
            Assert.Equal(IdUse.Seen, await used.TryTakeAsync(id, CancellationToken.None));
            Assert.Equal(IdUse.Taken, await used.TryTakeAsync(id with { Purpose = "security-event" }, CancellationToken.None));
            Assert.Equal(IdUse.Seen, await used.TryTakeAsync(new UsedId("logout", id.Owner, TokenDigest.Of("late"), clock.GetUtcNow() - TimeSpan.FromSeconds(1)), CancellationToken.None));
        }
    }

    private static async Task<bool> TakeAsync(UsedTokens used, string issuer, string id, DateTimeOffset until)
    {
        var digest = UsedTokens.DigestOf(issuer, id);
        return await used.TryTakeAsync(new UsedId("logout", digest, digest, until), CancellationToken.None) == IdUse.Taken;
    }
}
