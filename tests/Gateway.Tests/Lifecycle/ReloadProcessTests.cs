using System.Net;
using Xunit;

namespace Gateway.Tests.Lifecycle;

/// <summary>What reloading leaves behind in the real program.</summary>
public sealed class ReloadProcessTests
{
    private const int WarmUp = 100;
    private const int Reloads = 500;

    /// <summary>Reloads that a token sees, so that none runs out on a machine with much else to do.</summary>
    private const int Renewal = 50;

    /// <summary>In KiB; one that is kept shows as about twice that.</summary>
    private const int LeastOfAGeneration = 20;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Five_hundred_reloads_leave_no_descriptor_no_thread_and_no_memory_behind()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Reads /proc.");

        // So that memory in use is memory kept: collected early, and no method compiled anew on the way.
        await using var stage = await ReloadStage.StartAsync(("DOTNET_GCgen0size", "0x200000"), ("DOTNET_gcConcurrent", "0"), ("DOTNET_TieredCompilation", "0"));
        using var client = new HttpClient(new SocketsHttpHandler());
        string[] paths = ["/weather", ReloadStage.LocalPath];
        string[] tokens = [];

        await ReloadAsync(2, WarmUp);
        var before = Footprint.Of(stage.Program.Id);
        await ReloadAsync(WarmUp + 1, WarmUp + Reloads);
        var after = Footprint.Of(stage.Program.Id);

        // What were kept of each of the 500 would show tenfold; threads of the pool and libraries loaded late come and go.
        var grown = $"{before}\n{after}";
        Assert.True(after.Files - before.Files < Reloads / 10, grown);
        Assert.True(after.Sockets - before.Sockets < Reloads / 10, grown);
        Assert.True(after.Watches - before.Watches < Reloads / 10, grown);
        Assert.True(after.Threads - before.Threads < Reloads / 10, grown);
        Assert.True(after.Memory - before.Memory < Reloads * LeastOfAGeneration, grown);

        async Task ReloadAsync(int from, int to)
        {
            for (var generation = from; generation <= to; generation++)
            {
                if (generation % Renewal == 0 || tokens.Length == 0)
                {
                    tokens = [.. paths.Select(stage.Token)];
                }

                stage.Write(generation);
                stage.Program.Look();
                await stage.AppliedAsync(generation);
                for (var i = 0; i < paths.Length; i++)
                {
                    using var request = stage.Request(HttpMethod.Post, paths[i], tokens[i]);
                    using var answer = await client.SendAsync(request, Cancellation);
                    Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
                }
            }
        }
    }
}
