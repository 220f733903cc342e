using Gateway.Observe.Traffic;
using Gateway.Tests.Observe.Harness;
using Harness;
using Xunit;

namespace Gateway.Tests.Observe;

public sealed class ServerTrafficTests
{
    private readonly ManualClock clock = new();
    private readonly ServerTraffic traffic;

    public ServerTrafficTests() => traffic = new ServerTraffic(clock);

    [Fact]
    public void The_window_passes_and_the_sum_stays()
    {
        Allowed(TimeSpan.FromMilliseconds(1));
        clock.Advance(TimeSpan.FromMinutes(10));
        Allowed(TimeSpan.FromMilliseconds(1));
        Assert.Equal(2, traffic.View(15).Window[TrafficCount.Allowed]);
        clock.Advance(TimeSpan.FromMinutes(10));

        var view = traffic.View(15);

        Assert.Equal((1, 2), (view.Window[TrafficCount.Allowed], view.Allowed));
        Assert.Equal(2, view.History.Sum(minute => minute.Allowed));
        clock.Advance(TimeSpan.FromMinutes(60));
        Assert.Equal((0, 0, 2), (traffic.View(15).Window.Requests, traffic.View(60).History.Sum(minute => minute.Allowed), traffic.View(15).Allowed));
    }

    [Fact]
    public void Quantiles_are_bounds_of_what_was_taken_and_the_gateways_part_is_told_apart()
    {
        for (var i = 0; i < 95; i++)
        {
            Allowed(TimeSpan.FromMilliseconds(20), mcpServer: TimeSpan.FromMilliseconds(19));
        }

        for (var i = 0; i < 5; i++)
        {
            Allowed(TimeSpan.FromMilliseconds(700), mcpServer: TimeSpan.FromMilliseconds(650));
        }

        var window = traffic.View(15).Window;

        Assert.Equal((0.025, 0.025, 1), (window.Took(0.5), window.Took(0.95), window.Took(0.96)));
        Assert.Equal((0.001, 0.05), (window.Overhead(0.5), window.Overhead(0.99)));
        Assert.Null(new TrafficMinute().Took(0.5));
        Allowed(TimeSpan.FromMinutes(1));
        clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(double.PositiveInfinity, traffic.View(15).Window.Took(1));
    }

    [Fact]
    public void What_clients_come_without_at_first_is_no_refusal_of_concern()
    {
        foreach (var reason in new[] { "token_missing", "use_dpop_nonce", "audience_invalid" })
        {
            traffic.Completed(Given.Refusal(clock, 401, reason), TimeSpan.Zero);
        }

        var view = traffic.View(15);
        Assert.Equal((1, 2, 3), (view.Window[TrafficCount.Refused], view.Window[TrafficCount.Challenged], view.Refused));
    }

    [Fact]
    public void A_request_that_failed_is_no_success_and_the_last_success_stays()
    {
        Allowed(TimeSpan.Zero);
        var success = clock.GetUtcNow();
        clock.Advance(TimeSpan.FromMinutes(1));
        var failed = Given.AllowedCall(clock);
        failed.Refuse(502, "upstream_unavailable", "dependency");
        traffic.Completed(failed, TimeSpan.Zero);

        var view = traffic.View(15);

        Assert.Equal((1, 2, success), (view.Window[TrafficCount.Failed], view.Window[TrafficCount.Allowed], view.LastSuccess));
    }

    [Theory]
    [InlineData(200, TrafficCount.AnsweredWell)]
    [InlineData(302, TrafficCount.AnsweredWell)]
    [InlineData(404, TrafficCount.Answered4xx)]
    [InlineData(599, TrafficCount.Answered5xx)]
    [InlineData(799, TrafficCount.Answered5xx)]
    public void Answers_are_counted_by_status(int status, object kind)
    {
        traffic.Answered(status);

        var view = traffic.View(15);
        Assert.Equal((status > 599 ? 0 : status, 1L), Assert.Single(view.Answers));
        Assert.Equal(1, view.Window[(TrafficCount)kind]);
    }

    [Fact]
    public void Counting_takes_no_memory_and_loses_nothing_at_once()
    {
        var record = Given.AllowedCall(clock);
        traffic.Completed(record, TimeSpan.Zero);
        traffic.Answered(200);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            traffic.Completed(record, TimeSpan.FromMilliseconds(3));
            traffic.Answered(200);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Parallel.For(0, 10_000, _ => traffic.Completed(record, TimeSpan.Zero));
        Assert.Equal(11_001, traffic.View(15).Window[TrafficCount.Allowed]);
    }

    [Fact]
    public void A_server_that_is_configured_no_more_is_forgotten()
    {
        var servers = new TrafficByServer(clock);
        var kept = servers.Of("weather");
        servers.Of("notes").StreamOpened();

        servers.Keep(new HashSet<string> { "weather" });

        Assert.Same(kept, servers.Of("weather"));
        Assert.Equal(0, servers.Of("notes").View(15).Streams);
    }

    private void Allowed(TimeSpan elapsed, TimeSpan mcpServer = default)
    {
        var record = Given.AllowedCall(clock);
        record.McpServerTime = mcpServer;
        traffic.Completed(record, elapsed);
    }
}
