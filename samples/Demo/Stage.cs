using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Demo.AuthorizationServer;
using Demo.Servers;
using Gateway;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging.Console;

namespace Demo;

/// <summary>
/// Everything that takes part, on loopback: the authorization server, the MCP servers and the real gateway between them.
/// Keys and configuration live in a temporary directory that goes when this does.
/// </summary>
internal sealed class Stage : IAsyncDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("mcp-gateway-demo-");
    private readonly AuditTap _audit = new();
    private WebApplication? _gateway;

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

    public AuditTap Audit => _audit;

    /// <summary>The resource identifier of a server at the gateway.</summary>
    public string Resource(string id) => $"{PublicUrl}/{id}";

    public static async Task<Stage> StartAsync(DemoOptions options, TimeProvider clock, CancellationToken cancellationToken)
    {
        var stage = new Stage(await DevelopmentAuthorizationServer.StartAsync(options.AuthorizationServer, clock, cancellationToken));
        try
        {
            await stage.StartServersAsync(options, cancellationToken);
            var keyFile = Path.Combine(stage._directory.FullName, "client.pem");
            stage.AuthorizationServer.Register(GatewayConfiguration.ClientId, await ClientKeyFile.CreateAsync(keyFile, cancellationToken));
            await stage.StartGatewayAsync(options, keyFile, clock, cancellationToken);
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
        if (_gateway is not null)
        {
            await _gateway.StopAsync();
            await _gateway.DisposeAsync();
        }

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

    /// <summary>PublicUrl is configuration and names the port, so the port cannot be left to the listener, and somebody may be faster.</summary>
    private async Task StartGatewayAsync(DemoOptions options, string keyFile, TimeProvider clock, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            _gateway = await CreateGatewayAsync(options, keyFile, clock, cancellationToken);
            try
            {
                await _gateway.StartAsync(cancellationToken);
                return;
            }
            catch (IOException taken) when (taken.InnerException is AddressInUseException && attempt < 5)
            {
                await _gateway.DisposeAsync();
            }
        }
    }

    private async Task<WebApplication> CreateGatewayAsync(DemoOptions options, string keyFile, TimeProvider clock, CancellationToken cancellationToken)
    {
        PublicUrl = $"http://127.0.0.1:{FreePort()}";
        foreach (var route in Routes)
        {
            AuthorizationServer.Register(new ResourceRegistration(route.Id, Resource(route.Id), route.Destination, [route.Scope, .. route.More]));
        }

        await File.WriteAllTextAsync(ConfigPath, GatewayConfiguration.Write(PublicUrl, AuthorizationServer, keyFile, Routes), cancellationToken);

        return GatewayApplication.Create(new GatewayStart
        {
            ConfigPath = ConfigPath,
            Arguments = ["--urls", PublicUrl, .. options.GatewayArguments],
            Clock = clock,
            Configure = builder =>
            {
                builder.Logging.ClearProviders().AddProvider(_audit);
                if (options.Verbose)
                {
                    builder.Logging.AddSimpleConsole(console => console.SingleLine = true);
                    builder.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
                }
            },
        });
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
