using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text.Json.Nodes;
using TokenExchange.Inbound.Revocation;
using TokenExchange.Outbound;
using TokenExchange.Outbound.Cache;
using Xunit;

namespace TokenExchange.Tests.Cache;

public sealed class ForgetTests : IDisposable
{
    private readonly CacheFixture fixture = new();

    public ForgetTests() => Answering();

    public void Dispose() => fixture.Dispose();

    [Fact]
    public async Task After_forgetting_the_next_exchange_is_fresh()
    {
        var request = CacheFixture.Request();
        var refused = Assert.IsType<ExchangeResult.Issued>(await fixture.Exchange(request)).Token;
        fixture.Exchanger.Forget(request, refused);
        Assert.Equal(ExchangeOrigin.Issued, await fixture.Origin(request));
    }

    [Fact]
    public async Task A_flight_that_began_before_forgetting_answers_nobody_later_and_leaves_nothing()
    {
        var request = CacheFixture.Request();
        fixture.Inner.Answer = asked => fixture.Inner.Token(asked, TimeSpan.FromSeconds(100));
        var refused = Assert.IsType<ExchangeResult.Issued>(await fixture.Exchange(request)).Token;
        await fixture.Inner.Asked();

        // Served for 90 s; the refresh begins between 63 and 72 s.
        fixture.Inner.Answer = null;
        fixture.Clock.Advance(TimeSpan.FromSeconds(80));
        Assert.Equal(ExchangeOrigin.Hit, await fixture.Origin(request));
        await fixture.Inner.Asked();
        var before = fixture.Cache.Board(new CacheKeys(CacheFixture.Partition).Of(request), request, fixture.Inner, out var isOnItsWay);
        Assert.True(isOnItsWay);
        fixture.Exchanger.Forget(request, refused);
        var after = Assert.Single(await fixture.Boarded(1, request));
        Assert.Equal(3, fixture.Inner.Calls);

        fixture.Inner.Held.TryDequeue(out var first);
        first!.SetResult(fixture.Inner.Token(request, TimeSpan.FromMinutes(5)));
        var stale = Assert.IsType<ExchangeResult.Issued>(await before.Landing).Token;
        Assert.Equal(0, fixture.Cache.Store.Count);
        Assert.False(after.IsCompleted);

        fixture.Inner.Held.TryDequeue(out var second);
        second!.SetResult(fixture.Inner.Token(request, TimeSpan.FromMinutes(5)));
        Assert.NotSame(stale, Assert.IsType<ExchangeResult.Issued>(await after).Token);
        Assert.Equal(ExchangeOrigin.Hit, await fixture.Origin(request));
    }

    [Fact]
    public async Task Of_many_whose_token_was_refused_one_makes_a_new_exchange()
    {
        var request = CacheFixture.Request();
        var refused = Assert.IsType<ExchangeResult.Issued>(await fixture.Exchange(request)).Token;
        for (var i = 0; i < 10; i++)
        {
            fixture.Exchanger.Forget(request, refused);
            await fixture.Exchange(request);
        }

        Assert.Equal(2, fixture.Inner.Calls);
    }

    [Fact]
    public async Task A_revoked_subject_loses_its_tokens_and_no_other_does()
    {
        await fixture.Exchange(CacheFixture.Request("alice", value: "one"));
        await fixture.Exchange(CacheFixture.Request("alice", value: "two"));
        await fixture.Exchange(CacheFixture.Request("alice", "https://other.example"));
        await fixture.Exchange(CacheFixture.Request("bob"));
        Assert.Equal(2, fixture.Cache.ForgetSubject("https://issuer.example", "alice"));
        Assert.Equal(0, fixture.Cache.ForgetSubject("https://issuer.example", "alice"));
        Assert.Equal(ExchangeOrigin.Issued, await fixture.Origin(CacheFixture.Request("alice", value: "one")));
        Assert.Equal(ExchangeOrigin.Hit, await fixture.Origin(CacheFixture.Request("alice", "https://other.example")));
        Assert.Equal(ExchangeOrigin.Hit, await fixture.Origin(CacheFixture.Request("bob")));
    }

    [Fact]
    public async Task A_subject_revoked_during_an_exchange_gets_no_token_and_leaves_none()
    {
        var request = CacheFixture.Request();
        fixture.Inner.Answer = null;
        var call = fixture.Exchange(request).AsTask();
        await fixture.Inner.Asked();
        fixture.Cache.ForgetSubject("https://issuer.example", "alice");
        fixture.Inner.Held.TryDequeue(out var held);
        held!.SetResult(fixture.Inner.Token(request, TimeSpan.FromMinutes(5)));
        Assert.Equal(ExchangeError.SubjectRefused, Assert.IsType<ExchangeResult.Refused>(await call).Error);
        Assert.Equal(0, fixture.Cache.Store.Count);
    }

    [Fact]
    public async Task A_session_that_ends_takes_its_tokens_along()
    {
        await fixture.Exchange(CacheFixture.Request(value: "one", claims: new JsonObject { ["sid"] = "session-1" }));
        await fixture.Exchange(CacheFixture.Request(value: "two", claims: new JsonObject { ["sid"] = "session-2" }));
        await fixture.Exchange(CacheFixture.Request(value: "three"));
        Assert.Equal([0], Forget("https://other.example"));
        Assert.Equal([1], Forget("https://issuer.example"));
        Assert.Equal(2, fixture.Cache.Store.Count);

        int[] Forget(string issuer)
        {
            var revocations = new Revocations(fixture.Clock);
            var ended = Revocation.Of(revocations.Keys, RevocationSelector.Session, issuer, "session-1", fixture.Clock.GetUtcNow(), TimeSpan.FromHours(2), RevocationSource.BackchannelLogout);
            return fixture.Cache.Forget(revocations.Match([ended]), 1);
        }
    }

    [Fact]
    public async Task An_operator_sees_entries_and_never_a_token()
    {
        fixture.Inner.Answer = asked => ScriptedExchanger.Issue(asked, fixture.Clock.GetUtcNow() + TimeSpan.FromMinutes(5), "hop-secret");
        var request = CacheFixture.Request(value: "inbound-secret");
        await fixture.Exchange(request);
        await fixture.Exchange(request);
        var entry = Assert.Single(fixture.Cache.Entries());
        Assert.Equal(("https://mcp.example/weather", 1L, false), (entry.Server, entry.Hits, entry.IsRefusal));
        Assert.DoesNotContain("secret", entry.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("alice", entry.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_request_is_counted_with_its_outcome()
    {
        var name = Guid.NewGuid().ToString();
        using var counted = new CacheFixture(partition: CacheFixture.Partition with { AuthorizationServer = name });
        var outcomes = new ConcurrentQueue<string>();
        var entries = 0;
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Name == "token_exchange.requests" || ReferenceEquals(instrument.Meter, counted.Cache.Meter))
            {
                self.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((_, _, tags, _) =>
        {
            if (Equals(tags[0].Value, name))
            {
                outcomes.Enqueue((string)tags[1].Value!);
            }
        });
        listener.SetMeasurementEventCallback<int>((_, value, _, _) => entries = value);
        listener.Start();

        ExchangeResult[] answers =
        [
            new ExchangeResult.Unavailable(TimeSpan.FromSeconds(1)),
            counted.Inner.Token(CacheFixture.Request(), TimeSpan.FromMinutes(5)),
            new ExchangeResult.Refused(ExchangeError.SubjectRefused),
            new ExchangeResult.Rejected(ResultRejection.Shape),
        ];
        for (var i = 0; i < answers.Length; i++)
        {
            counted.Inner.Answer = _ => answers[i];
            await counted.Exchange(CacheFixture.Request("user" + i));
        }

        await counted.Exchange(CacheFixture.Request("user1"));
        counted.Inner.Answer = _ => answers[^1];
        await counted.Exchange(CacheFixture.Request("user1") with { Call = new BoundCall("tools/call", "forecast", "sha-256=::") });
        listener.RecordObservableInstruments();
        Assert.Equal(["unavailable", "issued", "refused", "rejected", "hit", "rejected"], outcomes);
        Assert.Equal(3, entries);
    }

    private void Answering() => fixture.Inner.Answer = asked => fixture.Inner.Token(asked, TimeSpan.FromMinutes(5));
}
