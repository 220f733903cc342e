using Gateway.Commands;
using Xunit;

namespace Gateway.Tests.Revocation.Shared;

/// <summary>What an operator revokes from a command line is refused at every replica.</summary>
public sealed class RevokeCommandTests : IAsyncDisposable
{
    private readonly TestState state = new();

    public ValueTask DisposeAsync() => state.DisposeAsync();

    [Theory]
    [InlineData("--subject", "alice")]
    [InlineData("--client", "agent-7")]
    [InlineData("--session", "s-1")]
    [InlineData("--token-id", "jti-1")]
    public async Task What_is_named_is_refused_and_nothing_else_until_it_is_taken_back(string selector, string value)
    {
        await using var replicas = await state.StartReplicasAsync(clock: TimeProvider.System);
        var (hit, other) = (Token(replicas, "alice", "agent-7", "s-1", "jti-1"), Token(replicas, "bob", "agent-8", "s-2", "jti-2"));
        Assert.Equal(200, (await replicas.Second.CallAsync("/weather", hit)).Status);

        var (exit, output, errors) = await RunAsync(replicas, "revoke", selector, value, "--reason", "lost laptop");
        await Replicas.PollAsync(replicas.Second);

        Assert.Equal((0, ""), (exit, errors));
        Assert.Equal("revoked", (await replicas.Second.CallAsync("/weather", hit)).Reason);
        Assert.Equal(200, (await replicas.Second.CallAsync("/weather", other)).Status);
        var told = replicas.Second.AuditedRevocations.Single();
        Assert.Equal(("command", selector[2..].Replace('-', '_'), 1), (told["source"]!.GetValue<string>(), told["selector"]!.GetValue<string>(), told["entries_dropped"]!.GetValue<int>()));
        var id = output.Split(' ')[0];
        var (_, list, _) = await RunAsync(replicas, "revoke", "list");
        Assert.Contains(id, list, StringComparison.Ordinal);
        Assert.Contains("lost laptop", list, StringComparison.Ordinal);
        Assert.Contains("1 in force", list, StringComparison.Ordinal);
        Assert.DoesNotContain(value, list, StringComparison.Ordinal);

        Assert.Equal(0, (await RunAsync(replicas, "revoke", "undo", id)).Exit);
        await Replicas.PollAsync(replicas.Second);
        Assert.Equal(200, (await replicas.Second.CallAsync("/weather", hit)).Status);
        Assert.Contains("0 in force", (await RunAsync(replicas, "revoke", "list")).Output, StringComparison.Ordinal);
        Assert.Equal(1, (await RunAsync(replicas, "revoke", "undo", id)).Exit);
    }

    [Theory]
    [InlineData("exactly one", "revoke")]
    [InlineData("exactly one", "revoke", "--subject", "alice", "--client", "agent")]
    [InlineData("--issuer", "revoke", "--subject", "alice", "--issuer", "nobody")]
    [InlineData("is empty", "revoke", "--subject", "")]
    [InlineData("revoke list", "revoke", "undo", "zzz")]
    [InlineData("Write Gateway:SharedState:Redis, and SessionKeyFile,", "revoke", "--subject", "alice", "--Gateway:SharedState=null")]
    public async Task What_is_not_clear_is_said_and_nothing_is_revoked(string said, params string[] arguments)
    {
        await using var replicas = await state.StartReplicasAsync(clock: TimeProvider.System);
        if (arguments[^1].StartsWith("--Gateway", StringComparison.Ordinal))
        {
            replicas.Options.Remove("SharedState");
            replicas.First.Write(replicas.Options);
            arguments = arguments[..^1];
        }

        var (exit, _, errors) = await RunAsync(replicas, arguments);

        Assert.Equal(1, exit);
        Assert.Contains(said, errors, StringComparison.Ordinal);
        Assert.Equal(0, Replicas.Of(replicas.First).Count);
    }

    [Fact]
    public async Task Where_the_keys_are_others_than_those_of_the_replicas_it_is_said()
    {
        await using var replicas = await state.StartReplicasAsync(clock: TimeProvider.System);
        var (_, _, errors) = await RunAsync(replicas, "revoke", "--subject", "alice");
        Assert.Equal("", errors);
        state.WriteKeys(TestState.NewKey());

        var (exit, output, said) = await RunAsync(replicas, "revoke", "--subject", "bob");

        Assert.Equal(0, exit);
        Assert.Contains("revoked until", output, StringComparison.Ordinal);
        Assert.Contains("their SessionKeyFile is another", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_state_that_is_not_there_is_said()
    {
        await using var replicas = await state.StartReplicasAsync(clock: TimeProvider.System);
        state.Stop();

        var (exit, _, errors) = await RunAsync(replicas, "revoke", "--subject", "alice");

        Assert.Equal(1, exit);
        Assert.Contains("cannot be asked", errors, StringComparison.Ordinal);
    }

    private static string Token(Replicas replicas, string subject, string client, string session, string id) => replicas.World.WeatherToken((_, payload) =>
    {
        (payload["sub"], payload["client_id"], payload["sid"], payload["jti"]) = (subject, client, session, id);
    });

    private static async Task<(int Exit, string Output, string Errors)> RunAsync(Replicas replicas, params string[] arguments)
    {
        var (output, errors) = (new StringWriter(), new StringWriter());
        var exit = await new CommandLine(output, errors).RunAsync([.. arguments, "--config", replicas.First.ConfigPath]);
        return (exit, output.ToString(), errors.ToString());
    }
}
