using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using TokenExchange.Issue;
using TokenExchange.Tests.Harness;

namespace Gateway.Benchmarks.Compare;

/// <summary>
/// How many bytes does a warm request allocate beyond bare YARP's? Client, backend and proxy run in this process, so the
/// difference between the two runs is the gateway's own.
/// </summary>
internal static class Allocations
{
    private const int Warmup = 3000;
    private const int Measured = 5000;

    public static async Task<int> RunAsync()
    {
        var directory = Directory.CreateTempSubdirectory("allocations-").FullName;
        try
        {
            var key = TestKey.Create("RS256", "bench");
            var jwks = Path.Combine(directory, "jwks.json");
            await File.WriteAllTextAsync(jwks, TestKey.Jwks([key.Jwk()]));
            await using var backend = await StartedAsync(Peers.Backend("http://127.0.0.1:0", jwks));
            await using var yarp = await StartedAsync(Peers.Yarp("http://127.0.0.1:0", AddressOf(backend)));
            await using var gateway = await StartedAsync(Gateway(directory, AddressOf(backend)));
            var token = Peers.Tokens(key, AddressOf(backend), "https://mcp.example.com/weather", 1).Single();

            var bare = await MeasureAsync(AddressOf(yarp), token);
            var whole = await MeasureAsync(AddressOf(gateway), token);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"bytes per request, client and backend included: bare YARP {bare:F0}, gateway {whole:F0}, difference {whole - bare:F0}"));
            await gateway.StopAsync();
            return 0;
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static WebApplication Gateway(string directory, string backend)
    {
        var keys = Path.Combine(directory, "keys");
        SigningKeyFile.Create(keys, "ES256", TimeProvider.System);
        var options = Comparison.GatewayOptions(backend, backend, keys);
        var config = Path.Combine(directory, "gateway.json");
        var root = new JsonObject
        {
            ["Gateway"] = options,
            ["Logging"] = new JsonObject { ["LogLevel"] = new JsonObject { ["Default"] = "Warning", ["Gateway.Audit"] = "None" } },
        };
        File.WriteAllText(config, root.ToJsonString());
        return GatewayApplication.Create(new GatewayStart { ConfigPath = config, Arguments = ["--urls=http://127.0.0.1:0"] });
    }

    private static async Task<double> MeasureAsync(string address, string token)
    {
        using var client = new HttpMessageInvoker(new SocketsHttpHandler());
        for (var i = 0; i < Warmup; i++)
        {
            await SendAsync(client, address, token);
        }

        var before = GC.GetTotalAllocatedBytes(precise: true);
        for (var i = 0; i < Measured; i++)
        {
            await SendAsync(client, address, token);
        }

        return (GC.GetTotalAllocatedBytes(precise: true) - before) / (double)Measured;
    }

    private static async Task SendAsync(HttpMessageInvoker client, string address, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, address + "/weather")
        {
            Content = new ByteArrayContent(Body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var response = await client.SendAsync(request, CancellationToken.None);
        response.EnsureSuccessStatusCode();
        await response.Content.CopyToAsync(Stream.Null);
    }

    private static readonly byte[] Body = Encoding.UTF8.GetBytes("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"forecast","arguments":{"city":"Bergen"}}}""");

    private static async Task<WebApplication> StartedAsync(WebApplication app)
    {
        await app.StartAsync();
        return app;
    }

    private static string AddressOf(WebApplication app) => app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
}
