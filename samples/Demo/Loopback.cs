using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Demo;

/// <summary>Starts small web hosts on 127.0.0.1 at ports that the system chooses. They read no configuration at all.</summary>
internal static class Loopback
{
    /// <summary>How long an answer is waited for.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>A running host with <paramref name="map"/>'s endpoints; its address is the first of <c>Urls</c>, and <paramref name="add"/> knows it before.</summary>
    public static async Task<WebApplication> StartAsync(Action<WebApplication> map, CancellationToken cancellationToken, Action<IServiceCollection, string>? add = null)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var address = (IPEndPoint)socket.LocalEndPoint!;
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.Configure<SocketTransportOptions>(sockets => sockets.CreateBoundListenSocket = _ => socket);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(address);
        });
        builder.Services.AddRoutingCore();
        add?.Invoke(builder.Services, $"http://{address}");
        var app = builder.Build();
        map(app);
        await app.StartAsync(cancellationToken);
        return app;
    }

    /// <summary>A client for loopback: no proxy of the machine, no cookies, no redirects followed.</summary>
    public static HttpClient CreateClient(Func<HttpMessageHandler, HttpMessageHandler>? around = null)
    {
        var handler = new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false };
        return new HttpClient(around is null ? handler : around(handler)) { Timeout = Patience };
    }
}
