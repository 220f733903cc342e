using System.Diagnostics;
using Gateway.Configuration.Options;
using Gateway.Revoke.Shared;
using Xunit;

namespace Gateway.Tests.Revocation.Shared;

/// <summary>Why the shared state cannot be asked is told by its kind and with what to do, in our words; over a real socket.</summary>
public sealed class StateReasonTests
{
    private const string Foreign = "what the peer says";

    [Theory]
    [InlineData("LOADING", "answers when that is done")]
    [InlineData("BUSY", "SCRIPT KILL")]
    [InlineData("NOAUTH", "PasswordFile")]
    [InlineData("WRONGPASS", "PasswordFile")]
    [InlineData("NOPERM", "docs/revocation.md")]
    [InlineData("READONLY", "name the primary")]
    [InlineData("MASTERDOWN", "name the primary")]
    [InlineData("MISCONF", "disk")]
    [InlineData("OOM", "raise maxmemory")]
    [InlineData("NOREPLICAS", "min-replicas-to-write")]
    [InlineData("WRONGTYPE", "Prefix")]
    [InlineData("CLUSTERDOWN", "a cluster")]
    [InlineData("TRYAGAIN", "a cluster")]
    [InlineData("ERR unknown command", "docs/revocation.md")]
    [InlineData("ERR max number of clients reached", "maxclients")]
    [InlineData("ERR value is not an integer or out of range", "'seq'")]
    [InlineData("ERR increment or decrement would overflow", "'seq'")]
    [InlineData("ERR", "refused")]
    [InlineData("OOMPH", "refused")]
    public async Task An_error_is_told_by_its_kind_with_what_to_do(string error, string said)
    {
        var reason = await ReasonAsync(new OddState($"-{error} {Foreign}\r\n"), said);

        Assert.Contains(said, reason, StringComparison.Ordinal);
        Assert.DoesNotContain("peer", reason, StringComparison.Ordinal);
        Assert.StartsWith(said == "refused" || error.StartsWith("ERR", StringComparison.Ordinal) ? "" : $"{error}: ", reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("LOADING")]
    [InlineData("BUSY")]
    [InlineData("NOAUTH")]
    [InlineData("MASTERDOWN")]
    [InlineData("NOPERM")]
    public async Task A_server_that_says_so_to_everything_is_told_by_it_too(string error) =>
        Assert.StartsWith($"{error}: ", await ReasonAsync(new OddState($"-{error} {Foreign}\r\n", toAll: true), $"{error}: "), StringComparison.Ordinal);

    [Fact]
    public async Task What_speaks_another_protocol_is_told() =>
        Assert.StartsWith("not understood: ", await ReasonAsync(new OddState("HTTP/1.1 400 Bad Request\r\n", toAll: true), "not understood: "), StringComparison.Ordinal);

    [Theory]
    [InlineData("caches, other_1.b", "caches", "other_1.b")]
    [InlineData("none")]
    [InlineData("caches", "caches", "what the peer says", "\u001b[31m")]
    public async Task A_sentinel_that_knows_no_primary_of_the_name_is_told_with_those_that_it_knows(string told, params string[] names)
    {
        await using var sentinel = new OddState("-ERR unknown command\r\n") { Primaries = names };
        await using var connection = new RedisConnection(new RedisOptions { Endpoints = [$"127.0.0.1:{sentinel.Port}"], Tls = false, ServiceName = "gateways" });

        var reason = (await Assert.ThrowsAsync<StateException>(() => new RedisState(connection, 0).ReadAsync(0, 0, 1))).Message;

        Assert.Equal($"Sentinel at 127.0.0.1:{sentinel.Port} knows no primary named 'gateways', but {told}: compare ServiceName", reason);
    }

    [Fact]
    public async Task A_sentinel_that_does_not_know_the_name_says_nothing_for_one_that_does()
    {
        await using var stranger = new OddState("-ERR unknown command\r\n") { Primaries = ["caches"] };
        await using var sentinel = new OddState("-ERR unknown command\r\n") { Primaries = ["gateways"] };
        await using var connection = new RedisConnection(new RedisOptions { Endpoints = [$"127.0.0.1:{stranger.Port}", $"127.0.0.1:{sentinel.Port}"], Tls = false, ServiceName = "gateways" });

        var failure = await Assert.ThrowsAsync<StateException>(() => new RedisState(connection, 0).ReadAsync(0, 0, 1));

        Assert.DoesNotContain("knows no primary", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_time_that_it_does_not_tell_is_none()
    {
        await using var server = new OddState($"-NOPERM {Foreign}\r\n");
        await using var connection = new RedisConnection(new RedisOptions { Endpoints = [$"127.0.0.1:{server.Port}"], Tls = false });

        Assert.Null(await new RedisState(connection, 0).TimeAsync());
    }

    /// <summary>What the state is said not to be asked for, once it is that: at the first look its client may not have come so far.</summary>
    private static async Task<string> ReasonAsync(OddState server, string awaited)
    {
        await using var _ = server;
        await using var connection = new RedisConnection(new RedisOptions { Endpoints = [$"127.0.0.1:{server.Port}"], Tls = false });
        var state = new RedisState(connection, 0);
        var begun = Stopwatch.GetTimestamp();
        string reason;
        do
        {
            reason = (await Assert.ThrowsAsync<StateException>(() => state.ReadAsync(0, 0, 1))).Message;
        }
        while (!reason.Contains(awaited, StringComparison.Ordinal) && Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(10));
        return reason;
    }
}
