using System.Globalization;
using System.Text.Json.Nodes;
using TokenExchange.Issue;
using TokenExchange.Tests.Harness;

namespace Gateway.Benchmarks.Compare;

/// <summary>
/// Runs the contenders over one backend in interleaved rounds and prints medians and ratios. Absolute figures depend on
/// the machine; the ratios of one run are what counts.
/// </summary>
internal sealed class Comparison(string directory, int rounds, TimeSpan duration)
{
    private const int Connections = 32;
    private readonly List<PeerProcess> started = [];

    public static async Task<int> RunAsync(string[] arguments)
    {
        var rounds = Option(arguments, "--rounds", 5);
        var seconds = Option(arguments, "--seconds", 4);
        var directory = Directory.CreateTempSubdirectory("compare-").FullName;
        var comparison = new Comparison(directory, rounds, TimeSpan.FromSeconds(seconds));
        try
        {
            await comparison.RunAsync(Value(arguments, "--gateway"));
            return 0;
        }
        finally
        {
            comparison.started.ForEach(peer => peer.Dispose());
            Directory.Delete(directory, recursive: true);
        }
    }

    private async Task RunAsync(string? gateway)
    {
        var key = TestKey.Create("RS256", "bench");
        await File.WriteAllTextAsync(PathOf("jwks.json"), TestKey.Jwks([key.Jwk()]));
        await File.WriteAllTextAsync(PathOf("public.pem"), key.Rsa!.ExportSubjectPublicKeyInfoPem());
        var self = Environment.ProcessPath!;
        string[] own = self.EndsWith("dotnet", StringComparison.Ordinal) ? [typeof(Comparison).Assembly.Location] : [];
        var backend = await StartAsync("backend", self, port => [.. own, "serve-backend", $"http://127.0.0.1:{port}", PathOf("jwks.json")]);
        var issuer = backend.Url;
        const string Resource = "https://mcp.example.com/weather";
        await File.WriteAllLinesAsync(PathOf("warm.txt"), Peers.Tokens(key, issuer, Resource, 1));
        await File.WriteAllLinesAsync(PathOf("cold.txt"), Peers.Tokens(key, issuer, Resource, 60_000));
        Wrk.WriteScript(PathOf("warm.lua"), PathOf("warm.txt"));
        Wrk.WriteScript(PathOf("cold.lua"), PathOf("cold.txt"));
        SigningKeyFile.Create(PathOf("keys"), "ES256", TimeProvider.System);

        var yarp = await StartAsync("yarp", self, port => [.. own, "serve-yarp", $"http://127.0.0.1:{port}", backend.Url]);
        var contenders = new List<PeerProcess> { yarp };
        var gatewayDll = Path.Combine(AppContext.BaseDirectory, "gateway.dll");
        foreach (var audit in (bool[])[false, true])
        {
            WriteGatewayJson(audit, issuer, backend.Url);
            var config = PathOf(audit ? "audit.json" : "plain.json");
            string[] Arguments(int port) => ["run", "--config", config, "--urls", $"http://127.0.0.1:{port}"];
            contenders.Add(gateway is null
                ? await StartAsync(audit ? "gateway+audit" : "gateway", "dotnet", port => [gatewayDll, .. Arguments(port)])
                : await StartAsync(audit ? "gateway+audit" : "gateway", gateway, Arguments));
        }

        if (Installed("nginx"))
        {
            contenders.Add(await StartAsync("nginx", "nginx", port => ["-c", WriteNginx(port, backend.Port), "-p", directory]));
        }

        if (Installed("haproxy"))
        {
            contenders.Add(await StartAsync("haproxy+jwt", "haproxy", port => ["-f", WriteHaproxy(port, backend.Port)]));
        }

        await MeasureAsync("warm: one token, small JSON calls", "warm.lua", contenders, yarp.Name);
        await MeasureAsync("cold: another token each time, local issuer (RS256 in, ES256 out)", "cold.lua", [.. contenders.Where(peer => peer.Name is "yarp" or "gateway")], yarp.Name);
    }

    private async Task MeasureAsync(string title, string script, List<PeerProcess> contenders, string baseline)
    {
        foreach (var peer in contenders)
        {
            await Wrk.RunAsync(peer.Url + "/weather", PathOf(script.Replace("cold", "warm", StringComparison.Ordinal)), TimeSpan.FromSeconds(3), Connections);
        }

        var results = contenders.ToDictionary(peer => peer.Name, _ => new List<(double Cpu, double Rate, double P50, double P99, long Errors)>());
        for (var round = 0; round < rounds; round++)
        {
            foreach (var peer in contenders)
            {
                var before = peer.Cpu();
                var result = await Wrk.RunAsync(peer.Url + "/weather", PathOf(script), duration, Connections);
                results[peer.Name].Add(((peer.Cpu() - before).TotalMicroseconds / result.Requests, result.Requests / duration.TotalSeconds, result.P50Micros, result.P99Micros, result.Errors));
            }
        }

        Console.WriteLine($"\n{title}; medians of {rounds} interleaved rounds of {duration.TotalSeconds} s, {Connections} connections");
        Console.WriteLine($"{"",-15}{"CPU µs/req",11}{"ratio",8}{"req/s",10}{"p50 µs",9}{"p99 µs",9}{"RSS MiB",9}{"errors",8}");
        var reference = Median(results[baseline].Select(result => result.Cpu));
        foreach (var peer in contenders)
        {
            var list = results[peer.Name];
            var cpu = Median(list.Select(result => result.Cpu));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{peer.Name,-15}{cpu,11:F1}{cpu / reference,8:F2}{Median(list.Select(r => r.Rate)),10:F0}{Median(list.Select(r => r.P50)),9:F0}{Median(list.Select(r => r.P99)),9:F0}{peer.ResidentMiB(),9:F0}{list.Sum(r => r.Errors),8}"));
        }
    }

    /// <summary>One server, the local issuer, one trusted issuer whose keys are at a known address.</summary>
    public static JsonObject GatewayOptions(string issuer, string backend, string keys) => new()
    {
        ["PublicUrl"] = "https://mcp.example.com",
        ["DrainDelay"] = "00:00:00",
        ["AuthorizationServers"] = new JsonObject { ["bench"] = new JsonObject { ["Issuer"] = issuer, ["JwksUrl"] = issuer + "/jwks" } },
        ["LocalIssuer"] = new JsonObject { ["Issuer"] = "https://mcp.example.com/hop", ["KeyDirectory"] = keys },
        ["Servers"] = new JsonObject
        {
            ["weather"] = new JsonObject
            {
                ["Destinations"] = new JsonArray(backend + "/mcp"),
                ["Outbound"] = new JsonObject { ["Mode"] = "local" },
            },
        },
    };

    private void WriteGatewayJson(bool audit, string issuer, string backend)
    {
        var options = GatewayOptions(issuer, backend, PathOf("keys"));
        if (audit)
        {
            options["Audit"] = new JsonObject { ["File"] = PathOf("audit.log") };
        }

        var root = new JsonObject
        {
            ["Gateway"] = options,
            ["Logging"] = new JsonObject { ["LogLevel"] = new JsonObject { ["Default"] = "Warning", ["Gateway.Audit"] = "None" } },
        };
        File.WriteAllText(PathOf(audit ? "audit.json" : "plain.json"), root.ToJsonString());
    }

    private string WriteNginx(int port, int backend)
    {
        File.WriteAllText(PathOf("nginx.conf"), $$"""
            daemon off; master_process on; worker_processes 2; pid {{PathOf("nginx.pid")}}; error_log stderr crit;
            events { worker_connections 1024; }
            http {
              access_log off; client_body_temp_path {{PathOf("body")}}; proxy_temp_path {{PathOf("proxy")}};
              upstream backend { server 127.0.0.1:{{backend}}; keepalive 64; }
              server {
                listen 127.0.0.1:{{port}}; keepalive_requests 1000000;
                location /weather { proxy_pass http://backend/mcp; proxy_http_version 1.1; proxy_set_header Connection ""; }
              }
            }
            """);
        return PathOf("nginx.conf");
    }

    private string WriteHaproxy(int port, int backend)
    {
        File.WriteAllText(PathOf("haproxy.cfg"), $$"""
            global
              nbthread 2
            defaults
              mode http
              timeout connect 5s
              timeout client 30s
              timeout server 30s
            frontend in
              bind 127.0.0.1:{{port}}
              http-request set-var(txn.bearer) http_auth_bearer
              http-request deny deny_status 401 unless { var(txn.bearer),jwt_verify("RS256","{{PathOf("public.pem")}}") 1 }
              http-request set-path /mcp
              default_backend mcp
            backend mcp
              server one 127.0.0.1:{{backend}}

            """);
        return PathOf("haproxy.cfg");
    }

    private async Task<PeerProcess> StartAsync(string name, string program, Func<int, string[]> arguments)
    {
        var port = PeerProcess.FreePort();
        var peer = await PeerProcess.StartAsync(name, port, program, arguments(port));
        started.Add(peer);
        return peer;
    }

    private string PathOf(string name) => Path.Combine(directory, name);

    private static bool Installed(string program)
    {
        var there = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append("/usr/sbin").Any(folder => File.Exists(Path.Combine(folder, program)));
        if (!there)
        {
            Console.WriteLine($"{program} is not installed and is left out.");
        }

        return there;
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted[sorted.Length / 2];
    }

    private static int Option(string[] arguments, string name, int otherwise) =>
        Value(arguments, name) is { } value ? int.Parse(value, CultureInfo.InvariantCulture) : otherwise;

    private static string? Value(string[] arguments, string name)
    {
        var at = Array.IndexOf(arguments, name);
        return at >= 0 && at + 1 < arguments.Length ? arguments[at + 1] : null;
    }
}
