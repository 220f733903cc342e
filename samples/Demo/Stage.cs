using System.Collections.Immutable;
using Demo.AuthorizationServer;
using Demo.Servers;

namespace Demo;

/// <summary>
/// Everything that takes part, on loopback: the authorization server, the MCP servers and the real gateway, twice, between them.
/// Keys and configuration live in a temporary directory that goes when this does.
/// </summary>
internal sealed class Stage : IAsyncDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("mcp-gateway-demo-");
    private StateServer? _state;
    private GatewayReplica? _first;
    private GatewayReplica? _second;

    private Stage(DevelopmentAuthorizationServer authorizationServer) => AuthorizationServer = authorizationServer;

    public DevelopmentAuthorizationServer AuthorizationServer { get; }

    /// <summary>The MCP servers by their id at the gateway: weather, notes and archive.</summary>
    public ImmutableDictionary<string, StrictMcpServer> Servers { get; private set; } = ImmutableDictionary<string, StrictMcpServer>.Empty;

    /// <summary>What the gateway serves: those servers, or the one that its user brought along.</summary>
    public ImmutableArray<Route> Routes { get; private set; } = [];

    public StrictMcpServer Weather => Servers["weather"];

    public StrictMcpServer Notes => Servers["notes"];

    /// <summary>The server that never gets a request: the authorization server answers for it with tokens for another.</summary>
    public StrictMcpServer Archive => Servers["archive"];

    /// <summary>The gateway's origin.</summary>
    public string PublicUrl { get; private set; } = "";

    public string ConfigPath => Path.Combine(_directory.FullName, "gateway.json");

    public AuditTap Audit => _first!.Audit;

    /// <summary>A second gateway with the same configuration, which shares what is revoked with the first.</summary>
    public GatewayReplica SecondReplica => _second!;

    /// <summary>The resource identifier of a server at the gateway.</summary>
    public string Resource(string id) => $"{PublicUrl}/{id}";

    public static async Task<Stage> StartAsync(DemoOptions options, TimeProvider clock, CancellationToken cancellationToken)
    {
        var stage = new Stage(await DevelopmentAuthorizationServer.StartAsync(options.AuthorizationServer, clock, cancellationToken));
        try
        {
            await stage.StartServersAsync(options, cancellationToken);
            var keyFile = Path.Combine(stage._directory.FullName, "client.pem");
            stage.AuthorizationServer.Register(GatewayConfiguration.ClientId, await KeyFiles.CreateClientKeyAsync(keyFile, cancellationToken));
            await stage.StartGatewaysAsync(options, keyFile, clock, cancellationToken);
            return stage;
        }
        catch
        {
            await stage.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var gateway in new[] { _second, _first })
        {
            await (gateway?.DisposeAsync() ?? ValueTask.CompletedTask);
        }

        _state?.Dispose();
        foreach (var server in Servers.Values)
        {
            await server.DisposeAsync();
        }

        await AuthorizationServer.DisposeAsync();
        _directory.Delete(recursive: true);
    }

    private async Task StartServersAsync(DemoOptions options, CancellationToken cancellationToken)
    {
        if (options.Server is { } own)
        {
            Routes = [new Route(Route.Own, own, "mcp")];
            return;
        }

        Servers = Servers.Add("weather", await WeatherServer.StartAsync(AuthorizationServer, cancellationToken));
        foreach (var name in new[] { "notes", "archive" })
        {
            Servers = Servers.Add(name, await NotesServer.StartAsync(name, AuthorizationServer, cancellationToken));
        }

        Routes =
        [
            new Route("weather", Weather.Resource, WeatherServer.Scope, "weather:write"),
            new Route("notes", Notes.Resource, NotesServer.Scope, "notes:write"),
            new Route("archive", Archive.Resource, NotesServer.Scope),
        ];
    }

    /// <summary>Two replicas with one configuration behind one address, as behind a load balancer; an own server needs one.</summary>
    private async Task StartGatewaysAsync(DemoOptions options, string clientKeyFile, TimeProvider clock, CancellationToken cancellationToken)
    {
        var sessionKeyFile = Path.Combine(_directory.FullName, "session-keys");
        if (options.Server is null)
        {
            await KeyFiles.CreateSessionKeyAsync(sessionKeyFile, cancellationToken);
            _state = StateServer.Start();
        }

        _first = await GatewayReplica.StartAsync(ConfigPath, options, clock, cancellationToken, async url =>
        {
            PublicUrl = url;
            foreach (var route in Routes)
            {
                AuthorizationServer.Register(new ResourceRegistration(route.Id, Resource(route.Id), route.Destination, [route.Scope, .. route.More]));
            }

            await File.WriteAllTextAsync(ConfigPath, GatewayConfiguration.Write(PublicUrl, AuthorizationServer, clientKeyFile, Routes, _state?.Endpoint, sessionKeyFile), cancellationToken);
        });
        if (_state is not null)
        {
            _second = await GatewayReplica.StartAsync(ConfigPath, options with { GatewayArguments = options.SecondGatewayArguments ?? options.GatewayArguments }, clock, cancellationToken);
            await _second.ReadyAsync(clock, cancellationToken);
        }

        await _first.ReadyAsync(clock, cancellationToken);
    }
}
