using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using Xunit;

namespace Gateway.Tests.Lifecycle;

/// <summary>Clients that call without a pause: some on connections that they keep, some on a new one for each request.</summary>
internal sealed class Load : IAsyncDisposable
{
    private readonly ReloadStage stage;
    private readonly HttpMessageInvoker client = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });
    private readonly ConcurrentQueue<string> failures = new();
    private readonly SemaphoreSlim passed = new(0);
    private readonly int[] awaited;
    private readonly Task[] callers;
    private volatile bool done;

    private Load(ReloadStage stage, (string Path, bool KeepsConnection)[] kinds)
    {
        this.stage = stage;
        awaited = new int[kinds.Length];
        callers = [.. kinds.Select((kind, caller) => Task.Run(() => CallAsync(caller, kind.Path, kind.KeepsConnection)))];
    }

    /// <summary>What did not come out as it should.</summary>
    public IReadOnlyCollection<string> Failures => failures;

    public static Load On(ReloadStage stage) =>
        new(stage, [("/weather", true), ("/weather", false), (ReloadStage.LocalPath, true), (ReloadStage.LocalPath, false)]);

    /// <summary>Returns when every caller has begun and ended a request after now.</summary>
    public async Task PassAsync()
    {
        for (var caller = 0; caller < awaited.Length; caller++)
        {
            // The first that ends may have begun before.
            Volatile.Write(ref awaited[caller], 2);
        }

        for (var caller = 0; caller < awaited.Length; caller++)
        {
            await passed.WaitAsync(TestContext.Current.CancellationToken);
        }
    }

    public async Task StopAsync()
    {
        done = true;
        await Task.WhenAll(callers);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        client.Dispose();
        passed.Dispose();
    }

    private async Task CallAsync(int caller, string path, bool keepsConnection)
    {
        while (!done)
        {
            try
            {
                using var request = stage.Request(HttpMethod.Post, path, stage.Token(path));
                request.Headers.ConnectionClose = !keepsConnection;
                using var answer = await client.SendAsync(request, CancellationToken.None);
                var body = await answer.Content.ReadAsStringAsync(CancellationToken.None);
                if (answer.StatusCode != HttpStatusCode.OK || (bool?)JsonNode.Parse(body)?["result"]?["ok"] != true)
                {
                    failures.Enqueue($"{path}: {(int)answer.StatusCode} {body}");
                }
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException)
            {
                failures.Enqueue($"{path}: {exception.Message}");
            }

            if (Volatile.Read(ref awaited[caller]) > 0 && Interlocked.Decrement(ref awaited[caller]) == 0)
            {
                passed.Release();
            }
        }
    }
}
