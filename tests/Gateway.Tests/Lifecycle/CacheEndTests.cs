using System.Diagnostics.Metrics;
using Gateway.Commands;
using Gateway.Tests.Configuration;
using Gateway.Tests.Harness;
using Microsoft.Extensions.DependencyInjection;
using TokenExchange.Outbound.Cache;
using Xunit;

namespace Gateway.Tests.Lifecycle;

/// <summary>A process may start and stop gateways; of one that is gone no cache is left, neither its timer nor its gauge.</summary>
public sealed class CacheEndTests : IDisposable
{
    private readonly MeterListener listener = new();
    private readonly List<Instrument> alive = [];

    [Fact]
    public async Task Of_a_gateway_that_stopped_no_cache_is_left()
    {
        var world = await World.StartAsync();
        Watch(world.Gateway.Services.GetRequiredService<ExchangeCache>().Meter);
        listener.Start();
        Assert.Single(alive);

        await world.DisposeAsync();

        Assert.Empty(alive);
    }

    [Fact]
    public void Of_a_gateway_that_a_command_built_no_cache_is_left()
    {
        listener.Start();
        Watch(null);
        using var problems = new StringWriter();
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, Given.Changed("A:Client:Secret='secret'; A:Client:SecretFile=null"));
            var built = Unserved.Build(path, [], inboundOnly: true, problems);
            Assert.Equal("", problems.ToString());
            Assert.Single(alive);

            built!.Dispose();

            Assert.Empty(alive);
        }
        finally
        {
            File.Delete(path);
        }
    }

    public void Dispose() => listener.Dispose();

    /// <summary>That of one meter, or what this very thread makes from now on: other tests have caches, too.</summary>
    private void Watch(Meter? meter)
    {
        var thread = Environment.CurrentManagedThreadId;
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Name == "token_exchange.cache.entries" && (meter is null ? Environment.CurrentManagedThreadId == thread : ReferenceEquals(instrument.Meter, meter)))
            {
                alive.Add(instrument);
                self.EnableMeasurementEvents(instrument);
            }
        };
        listener.MeasurementsCompleted = (instrument, _) => alive.Remove(instrument);
    }
}
