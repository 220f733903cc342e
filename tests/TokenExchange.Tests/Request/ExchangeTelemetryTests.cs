using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Harness;
using Xunit;

namespace TokenExchange.Tests.Request;

/// <summary>Traces go on to the authorization server; durations are told by server and outcome.</summary>
public sealed class ExchangeTelemetryTests
{
    [Fact]
    public async Task The_trace_goes_on_to_the_authorization_server()
    {
        await using var exchange = new Exchange();
        using var request = new Activity("inbound").SetIdFormat(ActivityIdFormat.W3C).Start();

        await exchange.RunAsync();

        Assert.StartsWith($"00-{request.TraceId}-", exchange.Stub.Post.Header("traceparent"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(200, "issued")]
    [InlineData(400, "refused")]
    [InlineData(500, "unavailable")]
    public async Task Each_exchange_has_a_span_and_a_duration(int status, string outcome)
    {
        await using var exchange = new Exchange();
        var name = $"corp-{exchange.Stub.Port}";
        exchange.Settings = exchange.Settings with { Name = name };
        var spans = new ConcurrentQueue<Activity>();
        var durations = new ConcurrentQueue<KeyValuePair<string, object?>[]>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "TokenExchange",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        using var meters = new MeterListener { InstrumentPublished = (instrument, all) => Enable(instrument, all) };
        meters.SetMeasurementEventCallback<double>((_, _, tags, _) => durations.Enqueue(tags.ToArray()));
        meters.Start();

        await exchange.RunAsync(status == 200 ? StubAnswer.Token(exchange.Token()) : StubAnswer.Error(status, "invalid_grant"));

        var span = Assert.Single(spans, span => (string?)span.GetTagItem("token_exchange.authorization_server") == name);
        Assert.Equal(outcome, span.GetTagItem("token_exchange.outcome"));
        var tags = Assert.Single(durations, tags => tags.Any(tag => (string?)tag.Value == name));
        Assert.Equal([new("authorization_server", name), new("outcome", outcome)], tags);
    }

    private static void Enable(Instrument instrument, MeterListener all)
    {
        if (instrument.Name == "token_exchange.duration")
        {
            all.EnableMeasurementEvents(instrument);
        }
    }
}
