using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Gateway.Tests.Lifecycle;
using Harness;
using Xunit;

namespace Gateway.Tests.Observe;

/// <summary>The executable without an exporter: it hands a trace on as it came (W3C Trace Context §4.3), and begins one where there is none.</summary>
public sealed class TraceContextTests : IDisposable
{
    private const string Parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    private readonly string directory = Directory.CreateTempSubdirectory("gateway-trace-").FullName;

    private const string Id = "0af7651916cd43dd8448eb211c80319c", Span = "b7ad6b7169203331";

    /// <summary>What a client may send for a trace context, and whether it is one.</summary>
    private static readonly (string[] Parent, bool IsSound)[] Sent =
    [
        ([Parent], true),
        ([$"00-{Id}-{Span}-00"], true),
        ([$"cc-{Id}-{Span}-01-of-the-future"], false),
        ([], false),
        ([""], false),
        (["garbage"], false),
        ([Parent, Parent], false),
        ([Parent.ToUpperInvariant()], false),
        ([$"00-{new string('0', 32)}-{Span}-01"], false),
        ([$"00-{Id}-{new string('0', 16)}-01"], false),
        ([$"ff-{Id}-{Span}-01"], false),
        ([$"00-{Id}-{Span}-01-more"], false),
        ([$"00-{Id}-{Span}"], false),
        ([$"00-{Id}x-{Span[1..]}-01"], false),
    ];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public async Task The_clients_trace_context_goes_on_as_it_came_where_it_is_one_and_the_audit_names_the_trace_that_goes_on()
    {
        await using var authorizationServer = new TestAuthorizationServer();
        await using var mcp = new TestMcpServer();
        var audit = Path.Combine(directory, "audit.log");
        await File.WriteAllTextAsync(Path.Combine(directory, "gateway.json"), $$"""
            {
              "Gateway": {
                "PublicUrl": "{{TestGateway.PublicUrl}}",
                "DrainDelay": "00:00:00",
                "Audit": { "File": "{{audit}}" },
                "AuthorizationServers": { "corp": { "Issuer": "{{authorizationServer.Issuer}}" } },
                "Servers": { "weather": { "Destinations": ["{{mcp.Url}}"], "Outbound": { "Mode": "none" } } }
              }
            }
            """, Cancellation);
        await using (var gateway = GatewayProcess.Start(directory, "run", "--urls=http://127.0.0.1:0"))
        {
            var url = await gateway.Listening.WaitAsync(Cancellation);
            using var client = new HttpMessageInvoker(new SocketsHttpHandler { ActivityHeadersPropagator = null });
            foreach (var (parent, _) in Sent)
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, url + "/weather") { Content = new StringContent(Messages.Call("echo"), null, "application/json") };
                request.Headers.Authorization = new("Bearer", authorizationServer.Token(TestGateway.PublicUrl + "/weather"));
                request.Headers.TryAddWithoutValidation("traceparent", parent);
                request.Headers.TryAddWithoutValidation("tracestate", "vendor=1");
                using var response = await client.SendAsync(request, Cancellation);
                response.EnsureSuccessStatusCode();
            }

            gateway.Stop();
            Assert.Equal(0, await gateway.ExitAsync());
        }

        var lines = await File.ReadAllLinesAsync(audit, Cancellation);
        Assert.Equal(Sent.Length, lines.Length);
        foreach (var ((parent, isSound), received, line) in Sent.Zip(mcp.Requests, lines))
        {
            var context = received.Headers["traceparent"];
            Assert.Matches("^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", context);
            Assert.Equal(isSound, parent.Contains(context));
            Assert.Equal(isSound ? "vendor=1" : null, received.Headers.GetValueOrDefault("tracestate"));
            Assert.Equal(context.Split('-')[1], (string?)JsonNode.Parse(line)!["trace_id"]);
        }
    }
}
