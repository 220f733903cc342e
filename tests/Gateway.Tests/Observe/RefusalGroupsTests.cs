using Gateway.Observe;
using Gateway.Tests.Observe.Harness;
using Harness;
using Xunit;

namespace Gateway.Tests.Observe;

public sealed class RefusalGroupsTests
{
    private readonly ManualClock clock = new();

    [Fact]
    public void One_kind_that_comes_in_masses_hides_no_other()
    {
        var refusals = new RefusalGroups();
        refusals.Add(Given.Refusal(clock, 502, "exchange_result_rejected"));
        for (var i = 0; i < 10_000; i++)
        {
            refusals.Add(Given.Refusal(clock, 401, "token_missing"));
        }

        var groups = refusals.View(clock.GetUtcNow()).ToDictionary(group => group.Kind.Reason);
        Assert.Equal((1, 10_000), (groups["exchange_result_rejected"].Count, groups["token_missing"].Count));
        Assert.Single(groups["exchange_result_rejected"].Examples);
        Assert.Equal(8, groups["token_missing"].Examples.Length);
    }

    [Fact]
    public void Kinds_are_told_apart_by_reason_server_issuer_and_status_and_by_nothing_that_a_caller_chooses()
    {
        var refusals = new RefusalGroups();
        foreach (var (server, issuer) in new[] { ("weather", "https://a.example"), ("weather", "https://b.example"), ("notes", "https://a.example") })
        {
            for (var i = 0; i < 5; i++)
            {
                var record = Given.Refusal(clock, 401, "audience_invalid");
                (record.Server, record.Issuer, record.Subject, record.Detail) = (server, issuer, $"subject-{i}", $"detail-{i}");
                refusals.Add(record);
            }
        }

        Assert.Equal([5, 5, 5], refusals.View(clock.GetUtcNow()).Select(group => (int)group.Count));
    }

    [Fact]
    public void There_are_at_most_so_many_kinds_and_the_one_seen_longest_ago_gives_way()
    {
        var refusals = new RefusalGroups(most: 3);
        foreach (var reason in new[] { "expired", "malformed", "revoked", "expired", "inactive" })
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            refusals.Add(Given.Refusal(clock, 401, reason));
        }

        Assert.Equal(["expired", "inactive", "revoked"], refusals.View(clock.GetUtcNow()).Select(group => group.Kind.Reason).Order());
    }

    [Fact]
    public void What_is_recent_passes_and_what_was_first_and_last_stays()
    {
        var refusals = new RefusalGroups();
        var first = clock.GetUtcNow();
        refusals.Add(Given.Refusal(clock, 403, "operation_denied"));
        clock.Advance(TimeSpan.FromMinutes(10));
        refusals.Add(Given.Refusal(clock, 403, "operation_denied"));
        var last = clock.GetUtcNow();
        Assert.Equal(2, Assert.Single(refusals.View(last)).Recent);
        clock.Advance(TimeSpan.FromMinutes(7));

        var group = Assert.Single(refusals.View(clock.GetUtcNow()));

        Assert.Equal((2, 1, first, last), (group.Count, group.Recent, group.First, group.Last));
        Assert.Equal(0, Assert.Single(refusals.View(clock.GetUtcNow() + TimeSpan.FromHours(2))).Recent);
    }

    [Fact]
    public void A_request_that_went_well_is_no_refusal_and_one_that_was_sent_and_ended_badly_says_so()
    {
        var refusals = new RefusalGroups();
        refusals.Add(Given.AllowedCall(clock));
        Assert.Empty(refusals.View(clock.GetUtcNow()));
        var record = Given.AllowedCall(clock);
        record.Refuse(504, "upstream_timeout", "dependency");
        refusals.Add(record);

        var group = Assert.Single(refusals.View(clock.GetUtcNow()));
        Assert.Equal("sent", group.Category);
        var example = Assert.Single(group.Examples);
        Assert.Equal(("alice", "assistant", "tools/call", "forecast"), (example.Subject, example.ClientId, example.Method, example.Operation));
    }

    [Fact]
    public void Many_at_once_lose_nothing()
    {
        var refusals = new RefusalGroups();
        Parallel.For(0, 10_000, i => refusals.Add(Given.Refusal(clock, 401, i % 2 == 0 ? "expired" : "malformed")));

        Assert.Equal([5000, 5000], refusals.View(clock.GetUtcNow()).Select(group => (int)group.Count));
    }
}
