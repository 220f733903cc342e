using System.Text.Json.Nodes;
using Gateway.Commands;
using Xunit;

namespace Gateway.Tests.Revocation.Shared;

/// <summary>What an operator is told of the shared state before it is needed.</summary>
public sealed class StateDoctorTests : IAsyncDisposable
{
    private readonly TestState state = new();

    public ValueTask DisposeAsync() => state.DisposeAsync();

    [Fact]
    public async Task It_says_that_the_state_answers_and_what_it_holds_and_what_it_does_not_tell()
    {
        await using var replicas = await state.StartReplicasAsync(clock: TimeProvider.System);
        await RunAsync(replicas, "revoke", "--subject", "alice");
        await (await state.StrangerAsync()).SortedSetAddAsync("mcp-gateway:log", "made by a stranger", 7);

        var said = await RunAsync(replicas, "doctor");

        Assert.Contains($"pass  shared state: 127.0.0.1:{state.Port} answers", said, StringComparison.Ordinal);
        Assert.Contains("pass  shared state ids: one was taken, once", said, StringComparison.Ordinal);
        Assert.Contains("pass  shared state clock: it goes with the clock here", said, StringComparison.Ordinal);
        Assert.Contains("pass  shared state revocations: 1 in force", said, StringComparison.Ordinal);
        Assert.Contains("note  shared state revocations: warning: 1 entries were made with none of the keys", said, StringComparison.Ordinal);
        Assert.Contains("shared state persistence", said, StringComparison.Ordinal);
        Assert.Contains("shared state eviction", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "note  shared state clock: the server does not tell the time (TIME)")]
    [InlineData(-7200, "note  shared state clock: warning: it is 7200 s apart from the clock here")]
    [InlineData(7200, "note  shared state clock: warning: it is 7200 s apart from the clock here")]
    [InlineData(30, "pass  shared state clock: it goes with the clock here")]
    public async Task A_clock_that_is_apart_from_the_one_here_is_told(int? ahead, string expected)
    {
        await using var replicas = await state.StartReplicasAsync(clock: TimeProvider.System);
        await using var odd = new OddState("-ERR unknown command\r\n") { IsEmpty = true, Time = ahead is { } seconds ? TimeProvider.System.GetUtcNow().AddSeconds(seconds) : null };
        replicas.Options["SharedState"]!["Redis"]!["Endpoints"] = new JsonArray($"127.0.0.1:{odd.Port}");
        replicas.First.Write(replicas.Options);

        var said = await RunAsync(replicas, "doctor");

        // A second may pass until it is compared.
        Assert.Contains(expected, said.Replace("7201 s", "7200 s", StringComparison.Ordinal).Replace("7199 s", "7200 s", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_state_that_is_not_there_fails_with_what_to_compare()
    {
        await using var replicas = await state.StartReplicasAsync(clock: TimeProvider.System);
        state.Stop();

        var said = await RunAsync(replicas, "doctor");

        Assert.Contains($"FAIL  shared state: 127.0.0.1:{state.Port} cannot be asked", said, StringComparison.Ordinal);
        Assert.Contains("Hint: compare address, Tls (off)", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_nothing_is_shared_nothing_is_said()
    {
        await using var replicas = await state.StartReplicasAsync(clock: TimeProvider.System);
        replicas.Options.Remove("SharedState");
        replicas.First.Write(replicas.Options);

        Assert.DoesNotContain("shared state", await RunAsync(replicas, "doctor"), StringComparison.Ordinal);
    }

    private static async Task<string> RunAsync(Replicas replicas, params string[] arguments)
    {
        var output = new StringWriter();
        await new CommandLine(output, TextWriter.Null).RunAsync([.. arguments, "--config", replicas.First.ConfigPath]);
        return output.ToString();
    }
}
