using TokenExchange.Outbound;
using Xunit;

namespace TokenExchange.Tests.Cache;

public sealed class BoundsTests
{
    [Fact]
    public async Task A_hundred_thousand_tokens_stay_within_the_capacity()
    {
        using var fixture = Answering(1000);
        for (var i = 0; i < 100_000; i++)
        {
            await fixture.Exchange(CacheFixture.Request("user" + i));
        }

        Assert.Equal(1000, fixture.Cache.Store.Count);
        Assert.Equal(1000, fixture.Cache.Entries().Count());
    }

    [Fact]
    public async Task One_subject_displaces_its_own_entries_alone()
    {
        using var fixture = Answering(1000);
        await Fill(fixture, "https://a.example", 900);
        for (var i = 0; i < 5000; i++)
        {
            await fixture.Exchange(CacheFixture.Request("flood", "https://a.example", value: "token" + i));
        }

        Assert.Equal(900 + fixture.Cache.Store.SubjectCapacity, fixture.Cache.Store.Count);
        Assert.Equal(900, await Hits(fixture, "https://a.example", 900));
    }

    [Fact]
    public async Task One_issuer_displaces_its_own_entries_once_it_has_its_share()
    {
        using var fixture = Answering(1000);
        await Fill(fixture, "https://b.example", 400);
        await Fill(fixture, "https://a.example", 20_000);
        Assert.Equal(400, await Hits(fixture, "https://b.example", 400));
        Assert.Equal(1000, fixture.Cache.Store.Count);
    }

    [Fact]
    public async Task A_new_issuer_gets_its_share_of_a_full_cache()
    {
        using var fixture = Answering(1000);
        await Fill(fixture, "https://a.example", 5000);
        await Fill(fixture, "https://b.example", 500);
        Assert.Equal(500, await Hits(fixture, "https://b.example", 500));
    }

    [Fact]
    public async Task Entries_in_use_outlive_a_flood()
    {
        using var fixture = Answering(200);
        await Fill(fixture, "https://a.example", 50);
        for (var i = 0; i < 2000; i++)
        {
            await fixture.Exchange(CacheFixture.Request("flood" + i, "https://a.example"));
            Assert.Equal(ExchangeOrigin.Hit, await fixture.Origin(CacheFixture.Request("user" + (i % 50), "https://a.example")));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task The_smallest_capacities_work(int capacity)
    {
        using var fixture = Answering(capacity);
        for (var i = 0; i < 50; i++)
        {
            Assert.IsType<ExchangeResult.Issued>(await fixture.Exchange(CacheFixture.Request("user" + (i % 4), $"https://{i % 3}.example", value: "token" + (i % 7))));
            Assert.InRange(fixture.Cache.Store.Count, 1, capacity);
        }
    }

    [Fact]
    public async Task Ended_entries_go_without_being_asked_for()
    {
        using var fixture = Answering(1000);
        await Fill(fixture, "https://a.example", 100);
        fixture.Clock.Advance(TimeSpan.FromMinutes(4));
        Assert.Equal(100, fixture.Cache.Store.Count);
        fixture.Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(0, fixture.Cache.Store.Count);
    }

    private static CacheFixture Answering(int capacity)
    {
        var fixture = new CacheFixture(capacity);
        fixture.Inner.Answer = asked => fixture.Inner.Token(asked, TimeSpan.FromMinutes(5));
        return fixture;
    }

    private static async Task Fill(CacheFixture fixture, string issuer, int count, int from = 0)
    {
        for (var i = from; i < count; i++)
        {
            await fixture.Exchange(CacheFixture.Request("user" + i, issuer));
        }
    }

    private static async Task<int> Hits(CacheFixture fixture, string issuer, int count)
    {
        var hits = 0;
        for (var i = 0; i < count; i++)
        {
            hits += await fixture.Origin(CacheFixture.Request("user" + i, issuer)) == ExchangeOrigin.Hit ? 1 : 0;
        }

        return hits;
    }
}
