using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Gateway.Tests.Wire;
using Harness;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Gateway.Tests.Lifecycle;

/// <summary>
/// The real program with a hostile client, a hostile MCP server and an authorization server that is hostile to one user, all
/// at once, beside a user who behaves well: that user notices nothing, and the program's memory stays bounded.
/// </summary>
public sealed class HostileNeighboursTests : IAsyncLifetime
{
    /// <summary>More than a process needs that holds 16 MiB of bodies, and less than what the attack would take otherwise.</summary>
    private const int MostKilobytes = 320 * 1024;

    private const int Calls = 60;
    private readonly string directory = Directory.CreateTempSubdirectory("gateway-hostile-").FullName;
    private readonly HttpClient client = new(new SocketsHttpHandler { UseProxy = false, MaxConnectionsPerServer = 256 });
    private readonly CancellationTokenSource over = new();
    private readonly TestAuthorizationServer corp = new();
    private readonly TestMcpServer weather = new();
    private readonly TestMcpServer hostile = new();
    private string url = "";
    private int attacks;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        corp.BeforeAnswer = TormentMalloryAsync;
        corp.Handle("/introspect", context => Task.Delay(Timeout.Infinite, context.RequestAborted));
        hostile.Answer = MisbehaveAsync;
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await over.CancelAsync();
        client.Dispose();
        await corp.DisposeAsync();
        await weather.DisposeAsync();
        await hostile.DisposeAsync();
        over.Dispose();
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task A_user_beside_three_hostile_peers_is_served_every_time_and_memory_stays_bounded()
    {
        await using var gateway = Start();
        url = await gateway.Listening.WaitAsync(Cancellation);
        var slow = new List<SocketClient>();
        for (var i = 0; i < 64; i++)
        {
            // All but the end of a large body each.
            var connection = await SocketClient.ConnectAsync(url);
            slow.Add(connection);
            await connection.SendAsync(SocketClient.Post("/weather", Token("weather", "mallory", i), Messages.Call(new string('x', 500_000)))[..^2]);
        }

        Task[] attackers =
        [
            .. Attack(4, i => CallAsync("/weather", Token("weather", "mallory", i), Messages.Call("echo"), over.Token)),
            .. Attack(4, i => CallAsync("/hostile", Token("hostile", "mallory", i), Messages.Of("tools/list"), over.Token)),
            .. Attack(16, i => CallAsync("/weather", $"made-up-{i}", Messages.Call("echo"), over.Token)),
            .. Attack(2, i => CallAsync("/weather", Token("weather", "mallory", i), new string('[', 100_000), over.Token)),
            .. Attack(2, i => CallAsync("/weather", $"made.up-{i}", Messages.Call("echo"), over.Token, string.Concat(Enumerable.Repeat("eyJ. ", 4000)))),
        ];

        var answers = new List<(int Status, string? Reason)>();
        var most = 0;
        for (var i = 0; i < Calls; i++)
        {
            // Every third is a new token, for which an exchange is needed.
            answers.Add(await CallAsync("/weather", Token("weather", "alice", i / 3), Messages.Call("echo"), Cancellation));
            most = Math.Max(most, Footprint.Of(gateway.Id).Memory);
        }

        Assert.All(answers, answer => Assert.Equal((200, null), answer));
        Assert.InRange(most, 1, MostKilobytes);
        Assert.True(Volatile.Read(ref attacks) > Calls / 2, $"Only {attacks} attacks were made.");
        await over.CancelAsync();
        await Task.WhenAll(attackers);
        slow.ForEach(connection => connection.Dispose());

        // Nothing of it lasts.
        Assert.Equal((200, null), await CallAsync("/weather", Token("weather", "bob", 0), Messages.Call("echo"), Cancellation));
    }

    /// <summary>What the authorization server does to one user's exchanges: an error, an endless answer, a deep one, none.</summary>
    private async Task TormentMalloryAsync(HttpContext context)
    {
        var form = await context.Request.ReadFormAsync();
        var subject = TokenReader.PayloadOf(form["subject_token"].ToString())["sub"]!.GetValue<string>();
        if (subject != "mallory")
        {
            return;
        }

        context.Response.ContentType = "application/json";
        switch (Interlocked.Increment(ref attacks) % 4)
        {
            case 0:
                context.Response.StatusCode = 500;
                await context.Response.CompleteAsync();
                break;
            case 1:
                await EndlessAsync(context, "[[[[[[[[");
                break;
            case 2:
                await context.Response.WriteAsync(new string('[', 60_000), context.RequestAborted);
                break;
            default:
                await Task.Delay(Timeout.Infinite, context.RequestAborted);
                break;
        }

        context.Abort();
    }

    /// <summary>What the hostile MCP server answers: something endless, deep, or broken.</summary>
    private Task MisbehaveAsync(HttpContext context)
    {
        switch (Interlocked.Increment(ref attacks) % 4)
        {
            case 0:
                context.Response.ContentType = "text/event-stream";
                return EndlessAsync(context, "data: never ending ");
            case 1:
                context.Response.ContentType = "application/x-ndjson";
                return EndlessAsync(context, "{}\n");
            case 2:
                context.Response.ContentType = "application/json";
                return context.Response.WriteAsync(new string('[', 9_990), context.RequestAborted);
            default:
                context.Abort();
                return Task.CompletedTask;
        }
    }

    private static async Task EndlessAsync(HttpContext context, string piece)
    {
        var block = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(piece, 16 * 1024 / piece.Length)));
        while (!context.RequestAborted.IsCancellationRequested)
        {
            await context.Response.Body.WriteAsync(block, context.RequestAborted);
            await Task.Delay(5, context.RequestAborted);
        }
    }

    private IEnumerable<Task> Attack(int lanes, Func<int, Task> one) => Enumerable.Range(0, lanes).Select(lane => Task.Run(async () =>
    {
        for (var i = 0; !over.IsCancellationRequested; i++)
        {
            try
            {
                await one((lane * 1_000_000) + i).WaitAsync(TimeSpan.FromSeconds(2), over.Token);
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException or TimeoutException or OperationCanceledException or SocketException)
            {
                // Refused, cut off or hung: as it should be.
            }

            Interlocked.Increment(ref attacks);
        }
    }));

    private string Token(string server, string subject, int number) => corp.Token($"https://mcp.example.com/{server}", (_, payload) => (payload["sub"], payload["jti"]) = (subject, $"{subject}-{number}"));

    private async Task<(int Status, string? Reason)> CallAsync(string path, string token, string body, CancellationToken cancellation, string? agent = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, url + path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        request.Headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
        if (agent is not null)
        {
            request.Headers.TryAddWithoutValidation("User-Agent", agent);
        }

        using var response = await client.SendAsync(request, cancellation);
        var answer = await Answer.OfAsync(response);
        return (answer.Status, answer.Status == 200 ? null : answer.Reason);
    }

    private GatewayProcess Start()
    {
        var options = World.Options(corp, weather, weather);
        options["MaxBodyBytesHeld"] = 16 * 1024 * 1024;
        var server = options["AuthorizationServers"]!["corp"]!;
        server["Timeout"] = "00:00:02";
        server["Introspection"] = new JsonObject { ["Mode"] = "opaque" };
        options["Servers"]!["hostile"] = World.Server(hostile);
        options["Servers"]!["hostile"]!["FilterLists"] = true;
        return GatewayProcess.Serve(directory, options, null, "--Logging:LogLevel:Default=Error", "--Logging:LogLevel:Microsoft.Hosting.Lifetime=Information");
    }
}
