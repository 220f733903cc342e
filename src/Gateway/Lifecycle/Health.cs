using Gateway.Generations;
using Gateway.Revoke.Shared;

namespace Gateway.Lifecycle;

/// <summary>
/// Liveness and readiness. Ready once the first generation is served and, for every issuer trusted inbound, keys were
/// fetched or a grace has passed: an issuer that is down must not take the servers of the others with it. With a shared
/// state, once all of it was read, and as long as it is heard of and forgets nothing by itself.
/// </summary>
internal sealed class Health(LiveGenerations generations, TimeProvider clock, StateHealth? state = null)
{
    public const string LivePath = "/healthz/live";
    public const string ReadyPath = "/healthz/ready";

    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);
    private readonly long began = clock.GetTimestamp();
    private volatile bool draining;

    /// <summary>When the process began to serve.</summary>
    public DateTimeOffset Started { get; } = clock.GetUtcNow();

    /// <summary>Fails readiness from now on, so that no new request comes.</summary>
    public void Drain() => draining = true;

    /// <summary>Whether readiness was failed on purpose.</summary>
    public bool IsDraining => draining;

    /// <summary>Whether requests should be sent here.</summary>
    public bool IsReady => !draining && state is not { IsReady: false } && (clock.GetElapsedTime(began) >= Grace || !generations.Current.AuthorizationServers.Values.Any(server => Missing(server)));

    /// <summary>Answers a probe without detail.</summary>
    public Task AnswerAsync(HttpContext context, bool readiness)
    {
        if (context.Request.Method is not ("GET" or "HEAD"))
        {
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            context.Response.Headers.Allow = "GET, HEAD";
            return Task.CompletedTask;
        }

        var good = !readiness || IsReady;
        context.Response.StatusCode = good ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        context.Response.ContentType = "text/plain";
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsync(good ? "ok" : draining ? "draining" : state is { IsComplete: true, IsReady: false } ? "not ready" : "starting");
    }

    private static bool Missing(TokenExchange.Issuers.AuthorizationServer server) => !server.Keys.Available;
}
