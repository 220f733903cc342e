using Xunit;

namespace TokenExchange.Tests.Cache;

/// <summary>Alone, because it looks at the whole heap.</summary>
[CollectionDefinition(nameof(MemoryTests), DisableParallelization = true)]
[Collection(nameof(MemoryTests))]
public sealed class MemoryTests
{
    [Fact]
    public async Task A_live_token_of_eight_hundred_characters_takes_at_most_2700_bytes_what_a_revocation_finds_it_by_included()
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
        Assert.InRange(each, 1600, 2700);

        async Task Fill(int from, int to)
        {
            for (var i = from; i < to; i++)
            {
                await fixture.Exchange(CacheFixture.Request("user" + i));
            }
        }
    }
}
