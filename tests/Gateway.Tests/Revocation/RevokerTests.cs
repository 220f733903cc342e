using System.Diagnostics.Metrics;
using Gateway.Revoke;
using Gateway.Tests.Forward;
using Gateway.Tests.Harness;
using Gateway.Tests.Wire;
using Microsoft.Extensions.DependencyInjection;
using TokenExchange.Inbound.Revocation;
using Xunit;

namespace Gateway.Tests.Revocation;

/// <summary>What a revocation has to look through is looked through where nobody's sockets wait, and is done when it is answered for.</summary>
public sealed class RevokerTests
{
    [Theory]
    [InlineData("asked for here")]
    [InlineData("learnt of others")]
    public async Task What_goes_on_in_a_tokens_name_is_looked_for_on_the_pool_and_ended_before_that_is_acknowledged(string how)
    {
        var passed = new Passed();
        await using var world = await World.StartAsync(configure: passed.AddTo);
        var (_, cleared) = await passed.OfAsync(world, "alice");
        var revoker = world.Gateway.Services.GetRequiredService<Revoker>();
        var streams = world.Gateway.Services.GetRequiredService<OpenStreams>();
        var lifetime = new SlowLifetime();
        lifetime.GoOn.Set();
        using var lease = streams.Open(lifetime.Context, cleared, new StreamTerms(DateTimeOffset.MaxValue, TimeSpan.FromHours(1), Listening: true, InOrder: true));
        var revocation = TokenExchange.Inbound.Revocation.Revocation.Of(
            revoker.Revocations.Keys, RevocationSelector.Subject, world.As.Issuer, "alice", TimeProvider.System.GetUtcNow(), TimeSpan.FromDays(1), RevocationSource.Command);
        var revoking = new TaskCompletionSource<(Task Acknowledged, bool InForce)>(TaskCreationOptions.RunContinuationsAsynchronously);

        // A thread as those that wait for sockets.
        new Thread(() =>
        {
            var task = how == "asked for here" ? revoker.RevokeAsync([revocation]).AsTask() : revoker.LearnAsync([revocation], quietly: false).AsTask();
            revoking.SetResult((task, revoker.Revocations.IsRevoked(cleared.Inbound)));
        }).Start();
        var (acknowledged, inForce) = await revoking.Task;
        await acknowledged.WaitAsync(SocketClient.Patience, TestContext.Current.CancellationToken);

        Assert.True(lifetime.IsAborted);
        Assert.True(lifetime.OnPool);
        Assert.True(inForce);
    }

    [Fact]
    public async Task Taking_a_revocation_back_is_counted_as_none()
    {
        await using var world = await World.StartAsync();
        var revoker = world.Gateway.Services.GetRequiredService<Revoker>();
        long counted = 0;
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Name == "gateway.revocations" && instrument.Meter.Scope == world.Gateway.Services.GetRequiredService<IMeterFactory>())
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((_, measured, _, _) => Interlocked.Add(ref counted, measured));
        listener.Start();
        var revocation = TokenExchange.Inbound.Revocation.Revocation.Of(
            revoker.Revocations.Keys, RevocationSelector.Subject, world.As.Issuer, "alice", TimeProvider.System.GetUtcNow(), TimeSpan.FromDays(1), RevocationSource.Command);

        await revoker.RevokeAsync([revocation]);
        await revoker.RevokeAsync([revocation.Undo(revoker.Revocations.Keys)]);

        Assert.Equal(1, Interlocked.Read(ref counted));
    }
}
