using System.Net;
using System.Net.Sockets;
using Gateway;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging.Console;

namespace Demo;

/// <summary>The real gateway, once: at an address of its own, with what it writes to its audit.</summary>
internal sealed class GatewayReplica : IAsyncDisposable
{
    private readonly WebApplication _app;

    private GatewayReplica(WebApplication app, string url, AuditTap audit)
    {
        _app = app;
        Url = url;
        Audit = audit;
    }

    /// <summary>Where it listens.</summary>
    public string Url { get; }

    public AuditTap Audit { get; }

    /// <summary>
    /// Starts one with this configuration, which <paramref name="configure"/> may write once the address is known. PublicUrl
    /// names the port, so the port cannot be left to the listener, and somebody may be faster.
    /// </summary>
    public static async Task<GatewayReplica> StartAsync(string configPath, DemoOptions options, TimeProvider clock, CancellationToken cancellationToken, Func<string, Task>? configure = null)
    {
        for (var attempt = 1; ; attempt++)
        {
            var url = $"http://127.0.0.1:{FreePort()}";
            await (configure?.Invoke(url) ?? Task.CompletedTask);
            var audit = new AuditTap();
            var app = Create(configPath, url, audit, options, clock);
            try
            {
                await app.StartAsync(cancellationToken);
                return new GatewayReplica(app, url, audit);
            }
            catch (IOException taken) when (taken.InnerException is AddressInUseException && attempt < 5)
            {
                await app.DisposeAsync();
            }
        }
    }

    /// <summary>Waits until it serves: a replica serves nobody before it has read what is revoked.</summary>
    public async Task ReadyAsync(TimeProvider clock, CancellationToken cancellationToken)
    {
        using var http = Loopback.CreateClient();
        for (var attempt = 1; ; attempt++)
        {
            using var answer = await http.GetAsync(Url + "/healthz/ready", cancellationToken);
            if (answer.IsSuccessStatusCode)
            {
                return;
            }

            if (attempt == 500)
            {
                throw new ConfigurationException($"The gateway at {Url} is not ready: {await answer.Content.ReadAsStringAsync(cancellationToken)}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), clock, cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    /// <summary>A port of loopback that nobody listens at.</summary>
    public static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private static WebApplication Create(string configPath, string url, AuditTap audit, DemoOptions options, TimeProvider clock) =>
        GatewayApplication.Create(new GatewayStart
        {
            ConfigPath = configPath,
            Arguments = ["--urls", url, .. options.GatewayArguments],
            Clock = clock,
            Configure = builder =>
            {
                builder.Logging.ClearProviders().AddProvider(audit);
                if (options.Verbose)
                {
                    builder.Logging.AddSimpleConsole(console => console.SingleLine = true);
                    builder.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
                }
            },
        });
}
