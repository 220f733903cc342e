using System.Net;

namespace Demo;

/// <summary>Starts small web hosts on 127.0.0.1 at ports that the system chooses. They read no configuration at all.</summary>
internal static class Loopback
{
    /// <summary>A running host with <paramref name="map"/>'s endpoints; its address is the first of <c>Urls</c>.</summary>
    public static async Task<WebApplication> StartAsync(Action<WebApplication> map, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, 0);
        });
        builder.Services.AddRoutingCore();
        var app = builder.Build();
        map(app);
        await app.StartAsync(cancellationToken);
        return app;
    }

    /// <summary>A client for loopback: no proxy of the machine, no cookies, no redirects followed.</summary>
    public static HttpClient CreateClient(Func<HttpMessageHandler, HttpMessageHandler>? around = null)
    {
        var handler = new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false };
        return new HttpClient(around is null ? handler : around(handler)) { Timeout = TimeSpan.FromSeconds(10) };
    }
}
