using BenchmarkDotNet.Attributes;
using Gateway.Authenticate;
using Gateway.Authorize;
using Gateway.Authorize.Bodies;
using Gateway.Benchmarks.Peers;
using Gateway.Exchange;
using Gateway.Forward;
using Gateway.Generations;
using Gateway.Observe;
using Harness;
using TokenExchange.Outbound.Local;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Transforms;

namespace Gateway.Benchmarks.Stages;

/// <summary>What does it cost to build the headers of the outbound request from an allow-list, against YARP's copying all?</summary>
[MemoryDiagnoser]
public class ForwardBenchmarks
{
    private readonly string directory = Directory.CreateTempSubdirectory("benchmark-forward-").FullName;
    private readonly DefaultHttpContext context = new();
    private Stage stage = null!;
    private WebApplication gateway = null!;
    private OutboundRequest gate = null!;

    [GlobalSetup]
    public async Task Setup()
    {
        stage = await Stage.StartAsync(TestKeys.Es256);
        var keys = Path.Combine(directory, "keys");
        SigningKeyFile.Create(keys, "ES256", TimeProvider.System);
        var config = Path.Combine(directory, "gateway.json");
        await File.WriteAllTextAsync(config, new GatewayConfiguration { IssuerUrl = stage.Issuer, Backend = stage.Issuer, SigningKeys = keys }.ToJson());
        gateway = GatewayApplication.Create(new GatewayStart { ConfigPath = config });
        var server = gateway.Services.GetRequiredService<LiveGenerations>().Current.Servers.Single();

        var record = new RequestRecord { Time = TimeProvider.System.GetUtcNow(), Started = 0, RequestId = "01a1fc7153247df7a094e0d6d7fbc829" };
        var request = new GatewayRequest(record.RequestId, record, TimeProvider.System) { Server = server };
        context.Features.Set(request);
        context.Request.Method = "POST";
        context.Request.Path = "/weather";
        var headers = context.Request.Headers;
        headers.Host = "mcp.example.com";
        headers.Authorization = "Bearer " + stage.Token;
        headers.Accept = "application/json, text/event-stream";
        headers.AcceptEncoding = "gzip, deflate, br";
        headers.AcceptLanguage = "en";
        headers.ContentType = "application/json";
        headers.ContentLength = 120;
        headers.UserAgent = "agent/1.0";
        headers["MCP-Protocol-Version"] = "2025-11-25";
        headers["X-Forwarded-For"] = "203.0.113.7";
        headers.Cookie = "none=of-its-business";
        context.Request.Body = new MemoryStream("""{"jsonrpc":"2.0","id":1,"method":"tools/list"}"""u8.ToArray());
        if (!(await Admitted.AuthenticateAsync(context, request, server)).Passes(out var admitted, out var refused)
            || (refused = await BodyReader.ReadAsync(context, request, admitted)) is not null
            || !(await Authorized.AuthorizeAsync(context, request, admitted)).Passes(out var authorized, out refused)
            || !(await Cleared.ObtainAsync(request, authorized, CancellationToken.None)).Passes(out var cleared, out refused))
        {
            throw new InvalidOperationException($"No hop token: {refused}");
        }

        request.Cleared = cleared;
        gate = gateway.Services.GetRequiredService<OutboundRequest>();
    }

    [GlobalCleanup]
    public async Task Cleanup()
    {
        await gateway.DisposeAsync();
        await stage.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }

    [Benchmark(Baseline = true)]
    public async Task<bool> YarpCopiesAll()
    {
        using var outbound = Outbound();
        await HttpTransformer.Default.TransformRequestAsync(context, outbound, "http://127.0.0.1:1", CancellationToken.None);
        return outbound.Headers.Contains("Authorization");
    }

    [Benchmark]
    public async Task<bool> AllowListAndHopToken()
    {
        using var outbound = Outbound();
        await gate.Apply(new RequestTransformContext { HttpContext = context, ProxyRequest = outbound, DestinationPrefix = stage.Issuer + "/mcp", Path = context.Request.Path, Query = new QueryTransformContext(context.Request) });
        return outbound.Headers.Contains("Authorization") && !outbound.Headers.Contains("Cookie");
    }

    private static HttpRequestMessage Outbound() => new(HttpMethod.Post, (Uri?)null) { Content = new ByteArrayContent([]) };
}
