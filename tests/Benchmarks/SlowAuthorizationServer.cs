using System.Globalization;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Gateway.Benchmarks.BareYarp;
using Gateway.Benchmarks.Compare;
using Gateway.Benchmarks.Load;
using Gateway.Benchmarks.Peers;

namespace Gateway.Benchmarks;

/// <summary>
/// Do warm callers of one server feel it when 200 callers of another wait for an authorization server that gives no
/// answer? Warm calls alone and beside those who hang, in turn; it fails when any call does.
/// </summary>
internal static class SlowAuthorizationServer
{
    private const int Cold = 200;
    private const int MostConnections = 32;
    private const int WarmPerSecond = 500;
    private const int WarmConnections = 16;

    public static async Task<int> RunAsync(Options options)
    {
        using var bed = await TestBed.StartAsync(await options.ProgramsAsync());
        await using var endpoint = await HeldEndpoint.StartAsync(bed.Backend.Url);
        using var gateway = await StartGatewayAsync(bed, options, endpoint.Url);
        byte[][] warm = [CallBytes.Call("/" + BareProxy.ServerId(1), bed.Tokens.One(bed.Tokens.Es256, BareProxy.ServerId(1)))];
        var rounds = new List<(Round Alone, Round Beside)>();
        var errors = 0L;
        await LoadAsync();
        for (var i = 0; i < options.Rounds; i++)
        {
            var alone = await LoadAsync();
            endpoint.Hold();
            var callers = bed.Tokens.Many(bed.Tokens.Es256, Cold).Select(token => Begin(gateway.Port, CallBytes.Call("/weather", token))).ToArray();
            await endpoint.Full;
            var beside = await LoadAsync();
            endpoint.Release();
            errors += alone.Errors + beside.Errors + (await Task.WhenAll(callers.Select(EndAsync))).Count(answered => !answered);
            rounds.Add((alone, beside));
        }

        var (p99Alone, p99Beside) = (rounds.Select(round => round.Alone.P99).Median(), rounds.Select(round => round.Beside.P99).Median());
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""
            {WarmPerSecond} warm calls/s at one server; {Cold} cold calls at another hang for an authorization server; medians of {rounds.Count} rounds, µs
            warm alone         p50 {rounds.Select(round => round.Alone.P50).Median(),7:F0}   p99 {p99Alone,7:F0}
            warm while hanging p50 {rounds.Select(round => round.Beside.P50).Median(),7:F0}   p99 {p99Beside,7:F0}
            ratio of p99 {p99Beside / p99Alone:F2}; at most {endpoint.Most} connections at the authorization server; failed calls: {errors}
            """));
        return errors == 0 && endpoint.Most <= MostConnections ? 0 : 1;

        Task<Round> LoadAsync() => OneAsync(new Lane(gateway.Port, WarmPerSecond, WarmConnections, warm));

        async Task<Round> OneAsync(Lane lane) => (await PacedLoad.RunAsync(options.Duration, lane))[0];
    }

    private static async Task<PeerProcess> StartGatewayAsync(TestBed bed, Options options, string tokenEndpoint)
    {
        var start = bed.Gateway(change: configuration => configuration with { Exchange = true, ServerCount = 2 });
        var file = start.Arguments[Array.IndexOf(start.Arguments, "--config") + 1];
        var root = JsonNode.Parse(await File.ReadAllTextAsync(file))!;
        var server = root["Gateway"]!["AuthorizationServers"]!["bench"]!;
        server["TokenEndpoint"] = tokenEndpoint;

        // Longer than a round: nobody gives up while it is measured.
        server["Timeout"] = TimeSpan.FromSeconds(15 + options.Duration.TotalSeconds).ToString();
        await File.WriteAllTextAsync(file, root.ToJsonString());
        return await PeerProcess.StartAsync(start.Name, start.Port, start.File, start.Arguments);
    }

    private static Socket Begin(int port, byte[] call)
    {
        var socket = CallBytes.Connect(port);
        socket.Send(call);
        return socket;
    }

    private static async Task<bool> EndAsync(Socket socket)
    {
        using (socket)
        {
            var buffer = new byte[4096];
            var read = await socket.ReceiveAsync(buffer);
            return buffer.AsSpan(0, read).StartsWith("HTTP/1.1 200 "u8);
        }
    }

    /// <summary>Passes token requests on to the backend's endpoint, and holds them back meanwhile when told to.</summary>
    private sealed class HeldEndpoint(WebApplication app, string behind) : IAsyncDisposable
    {
        private readonly HttpClient http = new(new SocketsHttpHandler());
        private readonly Lock gate = new();
        private TaskCompletionSource released = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private TaskCompletionSource full = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int inside;

        public string Url { get; private init; } = "";

        /// <summary>The most token requests, each on a connection of its own, that were here at one time.</summary>
        public int Most { get; private set; }

        /// <summary>Completes when as many wait here as there may be.</summary>
        public Task Full => full.Task;

        public static async Task<HeldEndpoint> StartAsync(string backend)
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            var url = $"http://127.0.0.1:{PeerProcess.FreePort()}";
            builder.WebHost.UseUrls(url);
            var app = builder.Build();
            var endpoint = new HeldEndpoint(app, backend + "/token") { Url = url + "/token" };
            endpoint.released.SetResult();
            app.MapPost("/token", endpoint.AnswerAsync);
            await app.StartAsync();
            return endpoint;
        }

        public void Hold()
        {
            full = new(TaskCreationOptions.RunContinuationsAsynchronously);
            released = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        public void Release() => released.SetResult();

        public async ValueTask DisposeAsync()
        {
            http.Dispose();
            await app.DisposeAsync();
        }

        private async Task AnswerAsync(HttpContext context)
        {
            using var form = new StreamContent(context.Request.Body);
            form.Headers.TryAddWithoutValidation("Content-Type", context.Request.ContentType);
            await form.LoadIntoBufferAsync();
            Count(1);
            await released.Task.WaitAsync(context.RequestAborted);
            using var answer = await http.PostAsync(behind, form);
            context.Response.StatusCode = (int)answer.StatusCode;
            context.Response.ContentType = answer.Content.Headers.ContentType?.ToString();
            Count(-1);
            await answer.Content.CopyToAsync(context.Response.Body);
        }

        private void Count(int more)
        {
            lock (gate)
            {
                inside += more;
                Most = Math.Max(Most, inside);
                if (inside == MostConnections)
                {
                    full.TrySetResult();
                }
            }
        }
    }
}
