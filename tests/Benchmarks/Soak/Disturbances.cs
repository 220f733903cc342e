using System.Diagnostics;
using System.Net;
using Gateway.Benchmarks.Peers;
using Harness;
using TokenExchange.Outbound.Local;

namespace Gateway.Benchmarks.Soak;

/// <summary>What happens to the gateway meanwhile, again and again in a cycle of two minutes.</summary>
internal sealed class Disturbances(TestBed bed, PeerProcess gateway, SoakConfiguration configuration, Callers callers, Outage authorizationServer, Outage away)
{
    /// <summary>A key signs at the age of five minutes and its tokens live two more: with one every two minutes, the sixth is of no use.</summary>
    private const int LocalKeys = 6;

    private readonly List<TestKey> issued = [];

    /// <summary>How many there were of each, so that nothing is praised that did not happen.</summary>
    public SortedDictionary<string, int> Done { get; } = new(StringComparer.Ordinal);

    public async Task RunAsync(CancellationToken cancellation)
    {
        // A key is published 40 s before it signs, as issuers do: a gateway asks for unknown ones every 30 s at most.
        (int Second, string Name, Func<CancellationToken, Task> Act)[] cycle =
        [
            (5, "reloads", ReloadAsync),
            (15, "keys of the inbound issuer", _ => PublishAsync()),
            (20, "outages of the authorization server", _ => Task.Run(authorizationServer.Begin, CancellationToken.None)),
            (30, "reloads", ReloadAsync),
            (45, "", _ => authorizationServer.EndAsync()),
            (55, "", _ => Task.Run(() => callers.SigningKey = issued[^1], CancellationToken.None)),
            (60, "keys of the local issuer", _ => Task.Run(RotateLocal, CancellationToken.None)),
            (70, "outages of an MCP server", _ => Task.Run(away.Begin, CancellationToken.None)),
            (80, "reloads", ReloadAsync),
            (90, "", _ => away.EndAsync()),
            (110, "reloads", ReloadAsync),
        ];
        for (var begin = Stopwatch.GetTimestamp(); ; begin += 120 * Stopwatch.Frequency)
        {
            foreach (var (second, name, act) in cycle)
            {
                var left = TimeSpan.FromSeconds(second) - Stopwatch.GetElapsedTime(begin);
                await Task.Delay(left > TimeSpan.Zero ? left : TimeSpan.Zero, cancellation);
                await act(cancellation);
                if (name.Length > 0)
                {
                    Done[name] = Done.GetValueOrDefault(name) + 1;
                }
            }
        }
    }

    /// <summary>Changes the file, and returns when the gateway serves what it says; throws when it does not within 10 s.</summary>
    private async Task ReloadAsync(CancellationToken cancellation)
    {
        // Without a token: 401 of a server that is there, 404 of one that is not.
        var expected = configuration.Change() ? HttpStatusCode.Unauthorized : HttpStatusCode.NotFound;
        using var http = new HttpClient(new SocketsHttpHandler());
        for (var begin = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(begin) < TimeSpan.FromSeconds(10);)
        {
            using var answer = await http.GetAsync(new Uri($"{gateway.Url}/{SoakConfiguration.Passing}"), cancellation);
            if (answer.StatusCode == expected)
            {
                return;
            }

            await Task.Delay(200, cancellation);
        }

        throw new InvalidOperationException("A changed gateway.json was not applied.");
    }

    /// <summary>One key more, and without that of two cycles ago, by which no new caller comes any more.</summary>
    private async Task PublishAsync()
    {
        issued.Add(TestKey.Create("ES256", $"es256-{Done.GetValueOrDefault("keys of the inbound issuer") + 1}"));
        issued.RemoveRange(0, Math.Max(0, issued.Count - 2));
        var file = bed.PathOf("jwks.json");
        await File.WriteAllTextAsync(file + ".new", bed.Tokens.Jwks(issued));
        File.Move(file + ".new", file, overwrite: true);
    }

    private void RotateLocal()
    {
        SigningKeyFile.Create(bed.PathOf("keys"), "ES256", TimeProvider.System);

        // Their names begin with the time.
        foreach (var old in Directory.GetFiles(bed.PathOf("keys"), "*.pem").Order(StringComparer.Ordinal).SkipLast(LocalKeys))
        {
            File.Delete(old);
        }
    }
}
