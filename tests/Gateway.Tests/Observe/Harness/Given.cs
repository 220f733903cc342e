using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Reflection;
using Gateway.Observe;
using Harness;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using TokenExchange.Jose;
using TokenExchange.Outbound;

namespace Gateway.Tests.Observe.Harness;

/// <summary>What the tests of this folder start from.</summary>
internal static class Given
{
    public static RequestRecord Record(ManualClock clock) => new()
    {
        Time = clock.GetUtcNow(),
        Started = clock.GetTimestamp(),
        RequestId = "request-1",
    };

    public static RequestRecord AllowedCall(ManualClock clock)
    {
        var record = Record(clock);
        record.Allowed = true;
        record.Server = "weather";
        record.Resource = "https://mcp.example.com/weather";
        record.PresentedAudience = ["https://mcp.example.com/weather"];
        record.Issuer = "https://login.example.com";
        record.Subject = "alice";
        record.ClientId = "assistant";
        record.Actors = ["agent-1", "agent-2"];
        record.TokenId = "jti-in";
        record.Proof = "dpop";
        record.Approval = "approval-1";
        record.ClientAddress = "192.0.2.7";
        record.UserAgent = "client/1.0";
        record.Method = "tools/call";
        record.Operation = "forecast";
        record.OutboundAudience = "https://weather.internal/mcp";
        record.OutboundTokenId = "jti-out";
        record.OutboundExpires = clock.GetUtcNow() + TimeSpan.FromMinutes(2);
        record.Exchange = ExchangeOrigin.Issued;
        record.McpServerStatus = 202;
        record.Status = 200;
        return record;
    }

    /// <summary>Every refusal that there is.</summary>
    private static IEnumerable<Gateway.Advertise.Refusal> Refusals =>
    [
        .. typeof(Gateway.Advertise.Refusal).GetFields(BindingFlags.Public | BindingFlags.Static).Select(one => one.GetValue(null)).OfType<Gateway.Advertise.Refusal>(),
        .. Enum.GetValues<TokenRefusal>().Select(Gateway.Advertise.Refusal.Of),
    ];

    public static RequestRecord Refusal(ManualClock clock, int status, string reason)
    {
        var record = Record(clock);
        record.Server = "weather";
        var kind = Refusals.First(refusal => refusal.Status == status && refusal.Reason == reason);
        record.Refuse(kind.Status, kind.Reason, kind.Category);
        return record;
    }

    public static IMeterFactory Meters() => new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>();
}

/// <summary>Keeps what is logged.</summary>
internal sealed class RecordingLoggers : ILoggerFactory
{
    public ConcurrentQueue<(string Category, EventId Event, string Message)> Entries { get; } = [];

    public ILogger CreateLogger(string categoryName) => new Recorder(this, categoryName);

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public void Dispose()
    {
    }

    private sealed class Recorder(RecordingLoggers loggers, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            loggers.Entries.Enqueue((category, eventId, formatter(state, exception)));
    }
}

/// <summary>A directory that goes away with the test.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("gateway-observe-");

    public string Path => directory.FullName;

    public string File(string name) => System.IO.Path.Combine(directory.FullName, name);

    public void Dispose() => directory.Delete(recursive: true);
}
