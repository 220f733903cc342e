using System.Collections.Concurrent;
using Gateway.Observe;
using Gateway.Tests.Harness;
using Harness;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Gateway.Tests.Observe;

/// <summary>What a timer's callback throws would end the process; here it ends itself, and is told.</summary>
public sealed class CarefulTimeTests : ILoggerProvider
{
    private readonly ConcurrentQueue<string> told = [];
    private readonly ManualClock clock = new();
    private readonly CarefulTime time;

    public CarefulTimeTests()
    {
        time = new CarefulTime(clock);
        time.TellOf(LoggerFactory.Create(logging => logging.AddProvider(this)));
    }

    [Fact]
    public void A_callback_that_throws_is_told_and_called_again()
    {
        var calls = 0;
        using var timer = time.CreateTimer(_ => throw new InvalidOperationException($"call {++calls}"), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));

        clock.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal(2, calls);
        Assert.Equal(["TimerFailed", "TimerFailed"], told);
    }

    [Fact]
    public void What_is_done_when_a_time_limit_is_over_is_such_a_callback()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(1), time);
        limit.Token.Register(() => throw new InvalidOperationException("cancelled"));

        clock.Advance(TimeSpan.FromSeconds(1));

        Assert.True(limit.IsCancellationRequested);
        Assert.Equal(["TimerFailed"], told);
    }

    [Fact]
    public void It_tells_the_time_of_its_clock()
    {
        clock.Advance(TimeSpan.FromHours(1));

        Assert.Equal(clock.GetUtcNow(), time.GetUtcNow());
        Assert.Equal((clock.GetTimestamp(), clock.TimestampFrequency, clock.LocalTimeZone), (time.GetTimestamp(), time.TimestampFrequency, time.LocalTimeZone));
    }

    [Fact]
    public async Task It_is_the_time_of_all_that_the_gateway_does()
    {
        await using var world = await World.StartAsync();

        Assert.IsType<CarefulTime>(world.Gateway.Services.GetRequiredService<TimeProvider>());
    }

    ILogger ILoggerProvider.CreateLogger(string categoryName) => new Told(told);

    void IDisposable.Dispose()
    {
    }

    private sealed class Told(ConcurrentQueue<string> told) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => told.Enqueue(eventId.Name!);
    }
}
