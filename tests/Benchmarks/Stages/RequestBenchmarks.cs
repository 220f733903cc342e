using BenchmarkDotNet.Attributes;
using Gateway.Authenticate;
using Gateway.Http;
using Gateway.Observe;

namespace Gateway.Benchmarks.Stages;

/// <summary>What do the small stages around token and body cost: the path, the bearer token, the audit line?</summary>
[MemoryDiagnoser]
public class RequestBenchmarks
{
    private readonly HttpRequest request = new DefaultHttpContext().Request;
    private readonly RequestRecord record = new() { Time = TimeProvider.System.GetUtcNow(), Started = 0, RequestId = "01a1fc7153247df7a094e0d6d7fbc829", ClientAddress = "198.51.100.7", UserAgent = "python-httpx/0.28.1" };

    [GlobalSetup]
    public void Setup()
    {
        request.Headers.Authorization = "Bearer " + new string('a', 300) + "." + new string('b', 400) + "." + new string('c', 86);
        request.Headers.Accept = "application/json, text/event-stream";
        request.Headers.ContentType = "application/json";
        record.Allowed = true;
        record.Server = "weather";
        record.Subject = "alice";
        record.Method = "tools/call";
        record.PresentedAudience = ["https://mcp.example.com/weather"];
        record.Resource = "https://mcp.example.com/weather";
        record.Issuer = "https://login.example.com/realms/corp";
        record.ClientId = "assistant";
        record.Actors = [];
        record.TokenId = "8f14e45f-ceea-467f-9a36-dcc1f0a3f7b1";
        record.Operation = "get_forecast";
        record.OutboundAudience = "https://weather.internal/mcp";
        record.OutboundTokenId = "01a1fc7153247df7a094e0d6d7fbc830";
        record.OutboundExpires = record.Time.AddMinutes(2);
        record.Exchange = TokenExchange.Outbound.ExchangeOrigin.Hit;
        record.McpServerStatus = record.Status = 200;
    }

    [Benchmark(Baseline = true)]
    public bool CanonicalTarget() => CanonicalPath.IsCanonical("/weather");

    [Benchmark]
    public bool BearerToken() => !BearerCredentials.Read(request, System.Collections.Frozen.FrozenSet<string>.Empty, out _, out _).IsEmpty;

    [Benchmark]
    public bool AuditLine() => AuditEvent.Write(record, null).Length > 0;
}
