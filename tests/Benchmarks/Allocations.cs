using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Gateway.Benchmarks.BareYarp;
using Gateway.Benchmarks.Load;
using Gateway.Benchmarks.Peers;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using TokenExchange.Outbound.Local;

namespace Gateway.Benchmarks;

/// <summary>
/// How many bytes does a warm request allocate beyond bare YARP's? Client, backend and proxy run in this process, so the
/// difference between the two runs is the gateway's own.
/// </summary>
internal static class Allocations
{
    private const int Warmup = 4000;
    private const int Measured = 3000;

    /// <summary>Enough that a type of some 20 bytes a request is sampled some dozens of times.</summary>
    private const int Sampled = 120_000;

    /// <summary>Prints the bytes of a request and, when asked, by type what the gateway allocates more or less than bare YARP.</summary>
    public static async Task<int> RunAsync(bool byType = false)
    {
        if (byType)
        {
            return await ByTypeAsync();
        }

        var (bare, whole) = await MeasureAsync();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"bytes per request, client and backend included: bare YARP {bare:F0}, gateway {whole:F0}, difference {whole - bare:F0}"));
        return 0;
    }

    private static async Task<int> ByTypeAsync()
    {
        using var types = new AllocatedTypes();
        var seen = new List<Dictionary<string, double>>();
        await ForEachAsync(async (address, token) =>
        {
            await BytesPerRequestAsync(address, token);
            types.Take();
            await BytesPerRequestAsync(address, token, Sampled);
            seen.Add(types.Take());
        });
        var (bare, gateway) = (seen[0], seen[1]);
        foreach (var type in bare.Keys.Union(gateway.Keys).OrderByDescending(type => Difference(type)).Where(type => Math.Abs(Difference(type)) >= 8))
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Difference(type),7:F0} B  {type}"));
        }

        return 0;

        double Difference(string type) => (gateway.GetValueOrDefault(type) - bare.GetValueOrDefault(type)) / Sampled;
    }

    public static async Task<(double Bare, double Gateway)> MeasureAsync()
    {
        var bytes = new List<double>();
        await ForEachAsync(async (address, token) => bytes.Add(await BytesPerRequestAsync(address, token)));
        return (bytes[0], bytes[1]);
    }

    /// <summary>Bare YARP first, then the gateway, each warm and with a token that it accepts.</summary>
    private static async Task ForEachAsync(Func<string, string, Task> measure)
    {
        var directory = Directory.CreateTempSubdirectory("allocations-").FullName;
        var url = $"http://127.0.0.1:{PeerProcess.FreePort()}";
        var tokens = new InboundTokens(url);
        var jwks = Path.Combine(directory, "jwks.json");
        await File.WriteAllTextAsync(jwks, tokens.Jwks());
        try
        {
            await using var backend = await StartedAsync(Backend.Create(url, jwks));
            await using var yarp = await StartedAsync(BareProxy.Create("http://127.0.0.1:0", url));
            await using var gateway = await StartedAsync(Gateway(directory, url));
            var token = tokens.One(tokens.Rs256);
            await measure(AddressOf(yarp), token);
            await measure(AddressOf(gateway), token);
            await gateway.StopAsync();
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
        var config = Path.Combine(directory, "gateway.json");
        File.WriteAllText(config, new GatewayConfiguration { IssuerUrl = backend, Backend = backend, SigningKeys = keys }.ToJson());
        return GatewayApplication.Create(new GatewayStart { ConfigPath = config, Arguments = ["--urls=http://127.0.0.1:0"] });
    }

    private static async Task<double> BytesPerRequestAsync(string address, string token, int requests = Measured)
    {
        using var client = new HttpMessageInvoker(new SocketsHttpHandler());
        for (var i = 0; i < Warmup; i++)
        {
            await SendAsync(client, address, token);
        }

        var before = GC.GetTotalAllocatedBytes(precise: true);
        for (var i = 0; i < requests; i++)
        {
            await SendAsync(client, address, token);
        }

        return (GC.GetTotalAllocatedBytes(precise: true) - before) / (double)requests;
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

    private static readonly byte[] Body = Encoding.UTF8.GetBytes(Wrk.Call);

    private static async Task<WebApplication> StartedAsync(WebApplication app)
    {
        await app.StartAsync();
        return app;
    }

    private static string AddressOf(WebApplication app) => app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
}
