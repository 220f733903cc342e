using Gateway.Tests.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Gateway.Tests.Forward;

/// <summary>A request that takes its time to be aborted: until <see cref="GoOn"/> is set.</summary>
internal sealed class SlowLifetime : IHttpRequestLifetimeFeature
{
    public ManualResetEventSlim Aborting { get; } = new();

    public ManualResetEventSlim GoOn { get; } = new();

    public bool IsAborted { get; private set; }

    /// <summary>Whether it was aborted on a thread of the pool.</summary>
    public bool OnPool { get; private set; }

    public CancellationToken RequestAborted { get; set; }

    /// <summary>The context of such a request.</summary>
    public HttpContext Context
    {
        get
        {
            var context = new DefaultHttpContext();
            context.Features.Set<IHttpRequestLifetimeFeature>(this);
            return context;
        }
    }

    public void Abort()
    {
        OnPool = Thread.CurrentThread.IsThreadPoolThread;
        Aborting.Set();
        IsAborted = GoOn.Wait(SocketClient.Patience);
    }
}
