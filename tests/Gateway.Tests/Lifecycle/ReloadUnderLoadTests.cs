using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Gateway.Tests.Lifecycle;

/// <summary>Reloading the real program while clients call it without a pause and hold event streams open.</summary>
public sealed class ReloadUnderLoadTests
{
    private const int Rounds = 5;
    private readonly TaskCompletionSource last = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_request_fails_and_no_stream_ends_while_files_are_changed_and_a_bad_one_changes_nothing()
    {
        await using var stage = await ReloadStage.StartAsync();
        var answer = stage.Mcp.Answer;
        stage.Mcp.Answer = context => context.Request.Method == "GET" ? StreamAsync(context) : answer(context);
        using var client = new HttpMessageInvoker(new SocketsHttpHandler());
        var streams = new List<StreamReader>();
        foreach (var path in new[] { "/weather", ReloadStage.LocalPath })
        {
            streams.Add(await OpenAsync(stage, client, path));
        }

        await using var load = Load.On(stage);
        await load.PassAsync();
        var generation = 1;
        for (var round = 1; round <= Rounds; round++)
        {
            // Within a second by itself, or at once when it is told to look.
            stage.Write(++generation);
            await AppliedAsync(round > 1);
            stage.WriteSessionKeys(round + 1);
            generation++;
            await AppliedAsync(look: true);

            stage.WriteBad($"MaxRequestBudy{round}");
            stage.Program.Look();
            await stage.Program.SaidAsync($"Gateway:Servers:weather:MaxRequestBudy{round}: ");
            await load.PassAsync();
            stage.Write(++generation);
            await AppliedAsync(look: true);
        }

        stage.WriteSecret(2);
        var secret = "Basic " + Convert.ToBase64String(Encoding.ASCII.GetBytes("mcp-gateway:secret-2"));
        while (stage.As.Exchanges[^1]["(authorization)"] != secret)
        {
            await load.PassAsync();
        }

        await stage.AddSigningKeyAsync();
        while (await PublishedKeysAsync(stage, client, generation) < 2)
        {
            await load.PassAsync();
        }

        await load.StopAsync();
        Assert.Empty(load.Failures);
        Assert.DoesNotContain("mcp.request.refused", stage.Program.Output, StringComparison.Ordinal);
        Assert.Equal(1 + (3 * Rounds), generation);
        last.SetResult();
        foreach (var stream in streams)
        {
            Assert.Equal("data: last\n\n", await stream.ReadToEndAsync(Cancellation));
        }

        async Task AppliedAsync(bool look)
        {
            if (look)
            {
                stage.Program.Look();
            }

            await stage.AppliedAsync(generation);
            await load.PassAsync();
        }
    }

    private async Task StreamAsync(HttpContext context)
    {
        context.Response.ContentType = "text/event-stream";
        await context.Response.WriteAsync("data: first\n\n", Cancellation);
        await context.Response.Body.FlushAsync(Cancellation);
        await last.Task;
        await context.Response.WriteAsync("data: last\n\n", Cancellation);
    }

    private static async Task<StreamReader> OpenAsync(ReloadStage stage, HttpMessageInvoker client, string path)
    {
        using var request = stage.Request(HttpMethod.Get, path, stage.Token(path));
        var response = await client.SendAsync(request, Cancellation);
        var stream = new StreamReader(await response.Content.ReadAsStreamAsync(Cancellation));
        Assert.Equal("data: first", await stream.ReadLineAsync(Cancellation));
        Assert.Equal("", await stream.ReadLineAsync(Cancellation));
        return stream;
    }

    private static async Task<int> PublishedKeysAsync(ReloadStage stage, HttpMessageInvoker client, int generation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, stage.Url + ReloadStage.JwksPath(generation));
        using var response = await client.SendAsync(request, Cancellation);
        return JsonNode.Parse(await response.Content.ReadAsStringAsync(Cancellation))!["keys"]!.AsArray().Count;
    }
}
