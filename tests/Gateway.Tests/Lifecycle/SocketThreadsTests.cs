using Gateway.Tests.Wire;
using Xunit;

namespace Gateway.Tests.Lifecycle;

/// <summary>Who serves the sockets of the program: .NET has a thread for each processor where it completes them on those, else one.</summary>
public sealed class SocketThreadsTests : IDisposable
{
    private const string Variable = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";

    private readonly string directory = Directory.CreateTempSubdirectory("gateway-sockets-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Theory]
    [InlineData(null, null, true)]
    [InlineData("false", null, false)]
    [InlineData(null, "0", false)]
    [InlineData("false", "1", true)]
    public async Task The_configuration_decides_and_the_environment_before_it(string? configured, string? variable, bool inline)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.ProcessorCount > 1, "The names of threads are read from /proc, and one processor has one thread for sockets either way.");
        await File.WriteAllTextAsync(Path.Combine(directory, "gateway.json"), ProcessTests.Good, Cancellation);
        var environment = new Dictionary<string, string> { [Variable] = variable ?? "" };
        await using var gateway = GatewayProcess.Start(directory, environment, ["run", "--urls=http://127.0.0.1:0", .. configured is null ? (string[])[] : [$"--Gateway:InlineScheduling={configured}"]]);
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = SocketClient.Patience };
        (await client.GetAsync(new Uri(await gateway.Listening.WaitAsync(Cancellation) + "/healthz/live"), Cancellation)).Dispose();

        // A thread has the name of the one that began it until it is given its own.
        for (var due = TimeProvider.System.GetUtcNow() + SocketClient.Patience; Threads(gateway) != (inline ? Environment.ProcessorCount : 1);)
        {
            Assert.True(TimeProvider.System.GetUtcNow() < due, $"{Threads(gateway)} threads serve sockets.");
            await Task.Yield();
        }
    }

    private static int Threads(GatewayProcess gateway) =>
        Directory.GetDirectories($"/proc/{gateway.Id}/task").Count(task => File.ReadAllText(Path.Combine(task, "comm")).StartsWith(".NET Sockets", StringComparison.Ordinal));
}
