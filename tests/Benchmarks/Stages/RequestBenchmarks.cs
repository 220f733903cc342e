using BenchmarkDotNet.Attributes;
using Gateway.Authenticate;
using Gateway.Observe;

namespace Gateway.Benchmarks.Stages;

/// <summary>What do the small stages around token and body cost: the path, the bearer token, the audit line?</summary>
[MemoryDiagnoser]
public class RequestBenchmarks
{
    private readonly HttpRequest request = new DefaultHttpContext().Request;
    private readonly RequestRecord record = new() { Time = TimeProvider.System.GetUtcNow(), Started = 0, RequestId = "01a1fc7153247df7a094e0d6d7fbc829" };

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
    }

    [Benchmark(Baseline = true)]
    public bool CanonicalTarget() => CanonicalPath.IsCanonical("/weather");

    [Benchmark]
    public bool BearerToken() => !BearerCredentials.Read(request, System.Collections.Frozen.FrozenSet<string>.Empty, out _, out _).IsEmpty;

    [Benchmark]
    public bool AuditLine() => AuditEvent.Write(record, null).Length > 0;
}
