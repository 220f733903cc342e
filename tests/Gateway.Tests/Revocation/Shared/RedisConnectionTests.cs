using Gateway.Configuration.Options;
using Gateway.Revoke.Shared;
using Xunit;

namespace Gateway.Tests.Revocation.Shared;

/// <summary>How the connection to the shared state is made.</summary>
public sealed class RedisConnectionTests
{
    [Fact]
    public async Task Who_needs_it_while_it_is_made_gets_the_one_that_is_made()
    {
        // Nobody listens there: the first to ask finds that out, and nobody after it once more.
        await using var connection = new RedisConnection(new RedisOptions { Endpoints = ["127.0.0.1:1"], Tls = false });

        var databases = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => connection.DatabaseAsync().AsTask()));

        Assert.All(databases, database => Assert.Same(databases[0].Multiplexer, database.Multiplexer));
    }

    [Fact]
    public async Task An_attempt_that_failed_is_made_again()
    {
        await using var sentinel = new OddState("-ERR unknown command\r\n") { Primaries = ["caches"] };
        await using var connection = new RedisConnection(new RedisOptions { Endpoints = [$"127.0.0.1:{sentinel.Port}"], Tls = false, ServiceName = "gateways" });
        var first = await Assert.ThrowsAsync<StateException>(() => connection.DatabaseAsync().AsTask());

        Assert.NotSame(first, await Assert.ThrowsAsync<StateException>(() => connection.DatabaseAsync().AsTask()));
    }

    [Fact]
    public async Task After_its_end_none_is_made()
    {
        await using var state = new TestState();
        var connection = new RedisConnection(new RedisOptions { Endpoints = [$"127.0.0.1:{state.Port}"], Tls = false });
        var under = connection.DatabaseAsync();
        await connection.DisposeAsync();

        Assert.True(await Record.ExceptionAsync(() => under.AsTask()) is null or ObjectDisposedException);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => connection.DatabaseAsync().AsTask());
    }
}
