using Gateway.Revoke;
using Gateway.Tests.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Xunit;

namespace Gateway.Tests.Revocation;

/// <summary>A lease ends its own answer alone: the context of one that has ended is the next request's.</summary>
public sealed class StreamLeaseTests : IHttpRequestLifetimeFeature
{
    private readonly ManualResetEventSlim aborting = new();
    private readonly ManualResetEventSlim goOn = new();
    private volatile bool aborted;

    CancellationToken IHttpRequestLifetimeFeature.RequestAborted { get; set; }

    [Fact]
    public void An_answer_does_not_end_while_it_is_broken_off()
    {
        var wasAborted = false;
        var lease = Lease(_ => wasAborted = aborted);
        var revocation = new Thread(lease.Abort);
        revocation.Start();
        Assert.True(aborting.Wait(SocketClient.Patience));
        var end = new Thread(lease.Dispose);
        end.Start();
        Assert.True(SpinWait.SpinUntil(() => !end.IsAlive || end.ThreadState.HasFlag(ThreadState.WaitSleepJoin), SocketClient.Patience));

        goOn.Set();

        Assert.True(revocation.Join(SocketClient.Patience) && end.Join(SocketClient.Patience));
        Assert.True(wasAborted);
    }

    [Fact]
    public void An_answer_that_has_ended_is_broken_off_no_more()
    {
        goOn.Set();
        var lease = Lease(_ => { });
        lease.Dispose();

        lease.Abort();

        Assert.False(aborted);
    }

    void IHttpRequestLifetimeFeature.Abort()
    {
        aborting.Set();
        aborted = goOn.Wait(SocketClient.Patience);
    }

    private StreamLease Lease(Action<StreamLease> closed)
    {
        var context = new DefaultHttpContext();
        context.Features.Set<IHttpRequestLifetimeFeature>(this);
        var terms = new StreamTerms(DateTimeOffset.MaxValue, TimeSpan.FromHours(1), Listening: true, InOrder: true);
        return new StreamLease(context, terms, TimeProvider.System, closed);
    }
}
