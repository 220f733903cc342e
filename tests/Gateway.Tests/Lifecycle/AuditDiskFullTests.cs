using System.Net;
using Xunit;

namespace Gateway.Tests.Lifecycle;

/// <summary>The real program, whose audit file is on a disk that is full.</summary>
public sealed class AuditDiskFullTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task With_drop_requests_pass_the_loss_is_logged_once_and_the_end_is_not_held_up()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "This system has no disk that is always full.");
        await using var stage = await ReloadStage.StartAsync(("Gateway__Audit__File", "/dev/full"), ("Gateway__Audit__OnFull", "drop"));
        using var client = new HttpMessageInvoker(new SocketsHttpHandler());
        var token = stage.Token("/weather");
        const string Failed = "The audit file /dev/full cannot be written";

        for (var i = 0; i < 3; i++)
        {
            using var request = stage.Request(HttpMethod.Post, "/weather", token);
            using var answer = await client.SendAsync(request, Cancellation);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            await stage.Program.SaidAsync(Failed);
        }

        stage.Program.Stop();
        Assert.Equal(0, await stage.Program.ExitAsync());

        Assert.Equal(2, stage.Program.Output.Split(Failed).Length);
        Assert.Equal(3, stage.Mcp.Requests.Count);
    }
}
