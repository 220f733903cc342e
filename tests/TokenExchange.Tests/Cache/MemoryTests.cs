using System.Runtime.CompilerServices;
using Harness;
using TokenExchange.Inbound;
using TokenExchange.Outbound.Cache;
using Xunit;

namespace TokenExchange.Tests.Cache;

/// <summary>Alone, because it looks at the whole heap.</summary>
[CollectionDefinition(nameof(MemoryTests), DisableParallelization = true)]
[Collection(nameof(MemoryTests))]
public sealed class MemoryTests
{
    [Fact]
    public async Task A_live_token_of_eight_hundred_characters_takes_at_most_2500_bytes_what_a_revocation_finds_it_by_included()
    {
        const int Tokens = 20_000;
        using var fixture = new CacheFixture(Tokens);
        var value = new string('x', 800);
        fixture.Inner.Answer = asked => ScriptedExchanger.Issue(asked, fixture.Clock.GetUtcNow() + TimeSpan.FromMinutes(5), value);
        await Fill(0, 100);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await Fill(100, Tokens);
        var each = (GC.GetTotalMemory(forceFullCollection: true) - before) / (Tokens - 100);
        TestContext.Current.SendDiagnosticMessage("{0} bytes per live token", each);
        Assert.Equal(Tokens, fixture.Cache.Store.Count);
        Assert.InRange(each, 1600, 2500);

        async Task Fill(int from, int to)
        {
            for (var i = from; i < to; i++)
            {
                await fixture.Exchange(CacheFixture.Request("user" + i));
            }
        }
    }

    [Fact]
    public void Nothing_holds_a_token_any_more_that_another_took_the_place_of()
    {
        var store = new CacheStore(10);
        var (first, second) = (Put("first"), Put("second"));
        GC.Collect();

        Assert.False(first.IsAlive);
        Assert.True(second.IsAlive);
        Assert.Equal(1, store.Count);

        [MethodImpl(MethodImplOptions.NoInlining)]
        WeakReference Put(string value)
        {
            var request = CacheFixture.Request();
            var (now, subject) = (new ManualClock().GetUtcNow(), request.Subject);
            var answer = ScriptedExchanger.Issue(request, now + TimeSpan.FromMinutes(5), value);
            var origin = new RememberedToken(subject, TokenTerms.Of(subject, null!, 0, null), withClaims: false);
            store.Put(new CacheEntry(new CacheKeys(CacheFixture.Partition).Of(request), answer, request.Target.InboundResource, origin, now + TimeSpan.FromMinutes(5), now), subject.Issuer, subject.Subject, now);
            return new WeakReference(answer);
        }
    }
}
