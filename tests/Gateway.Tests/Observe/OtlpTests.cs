using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Gateway.Tests.Harness;
using Gateway.Tests.Lifecycle;
using Gateway.Tests.Observe.Harness;
using Harness;
using Harness.Wire;
using Xunit;

namespace Gateway.Tests.Observe;

/// <summary>The program itself, in a process of its own, told by the standard variables to export to a collector.</summary>
public sealed class OtlpTests
{
    private const string TraceId = "4bf92f3577b34da6a3ce929d0e0e4736";
    private const string ClientSpan = "00f067aa0ba902b7";
    private const string Baggage = "tenant=acme;ttl=1,user%20id=a%2Cb";

    [Fact]
    public async Task Traces_metrics_and_logs_arrive_and_one_trace_covers_client_gateway_authorization_server_and_MCP_server()
    {
        await using var collector = await OtlpReceiver.StartAsync();
        await using var stage = new OutsideStage();
        await using (var gateway = await ExportingGateway.StartAsync(stage, collector.Url))
        {
            var answer = await gateway.CallAsync(stage.As.Token(World.WeatherResource), $"00-{TraceId}-{ClientSpan}-01");
            Assert.True(answer.Status == 200, answer.Body);
            await gateway.StopAsync();
        }

        var spans = collector.Spans.Where(span => span.TraceId == TraceId).ToList();
        var server = Assert.Single(spans, span => span.ParentId == ClientSpan);
        Assert.Equal("Microsoft.AspNetCore", server.Scope);
        Assert.Equal("POST /weather/{**rest}", Regex.Replace(server.Name, @"\{.*\}", "{**rest}"));
        Assert.Contains(spans, span => span.Scope == "Yarp.ReverseProxy");
        var exchange = Assert.Single(spans, span => span.Scope == "TokenExchange");
        Assert.True(Descends(exchange, server, spans));

        var toAuthorizationServer = Parent(stage.As.Exchanges.Single()["(traceparent)"]);
        var toMcpServer = Parent(stage.Weather.Requests.Single().Headers["traceparent"]);
        var asked = Assert.Single(spans, span => span.SpanId == toAuthorizationServer.SpanId);
        var sent = Assert.Single(spans, span => span.SpanId == toMcpServer.SpanId);
        Assert.Equal((TraceId, TraceId), (toAuthorizationServer.TraceId, toMcpServer.TraceId));
        Assert.True(Descends(asked, exchange, spans));
        Assert.True(Descends(sent, server, spans));
        Assert.Equal(Baggage, stage.Weather.Requests.Single().Headers["baggage"]);

        foreach (var name in new[] { "gateway.requests", "gateway.request.overhead", "gateway.config.generation", "gateway.config.reloads", "token_exchange.requests", "token_exchange.duration", "token_exchange.cache.entries", "token_exchange.jwks.fetches" })
        {
            Assert.Contains(name, collector.Metrics, StringComparison.Ordinal);
        }

        Assert.Contains("\"event\":\"mcp.request.allowed\"", collector.Logs, StringComparison.Ordinal);
        Assert.Contains($"\"trace_id\":\"{TraceId}\"", collector.Logs, StringComparison.Ordinal);
        Assert.Contains("mcp-audience-gateway", collector.Logs, StringComparison.Ordinal);
        Assert.DoesNotContain(World.Secret, collector.Logs + collector.Metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_span_or_log_repeats_what_an_MCP_server_sent_in_a_malformed_answer()
    {
        await using var server = SocketMcpServer.Start();
        server.Answer = async stream =>
        {
            var request = server.Requests[^1];
            var authorization = request[request.IndexOf("Authorization: Bearer ", StringComparison.OrdinalIgnoreCase)..];
            await SocketMcpServer.Says($"HTTP/9.9 canary-4d1 {authorization[..authorization.IndexOf('\r', StringComparison.Ordinal)]}\r\n\r\n", Close.Fin)(stream);
        };
        await using var collector = await OtlpReceiver.StartAsync();
        await using var stage = new OutsideStage();
        await using (var gateway = await ExportingGateway.StartAsync(stage, collector.Url, server.Url))
        {
            var answer = await gateway.CallAsync(stage.As.Token(World.WeatherResource), $"00-{TraceId}-{ClientSpan}-01");
            Assert.Equal((502, "upstream_unavailable"), (answer.Status, answer.Reason));
            await gateway.StopAsync();
        }

        Assert.NotEmpty(server.Requests);
        Assert.Contains("HttpRequestException", collector.Traces, StringComparison.Ordinal);
        Assert.Contains("InvalidResponse", collector.Logs, StringComparison.Ordinal);
        Assert.DoesNotContain("canary-4d1", collector.Traces + collector.Logs, StringComparison.Ordinal);
    }

    private static bool Descends(Span span, Span ancestor, List<Span> spans) =>
        span == ancestor || (spans.FirstOrDefault(other => other.SpanId == span.ParentId) is { } parent && Descends(parent, ancestor, spans));

    private static (string TraceId, string SpanId) Parent(string traceparent)
    {
        var parts = traceparent.Split('-');
        return (parts[1], parts[2]);
    }

    /// <summary>What stands around the gateway.</summary>
    private sealed class OutsideStage : IAsyncDisposable
    {
        public TestAuthorizationServer As { get; } = new();

        public TestMcpServer Weather { get; } = new();

        public async ValueTask DisposeAsync()
        {
            await As.DisposeAsync();
            await Weather.DisposeAsync();
        }
    }

    private sealed class ExportingGateway : IAsyncDisposable
    {
        private readonly GatewayProcess process;
        private readonly TemporaryDirectory directory;
        private readonly string url;

        private ExportingGateway(GatewayProcess process, TemporaryDirectory directory, string url) => (this.process, this.directory, this.url) = (process, directory, url);

        public static async Task<ExportingGateway> StartAsync(OutsideStage stage, string collector, string? destination = null)
        {
            var directory = new TemporaryDirectory();
            var options = World.Options(stage.As, stage.Weather, stage.Weather);
            options["Servers"]!.AsObject().Remove("notes");
            options["Servers"]!["weather"]!["Destinations"] = new JsonArray(destination ?? stage.Weather.Url);
            var process = GatewayProcess.Serve(directory.Path, options, new Dictionary<string, string>
            {
                ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector,
                ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            });
            return new ExportingGateway(process, directory, await process.Listening);
        }

        public async Task<Answer> CallAsync(string token, string traceparent)
        {
            // Without a span of this process's own, which would become the parent.
            using var client = new HttpMessageInvoker(new SocketsHttpHandler { ActivityHeadersPropagator = null });
            using var request = new HttpRequestMessage(HttpMethod.Post, url + "/weather") { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(Messages.Call("echo"))) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            request.Headers.Authorization = new("Bearer", token);
            request.Headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
            request.Headers.TryAddWithoutValidation("traceparent", traceparent);
            request.Headers.TryAddWithoutValidation("baggage", Baggage);
            using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
            return await Answer.OfAsync(response);
        }

        /// <summary>Stops it as an orchestrator does; what is still unsent goes out before it ends.</summary>
        public async Task StopAsync()
        {
            process.Stop();
            Assert.True(await process.ExitAsync() == 0, process.Output);
        }

        public async ValueTask DisposeAsync()
        {
            await process.DisposeAsync();
            directory.Dispose();
        }
    }
}
