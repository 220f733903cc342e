using System.Globalization;
using Harness;
using TokenExchange.Outbound.Local;

namespace Gateway.Benchmarks.Peers;

/// <summary>Where contenders run: a directory for their files, the backend behind them, the tokens that open them. Stops what it started.</summary>
internal sealed class TestBed : IDisposable
{
    public const string BaselineName = "baseline";

    public const string NativeName = "gateway, ahead of time";

    /// <summary>The backend shares the machine with what is measured: no thread of its own is to spin for work.</summary>
    private static readonly Dictionary<string, string> Quiet = new() { ["DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS"] = "1", ["DOTNET_ThreadPool_UnfairSemaphoreSpinLimit"] = "0" };

    /// <summary>What makes a program of ASP.NET Core listen for HTTP/2 without TLS, and nothing else.</summary>
    public static readonly IReadOnlyDictionary<string, string> Http2Alone = new Dictionary<string, string> { ["Kestrel__EndpointDefaults__Protocols"] = "Http2" };

    private readonly string directory = Directory.CreateTempSubdirectory("gateway-benchmark-").FullName;
    private readonly Programs programs;
    private readonly List<PeerProcess> started = [];

    private TestBed(Programs programs, int port)
    {
        this.programs = programs;
        Tokens = new InboundTokens($"http://127.0.0.1:{port}");
    }

    public InboundTokens Tokens { get; }

    public PeerProcess Backend { get; private set; } = null!;

    public static async Task<TestBed> StartAsync(Programs programs)
    {
        var port = PeerProcess.FreePort();
        var bed = new TestBed(programs, port);
        await File.WriteAllTextAsync(bed.PathOf("jwks.json"), bed.Tokens.Jwks());
        await File.WriteAllTextAsync(bed.PathOf("public.pem"), bed.Tokens.Rs256.Rsa!.ExportSubjectPublicKeyInfoPem());
        SigningKeyFile.Create(bed.PathOf("keys"), "ES256", TimeProvider.System);
        bed.Backend = await bed.StartAsync(new PeerStart("backend", port, Programs.Self.File, Programs.Self.With("serve-backend", $"http://127.0.0.1:{port}", bed.PathOf("jwks.json"))), Quiet);
        return bed;
    }

    public string PathOf(string name) => Path.Combine(directory, name);

    public Task<PeerProcess> StartYarpAsync(IReadOnlyDictionary<string, string>? environment = null, int serverCount = 1) => StartAsync(Yarp(serverCount), environment);

    /// <summary>A gateway with one server and the local issuer, after <paramref name="change"/> has had its way with its configuration.</summary>
    public async Task<PeerProcess> StartGatewayAsync(string name = "gateway", Func<GatewayConfiguration, GatewayConfiguration>? change = null, IReadOnlyDictionary<string, string>? environment = null) =>
        await StartAsync(Gateway(name, change), environment);

    /// <summary>How bare YARP is started, on a port of its own.</summary>
    /// <param name="serverCount">How many routes it has.</param>
    /// <param name="http2Backend">A backend that it speaks HTTP/2 with; null: the usual one.</param>
    public PeerStart Yarp(int serverCount = 1, PeerProcess? http2Backend = null)
    {
        var port = PeerProcess.FreePort();
        string[] more = http2Backend is null ? [] : ["http2"];
        return new PeerStart("bare YARP", port, programs.Yarp.File, programs.Yarp.With([$"http://127.0.0.1:{port}", (http2Backend ?? Backend).Url, serverCount.ToString(CultureInfo.InvariantCulture), .. more]));
    }

    /// <summary>What is measured besides, configured as the gateway is: the one of before a change, the one compiled ahead of time, and one for each setting of the environment.</summary>
    public IEnumerable<PeerStart> Besides(IEnumerable<string> environments) =>
    [
        .. programs.Baseline is { } baseline ? (PeerStart[])[Gateway(BaselineName, null, baseline)] : [],
        .. programs.Native is { } native ? (PeerStart[])[Gateway(NativeName, null, native)] : [],
        .. environments.Select(settings => Gateway("gateway, " + settings) with { Environment = settings.Split(';').Select(setting => setting.Split('=', 2)).ToDictionary(setting => setting[0], setting => setting[1]) }),
    ];

    /// <summary>Starts all of <see cref="Besides"/>.</summary>
    public async Task<List<PeerProcess>> StartBesidesAsync(IEnumerable<string> environments)
    {
        var besides = new List<PeerProcess>();
        foreach (var start in Besides(environments))
        {
            besides.Add(await StartAsync(start));
        }

        return besides;
    }

    /// <summary>YARP with ASP.NET Core's own check of the same tokens before it.</summary>
    public Task<PeerProcess> StartJwtYarpAsync()
    {
        var port = PeerProcess.FreePort();
        return StartAsync(new PeerStart("YARP with JwtBearer", port, programs.JwtYarp.File, programs.JwtYarp.With($"http://127.0.0.1:{port}", Backend.Url, Backend.Url, InboundTokens.ResourceOf("weather"))), null);
    }

    /// <summary>How a gateway is started, on a port of its own and with a configuration of its own.</summary>
    public PeerStart Gateway(string name = "gateway", Func<GatewayConfiguration, GatewayConfiguration>? change = null, PeerProgram? program = null)
    {
        program ??= programs.Gateway;
        var port = PeerProcess.FreePort();
        var configuration = new GatewayConfiguration { IssuerUrl = Backend.Url, Backend = Backend.Url, SigningKeys = PathOf("keys") };
        var file = PathOf(Path.GetRandomFileName() + ".json");
        File.WriteAllText(file, (change?.Invoke(configuration) ?? configuration).ToJson());
        return new PeerStart(name, port, program.File, program.With("run", "--config", file, "--urls", $"http://127.0.0.1:{port}"));
    }

    /// <summary>How a backend besides is started, on a port of its own; its token endpoint signs with the same key whenever it comes back.</summary>
    public PeerStart AnotherBackend(string name)
    {
        var (port, jwks, key) = (PeerProcess.FreePort(), PathOf(name + ".json"), PathOf(name + ".pem"));
        File.WriteAllText(jwks, TestKey.Jwks());
        File.WriteAllText(key, TestKey.Create("ES256", name).PrivatePem());
        return new PeerStart(name, port, Programs.Self.File, Programs.Self.With("serve-backend", $"http://127.0.0.1:{port}", jwks, key)) { Environment = Quiet };
    }

    /// <summary>The same, speaking nothing but HTTP/2, without TLS.</summary>
    public PeerStart Http2Backend()
    {
        var start = AnotherBackend("backend-http2");
        return start with { Environment = new Dictionary<string, string>(Quiet.Concat(Http2Alone)) };
    }

    public static bool IsInstalled(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append("/usr/sbin").Any(folder => File.Exists(Path.Combine(folder, program)));

    /// <summary>A program that others wrote, or null when this machine does not have it.</summary>
    public async Task<PeerProcess?> StartInstalledAsync(string name, string program, Func<int, string[]> arguments)
    {
        if (IsInstalled(program))
        {
            var port = PeerProcess.FreePort();
            return await StartAsync(new PeerStart(name, port, program, arguments(port)), null);
        }

        Console.WriteLine($"{program} is not installed and is left out.");
        return null;
    }

    public void Stop(PeerProcess peer)
    {
        started.Remove(peer);
        peer.Dispose();
    }

    public void Dispose()
    {
        started.ForEach(peer => peer.Dispose());
        Directory.Delete(directory, recursive: true);
    }

    /// <summary>Starts a contender and keeps it until the bed goes.</summary>
    public Task<PeerProcess> StartAsync(PeerStart start) => StartAsync(start, start.Environment);

    private async Task<PeerProcess> StartAsync(PeerStart start, IReadOnlyDictionary<string, string>? environment)
    {
        var peer = await PeerProcess.StartAsync(start.Name, start.Port, start.File, start.Arguments, environment);
        started.Add(peer);
        return peer;
    }
}
