using Gateway.Exchange;
using Gateway.Observe;
using Gateway.Revoke;
using Gateway.Tests.Forward;
using Gateway.Tests.Harness;
using Gateway.Tests.Wire;
using Microsoft.Extensions.DependencyInjection;
using TokenExchange.Inbound.Revocation;
using Xunit;

namespace Gateway.Tests.Revocation;

/// <summary>What one principal's streams cost is nobody else's to wait for.</summary>
public sealed class OpenStreamsTests
{
    [Fact]
    public async Task Nobodys_request_waits_for_what_becomes_of_anothers_streams()
    {
        var passed = new Passed();
        await using var world = await World.StartAsync(configure: passed.AddTo);
        var (alice, bob) = (await passed.OfAsync(world, "alice"), await passed.OfAsync(world, "bob"));
        var revocations = new Revocations(TimeProvider.System);
        var streams = new OpenStreams(world.Gateway.Services.GetRequiredService<GatewayMetrics>(), revocations, TimeProvider.System);
        var slow = new SlowLifetime();
        using var hers = streams.Open(slow.Context, alice.Cleared, Terms(alice.Cleared));
        using var his = streams.Open(new SlowLifetime().Context, bob.Cleared, Terms(bob.Cleared));
        revocations.Add(revocations.Of(world.As.Issuer, new LogoutToken("alice", null, TimeProvider.System.GetUtcNow()), TimeSpan.FromDays(1)));

        // Her stream is broken off, which takes as long as it takes.
        var first = new Thread(() => streams.Pass(alice.Request, alice.Cleared));
        first.Start();
        Assert.True(slow.Aborting.Wait(SocketClient.Patience, TestContext.Current.CancellationToken));
        var second = new Thread(() => streams.Pass(bob.Request, bob.Cleared));
        second.Start();
        var passes = second.Join(SocketClient.Patience / 3);
        slow.GoOn.Set();

        Assert.True(first.Join(SocketClient.Patience) && second.Join(SocketClient.Patience));
        Assert.True(passes, "He waits for her.");
    }

    private static StreamTerms Terms(Cleared cleared) =>
        new(DateTimeOffset.MaxValue, TimeSpan.FromHours(1), Listening: true, InOrder: true, new AnswerChannel(cleared.Inbound));
}
