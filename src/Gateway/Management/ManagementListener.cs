using Gateway.Configuration.Options;
using Gateway.Observe;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;

namespace Gateway.Management;

/// <summary>
/// The management listener: a server of its own, without the gateway's pipeline and without a route of it. That neither
/// listener answers for the other does not depend on a port, a header or a filter that could be forgotten.
/// </summary>
internal sealed class ManagementListener : IHostedService, IHttpApplication<HttpContext>, IDisposable
{
    /// <summary>A token of 16 KiB in a form, escaped, and some room.</summary>
    private const long MaxBody = 64 * 1024;

    /// <summary>In the data of an exception of <see cref="StartAsync"/>: that it was this listener's address.</summary>
    public const string Fault = "Gateway:Management:Url";

    private readonly string _url;
    private readonly ManagementEndpoints _endpoints;
    private readonly KestrelServer _server;
    private readonly ILogger<ManagementListener> _logger;

    public ManagementListener(ManagementOptions options, ManagementEndpoints endpoints, ILoggerFactory loggers, IServiceProvider services)
    {
        _url = options.Url ?? throw new ArgumentException("The management listener needs an address.", nameof(options));
        _endpoints = endpoints;
        _logger = loggers.CreateLogger<ManagementListener>();
        var kestrel = new KestrelServerOptions { AddServerHeader = false, ApplicationServices = services };
        kestrel.Limits.MaxRequestBodySize = MaxBody;
        kestrel.Limits.MaxConcurrentConnections = 200;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        _server = new KestrelServer(Options.Create(kestrel), new SocketTransportFactory(Options.Create(new SocketTransportOptions()), loggers), loggers);
    }

    /// <summary>The address that is listened on, with the port that was given for 0.</summary>
    public string? Address => _server.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault();

    /// <summary>Starts to listen; throws what binding an address throws, so that the gateway does not start without.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _server.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Add(_url);
        try
        {
            await _server.StartAsync(this, cancellationToken);
        }
        catch (Exception error)
        {
            error.Data[Fault] = _url;
            throw;
        }

        _logger.ManagementListening(Address);
    }

    public Task StopAsync(CancellationToken cancellationToken) => _server.StopAsync(cancellationToken);

    public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

    public async Task ProcessRequestAsync(HttpContext context)
    {
        try
        {
            await _endpoints.AnswerAsync(context);
        }
        catch (Microsoft.AspNetCore.Http.BadHttpRequestException exception)
        {
            context.Response.StatusCode = exception.StatusCode;
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody is left to answer.
        }
        catch (Exception exception) when (!context.Response.HasStarted)
        {
            // The type alone: a message could quote what was posted.
            _logger.ManagementFailed(exception.GetType().Name);
            context.Response.Clear();
            context.Response.StatusCode = StatusCodes.Status500InternalServerError;
        }
    }

    public void DisposeContext(HttpContext context, Exception? exception)
    {
        // A DefaultHttpContext holds nothing of its own.
    }

    public void Dispose() => _server.Dispose();
}
