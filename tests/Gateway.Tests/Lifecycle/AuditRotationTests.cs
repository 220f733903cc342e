using System.Net;
using System.Text.Json;
using Xunit;

namespace Gateway.Tests.Lifecycle;

/// <summary>Rotation of the audit file under the real program, by the two ways of logrotate; no signal is sent.</summary>
public sealed class AuditRotationTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("gateway-audit-");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Live => Path.Combine(directory.FullName, "audit.jsonl");

    private string Rotated => Live + ".1";

    public void Dispose() => directory.Delete(recursive: true);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Each_request_is_one_line_before_or_after_the_rotation(bool copyAndTruncate)
    {
        await using var stage = await ReloadStage.StartAsync(("Gateway__Audit__File", Live));
        using var client = new HttpMessageInvoker(new SocketsHttpHandler());
        var token = stage.Token("/weather");
        var calls = await CallUntilWrittenAsync();
        if (copyAndTruncate)
        {
            // What is written between the two steps would be lost, as with any program: nothing is called in between.
            while (Lines(Live) < calls)
            {
                Cancellation.ThrowIfCancellationRequested();
            }

            File.Copy(Live, Rotated);
            using var truncated = new FileStream(Live, FileMode.Truncate, FileAccess.Write, FileShare.ReadWrite);
        }
        else
        {
            File.Move(Live, Rotated);
        }

        calls += await CallUntilWrittenAsync();
        stage.Program.Stop();
        Assert.Equal(0, await stage.Program.ExitAsync());

        Assert.Equal(calls, Lines(Live) + Lines(Rotated));
        Assert.All(File.ReadLines(Rotated).Concat(File.ReadLines(Live)), line => Assert.Equal("mcp.request.allowed", JsonDocument.Parse(line).RootElement.GetProperty("event").GetString()));

        async Task<int> CallUntilWrittenAsync()
        {
            var count = 0;
            do
            {
                using var request = stage.Request(HttpMethod.Post, "/weather", token);
                using var answer = await client.SendAsync(request, Cancellation);
                Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
                count++;
            }
            while (Lines(Live) == 0);
            return count;
        }
    }

    private static int Lines(string path) => File.Exists(path) ? File.ReadAllText(path).Count(character => character == '\n') : 0;
}
