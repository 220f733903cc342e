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
    private readonly ManualClock _clock = new();
    private readonly IMeterFactory _meters = Given.Meters();
    private readonly Scraped _prometheus;
    private readonly GatewayMetrics _metrics;

    public MetersTests()
    {
        _prometheus = new Scraped(_meters);
        _metrics = new GatewayMetrics(_meters, _clock);
    }

    [Fact]
    public void Requests_are_counted_by_server_outcome_and_reason()
    {
        _metrics.Completed(Given.AllowedCall(_clock));
        _metrics.Completed(Given.AllowedCall(_clock));
        _metrics.Completed(Given.Refusal(_clock, 401, "audience_invalid"));

        var samples = Samples();
        Assert.Equal(2, samples["""gateway_requests_total{outcome="allowed",reason="-",server="weather"}"""]);
        Assert.Equal(1, samples["""gateway_requests_total{outcome="refused",reason="audience_invalid",server="weather"}"""]);
    }

    [Fact]
    public void A_request_for_no_server_is_counted_without_its_path()
    {
        var record = Given.Record(_clock);
        record.Refuse(404, "not_found", "request");
        _metrics.Completed(record);

        Assert.Equal(1, Samples()["""gateway_requests_total{outcome="refused",reason="not_found",server="-"}"""]);
    }

    [Fact]
    public void Overhead_is_the_time_that_was_not_spent_waiting_for_the_MCP_server()
    {
        var record = Given.AllowedCall(_clock);
        _clock.Advance(TimeSpan.FromMilliseconds(120));
        record.UpstreamTime = TimeSpan.FromMilliseconds(117);
        _metrics.Completed(record);

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
        _metrics.StreamOpened("weather");
        _metrics.StreamOpened("weather");
        _metrics.StreamClosed("weather");
        _metrics.Generation(7);
        _metrics.Reloaded(applied: true);
        _metrics.Reloaded(applied: false);
        _metrics.AuditDropped(3);

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
        _metrics.Completed(Given.AllowedCall(_clock));
        _metrics.StreamOpened("weather");
        var text = _prometheus.Write();

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
        var record = Given.AllowedCall(_clock);
        record.Server = Awkward;
        _metrics.Completed(record);

        var line = _prometheus.Write().Split('\n').Single(line => line.StartsWith("gateway_requests_total{", StringComparison.Ordinal));
        var label = LabelPattern().Match(line).Groups["value"].Value;
        Assert.Equal(Awkward, label.Replace("\\n", "\n", StringComparison.Ordinal).Replace("\\\"", "\"", StringComparison.Ordinal).Replace("\\\\", "\\", StringComparison.Ordinal));
    }

    [Fact]
    public void Numbers_of_series_stay_bounded_whatever_the_tags_are()
    {
        for (var i = 0; i < Meters.MaxSeries + 500; i++)
        {
            _metrics.StreamOpened($"server-{i}");
        }

        var samples = Samples();
        Assert.Equal(500, samples["""gateway_streams_active{otel_metric_overflow="true"}"""]);
        Assert.Equal(Meters.MaxSeries + 1, samples.Keys.Count(key => key.StartsWith("gateway_streams_active", StringComparison.Ordinal)));
    }

    [Fact]
    public void Another_gateway_in_the_same_process_is_not_counted_here()
    {
        new GatewayMetrics(Given.Meters(), _clock).Completed(Given.AllowedCall(_clock));

        Assert.DoesNotContain(Samples().Keys, key => key.StartsWith("gateway_requests_total", StringComparison.Ordinal));
    }

    [Fact]
    public void Concurrent_counting_loses_nothing()
    {
        Parallel.For(0, 10_000, _ => _metrics.StreamOpened("weather"));

        Assert.Equal(10_000, Samples()["""gateway_streams_active{server="weather"}"""]);
    }

    public void Dispose() => _prometheus.Dispose();

    /// <summary>Reads the text as Prometheus does: every line is a comment or a sample, and no series comes twice.</summary>
    private Dictionary<string, double> Samples()
    {
        var samples = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var line in _prometheus.Write().Split('\n', StringSplitOptions.RemoveEmptyEntries))
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
