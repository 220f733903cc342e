using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text.RegularExpressions;
using Gateway.Observe;
using Gateway.Tests.Observe.Harness;
using Harness;
using Xunit;

namespace Gateway.Tests.Observe;

public sealed partial class MetersTests : IDisposable
{
    private readonly ManualClock clock = new();
    private readonly IMeterFactory meters = Given.Meters();
    private readonly Scraped prometheus;
    private readonly GatewayMetrics metrics;

    public MetersTests()
    {
        prometheus = new Scraped(meters);
        metrics = new GatewayMetrics(meters, clock);
    }

    [Fact]
    public void Requests_are_counted_by_server_outcome_and_reason()
    {
        metrics.Completed(Given.AllowedCall(clock));
        metrics.Completed(Given.AllowedCall(clock));
        metrics.Completed(Given.Refusal(clock, 401, "audience_invalid"));

        var samples = Samples();
        Assert.Equal(2, samples["""gateway_requests_total{outcome="allowed",reason="-",server="weather"}"""]);
        Assert.Equal(1, samples["""gateway_requests_total{outcome="refused",reason="audience_invalid",server="weather"}"""]);
    }

    [Fact]
    public void A_request_for_no_server_is_counted_without_its_path()
    {
        var record = Given.Record(clock);
        record.Refuse(404, "not_found", "request");
        metrics.Completed(record);

        Assert.Equal(1, Samples()["""gateway_requests_total{outcome="refused",reason="not_found",server="-"}"""]);
    }

    [Fact]
    public void Overhead_is_the_time_that_was_not_spent_waiting_for_the_MCP_server()
    {
        var record = Given.AllowedCall(clock);
        clock.Advance(TimeSpan.FromMilliseconds(120));
        record.McpServerTime = TimeSpan.FromMilliseconds(117);
        metrics.Completed(record);

        var samples = Samples();
        Assert.Equal(0.003, samples["""gateway_request_overhead_seconds_sum{server="weather"}"""], 9);
        Assert.Equal(1, samples["""gateway_request_overhead_seconds_count{server="weather"}"""]);
        Assert.Equal(0, samples["""gateway_request_overhead_seconds_bucket{server="weather",le="0.0025"}"""]);
        Assert.Equal(1, samples["""gateway_request_overhead_seconds_bucket{server="weather",le="0.005"}"""]);
        Assert.Equal(1, samples["""gateway_request_overhead_seconds_bucket{server="weather",le="+Inf"}"""]);
    }

    [Fact]
    public void Streams_generation_reloads_and_dropped_audit_events_are_told()
    {
        metrics.StreamOpened("weather");
        metrics.StreamOpened("weather");
        metrics.StreamClosed("weather");
        metrics.Generation(7);
        metrics.Reloaded(applied: true);
        metrics.Reloaded(applied: false);
        metrics.AuditDropped(3);

        var samples = Samples();
        Assert.Equal(1, samples["""gateway_streams_active{server="weather"}"""]);
        Assert.Equal(7, samples["gateway_config_generation{}"]);
        Assert.Equal(1, samples["""gateway_config_reloads_total{outcome="applied"}"""]);
        Assert.Equal(1, samples["""gateway_config_reloads_total{outcome="refused"}"""]);
        Assert.Equal(3, samples["gateway_audit_dropped_total{}"]);
    }

    [Fact]
    public void Each_family_says_its_help_and_type_once_before_its_samples()
    {
        metrics.Completed(Given.AllowedCall(clock));
        metrics.StreamOpened("weather");
        var text = prometheus.Write();

        Assert.Contains("# TYPE gateway_requests_total counter\n", text, StringComparison.Ordinal);
        Assert.Contains("# TYPE gateway_request_overhead_seconds histogram\n", text, StringComparison.Ordinal);
        Assert.Contains("# TYPE gateway_streams_active gauge\n", text, StringComparison.Ordinal);
        Assert.Contains("# TYPE gateway_config_generation gauge\n", text, StringComparison.Ordinal);
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain('\r', text);
    }

    [Fact]
    public void Label_values_are_escaped_and_read_back_the_same()
    {
        const string Awkward = "a\\b\"c\nd,e=\"f\"}";
        var record = Given.AllowedCall(clock);
        record.Server = Awkward;
        metrics.Completed(record);

        var line = prometheus.Write().Split('\n').Single(line => line.StartsWith("gateway_requests_total{", StringComparison.Ordinal));
        var label = LabelPattern().Match(line).Groups["value"].Value;
        Assert.Equal(Awkward, label.Replace("\\n", "\n", StringComparison.Ordinal).Replace("\\\"", "\"", StringComparison.Ordinal).Replace("\\\\", "\\", StringComparison.Ordinal));
    }

    [Fact]
    public void Numbers_of_series_stay_bounded_whatever_the_tags_are()
    {
        for (var i = 0; i < Meters.MaxSeries + 500; i++)
        {
            metrics.StreamOpened($"server-{i}");
        }

        var samples = Samples();
        Assert.Equal(500, samples["""gateway_streams_active{otel_metric_overflow="true"}"""]);
        Assert.Equal(Meters.MaxSeries + 1, samples.Keys.Count(key => key.StartsWith("gateway_streams_active", StringComparison.Ordinal)));
    }

    [Fact]
    public void Another_gateway_in_the_same_process_is_not_counted_here()
    {
        new GatewayMetrics(Given.Meters(), clock).Completed(Given.AllowedCall(clock));

        Assert.DoesNotContain(Samples().Keys, key => key.StartsWith("gateway_requests_total", StringComparison.Ordinal));
    }

    [Fact]
    public void Concurrent_counting_loses_nothing()
    {
        Parallel.For(0, 10_000, _ => metrics.StreamOpened("weather"));

        Assert.Equal(10_000, Samples()["""gateway_streams_active{server="weather"}"""]);
    }

    public void Dispose() => prometheus.Dispose();

    /// <summary>Reads the text as Prometheus does: every line is a comment or a sample, and no series comes twice.</summary>
    private Dictionary<string, double> Samples()
    {
        var samples = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var line in prometheus.Write().Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith("# HELP ", StringComparison.Ordinal) || line.StartsWith("# TYPE ", StringComparison.Ordinal))
            {
                continue;
            }

            var sample = SamplePattern().Match(line);
            Assert.True(sample.Success, line);
            samples.Add(sample.Groups["series"].Value, double.Parse(sample.Groups["value"].Value, CultureInfo.InvariantCulture));
        }

        return samples;
    }

    [GeneratedRegex("""^(?<series>[a-zA-Z_:][a-zA-Z0-9_:]*(\{[a-zA-Z_][a-zA-Z0-9_]*="([^"\\\n]|\\[\\n"])*"(,[a-zA-Z_][a-zA-Z0-9_]*="([^"\\\n]|\\[\\n"])*")*\}|\{\})?) (?<value>\S+)$""")]
    private static partial Regex SamplePattern();

    [GeneratedRegex("""server="(?<value>([^"\\]|\\.)*)"\}""")]
    private static partial Regex LabelPattern();
}
