using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Gateway.Tests.Lifecycle;
using Harness;
using Xunit;

namespace Gateway.Tests.Observe;

/// <summary>The executable without an exporter: it takes no part in a trace, and does not break it either (W3C Trace Context §4.3).</summary>
public sealed class TraceContextTests : IDisposable
{
    private const string Parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    private readonly string directory = Directory.CreateTempSubdirectory("gateway-trace-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public async Task The_clients_trace_context_goes_on_as_it_came_and_is_in_the_audit()
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
            foreach (var parent in (string?[])[Parent, null])
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, url + "/weather") { Content = new StringContent(Messages.Call("echo"), null, "application/json") };
                request.Headers.Authorization = new("Bearer", authorizationServer.Token(TestGateway.PublicUrl + "/weather"));
                if (parent is not null)
                {
                    request.Headers.TryAddWithoutValidation("traceparent", parent);
                    request.Headers.TryAddWithoutValidation("tracestate", "vendor=1");
                }

                using var response = await client.SendAsync(request, Cancellation);
                response.EnsureSuccessStatusCode();
            }

            gateway.Stop();
            Assert.Equal(0, await gateway.ExitAsync());
        }

        Assert.Equal(Parent, mcp.Requests[0].Headers["traceparent"]);
        Assert.Equal("vendor=1", mcp.Requests[0].Headers["tracestate"]);
        Assert.False(mcp.Requests[1].Headers.ContainsKey("traceparent"));
        var lines = await File.ReadAllLinesAsync(audit, Cancellation);
        Assert.Equal(Parent.Split('-')[1], (string?)JsonNode.Parse(lines[0])!["trace_id"]);
    }
}
