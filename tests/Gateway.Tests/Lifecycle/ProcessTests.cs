using System.Net;
using System.Net.Sockets;
using System.Text;
using Gateway.Tests.Harness;
using Harness;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Gateway.Tests.Lifecycle;

/// <summary>The executable from the outside: exit codes, what it prints, and how it stops.</summary>
public sealed class ProcessTests : IDisposable
{
    internal const string Good = """
        {
          "Gateway": {
            "PublicUrl": "https://mcp.example.com",
            "DrainDelay": "00:00:00",
            "AuthorizationServers": { "corp": { "Issuer": "http://127.0.0.1:9" } },
            "Servers": { "weather": { "Destinations": ["http://127.0.0.1:9/mcp"], "Outbound": { "Mode": "none" } } }
          }
        }
        """;

    private readonly string directory = Directory.CreateTempSubdirectory("gateway-process-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Theory]
    [InlineData("run", "--urls")]
    [InlineData("bridge", "--url")]
    public async Task A_port_that_is_taken_is_said_once_and_without_a_stack(string command, string option)
    {
        await File.WriteAllTextAsync(Path.Combine(directory, "gateway.json"), Good, Cancellation);
        using var taken = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        taken.Start();
        string[] program = command == "bridge" ? ["--", "cat"] : [];

        var (exit, output) = await GatewayProcess.RunAsync(directory, [command, option, $"http://{taken.LocalEndpoint}", .. program]);

        Assert.Equal(1, exit);
        Assert.True(output.ToUpperInvariant().Split("ALREADY IN USE").Length == 2, output);
        Assert.Contains($"It is {option}, 'http://{taken.LocalEndpoint}': something listens there already", output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_connects_ever_more_takes_no_descriptor_that_others_need()
    {
        await File.WriteAllTextAsync(Path.Combine(directory, "gateway.json"), Good, Cancellation);
        await using var gateway = GatewayProcess.Start(directory, new Dictionary<string, string>(), 1024, "run", "--urls", "http://127.0.0.1:0");
        var address = new Uri(await gateway.Listening);
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = address };
        await client.PostAsync("/weather", null, Cancellation);
        var strangers = new List<Socket>();
        try
        {
            for (var i = 0; i < 1100; i++)
            {
                var stranger = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                strangers.Add(stranger);
                await stranger.ConnectAsync(address.Host, address.Port, Cancellation);
            }

            // A key of nobody, for which the issuer is asked over a connection of its own.
            using var asking = new HttpRequestMessage(HttpMethod.Post, "/weather");
            asking.Headers.TryAddWithoutValidation("Authorization", "Bearer eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6IngifQ.eyJpc3MiOiJodHRwOi8vMTI3LjAuMC4xOjkifQ.AAAA");
            using var answer = await client.SendAsync(asking, Cancellation);
            Assert.True(answer.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.ServiceUnavailable, answer.StatusCode.ToString());
            Assert.True(Directory.GetFiles($"/proc/{gateway.Id}/fd").Length < 1000);
        }
        finally
        {
            strangers.ForEach(stranger => stranger.Dispose());
        }

        gateway.Stop();
        Assert.Equal(0, await gateway.ExitAsync());
    }

    [Theory]
    [InlineData(0, Good, "check")]
    [InlineData(1, "{\"Gateway\":{\"PublicUr\":\"x\"}}", "check")]
    [InlineData(1, "{\"Gateway\":", "check")]
    [InlineData(2, null, "check")]
    [InlineData(0, null, "schema")]
    [InlineData(0, null, "--help")]
    [InlineData(1, null, "chek")]
    [InlineData(0, null, "keys", "new", "--directory", "signing")]
    [InlineData(1, null, "keys", "new", "--directory", "/proc/nowhere")]
    [InlineData(1, null, "keys", "new")]
    [InlineData(1, null, "keys", "new", "--directory", "signing", "--algorithm", "HS256")]
    [InlineData(1, null, "health", "--url", "http://127.0.0.1:9/healthz/live")]
    [InlineData(1, null, "run")]
    [InlineData(1, "{\"Gateway\":{\"PublicUr\":\"x\"}}", "run")]
    [InlineData(1, Good, "run", "--Gateway:SessionKeyFile=nowhere")]
    [InlineData(1, Good, "run", "--urls=http://127.0.0.1:0", "--Gateway:Audit:File=/proc/nowhere")]
    [InlineData(1, Good, "run", "--urls=http://127.0.0.1:0", "--Gateway:LocalIssuer:Issuer=https://mcp.example.com/hop", "--Gateway:LocalIssuer:KeyDirectory=.")]
    [InlineData(1, Good, "explain", "--server", "weather", "--token-file", "nowhere")]
    [InlineData(1, Good, "doctor")]
    public async Task Exit_codes_are_as_promised_and_nothing_prints_a_stack(int expected, string? config, params string[] arguments)
    {
        if (config is not null)
        {
            await File.WriteAllTextAsync(Path.Combine(directory, "gateway.json"), config, Cancellation);
        }

        var (exit, output) = await GatewayProcess.RunAsync(directory, arguments);

        Assert.True(exit == expected, $"{exit}: {output}");
        Assert.NotEmpty(output);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_gateway_that_runs_writes_no_file_anywhere_that_was_not_configured()
    {
        await File.WriteAllTextAsync(Path.Combine(directory, "gateway.json"), Good, Cancellation);
        var (home, temporary) = (Directory.CreateDirectory(Path.Combine(directory, "home")).FullName, Directory.CreateDirectory(Path.Combine(directory, "tmp")).FullName);
        var image = new Dictionary<string, string> { ["HOME"] = home, ["TMPDIR"] = temporary, ["DOTNET_EnableDiagnostics"] = "0" };
        await using var gateway = GatewayProcess.Start(directory, image, "run", "--urls=http://127.0.0.1:0");
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        using var answer = await client.GetAsync(new Uri(await gateway.Listening + "/weather"), Cancellation);
        gateway.Stop();
        await gateway.ExitAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Equal([Path.Combine(directory, "gateway.json")], Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Run_lists_every_problem_with_its_place()
    {
        await File.WriteAllTextAsync(Path.Combine(directory, "gateway.json"), Good.Replace("\"DrainDelay\"", "\"DrainDela\"").Replace("\"none\"", "\"nothing\""), Cancellation);
        var (exit, output) = await GatewayProcess.RunAsync(directory, "run");

        Assert.Equal(1, exit);
        Assert.Contains("gateway.json(4,5): unknown-key: Gateway:DrainDela: ", output, StringComparison.Ordinal);
        Assert.Contains("gateway.json(6,", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--urls")]
    [InlineData("--Gateway:Management:Url")]
    public async Task An_address_in_use_is_one_line_and_exit_1(string option)
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var address = $"http://{taken.LocalEndpoint}";
        await File.WriteAllTextAsync(Path.Combine(directory, "gateway.json"), Good, Cancellation);
        string[] urls = option == "--urls" ? [] : ["--urls=http://127.0.0.1:0"];
        var (exit, output) = await GatewayProcess.RunAsync(directory, ["run", .. urls, $"{option}={address}"]);

        Assert.Equal(1, exit);
        Assert.Contains($"The gateway cannot start: Failed to bind to address {address}", output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sigterm_fails_readiness_first_ends_streams_finishes_what_is_in_flight_and_exits_0()
    {
        await using var authorizationServer = new TestAuthorizationServer();
        await using var mcp = new TestMcpServer();
        TaskCompletionSource arrived = new(TaskCreationOptions.RunContinuationsAsynchronously), go = new(TaskCreationOptions.RunContinuationsAsynchronously);
        mcp.Answer = async context =>
        {
            if (context.Request.Method == "GET")
            {
                context.Response.ContentType = "text/event-stream";
                await context.Response.WriteAsync("data: 1\n\n");
                await context.Response.Body.FlushAsync();
                await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
                return;
            }

            arrived.TrySetResult();
            await go.Task;
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync("""{"jsonrpc":"2.0","id":1,"result":{}}""");
        };
        var config = Good.Replace("http://127.0.0.1:9/mcp", mcp.Url).Replace("http://127.0.0.1:9", authorizationServer.Issuer).Replace("00:00:00", "00:00:02");
        await File.WriteAllTextAsync(Path.Combine(directory, "gateway.json"), config, Cancellation);
        await using var gateway = GatewayProcess.Start(directory, "run", "--urls=http://127.0.0.1:0");
        var url = await gateway.Listening.WaitAsync(Cancellation);
        using var client = new HttpClient(new SocketsHttpHandler()) { BaseAddress = new Uri(url) };
        var token = authorizationServer.Token(TestGateway.PublicUrl + "/weather");
        using var stream = await SendAsync(client, HttpMethod.Get, token, null);
        Assert.Equal(HttpStatusCode.OK, stream.StatusCode);
        using var events = new StreamReader(await stream.Content.ReadAsStreamAsync(Cancellation));
        Assert.Equal("data: 1", await events.ReadLineAsync(Cancellation));
        var call = SendAsync(client, HttpMethod.Post, token, Messages.Call("echo"));
        await arrived.Task.WaitAsync(Cancellation);

        gateway.Stop();
        using var late = new HttpClient(new SocketsHttpHandler()) { BaseAddress = new Uri(url) };
        while ((await late.GetAsync("/healthz/ready", Cancellation)).StatusCode == HttpStatusCode.OK)
        {
            // The signal is on its way.
        }

        // Not ready, but still serving: accepted before or after, no request fails.
        var after = SendAsync(late, HttpMethod.Post, token, Messages.Call("echo"));
        await EndsAsync(events);
        go.SetResult();

        Assert.Equal(HttpStatusCode.OK, (await call).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await after).StatusCode);
        Assert.Equal(0, await gateway.ExitAsync());
    }

    [Fact]
    public async Task A_hangup_before_it_listens_does_not_end_it()
    {
        await File.WriteAllTextAsync(Path.Combine(directory, "gateway.json"), Good, Cancellation);
        await using var gateway = GatewayProcess.Start(directory, "run", "--urls=http://127.0.0.1:0");

        // The authorization server is asked, in vain, while the web server is started.
        await gateway.SaidAsync("could not be fetched");
        gateway.Look();

        var ended = gateway.ExitAsync();
        Assert.True(await Task.WhenAny(gateway.Listening, ended) == gateway.Listening, gateway.Output);
        gateway.Stop();
        Assert.Equal(0, await ended);
    }

    [Fact]
    public async Task A_sigterm_before_it_listens_ends_it_in_order()
    {
        await File.WriteAllTextAsync(Path.Combine(directory, "gateway.json"), Good, Cancellation);
        await using var gateway = GatewayProcess.Start(directory, "run", "--urls=http://127.0.0.1:0");

        await gateway.SaidAsync("could not be fetched");
        gateway.Stop();

        Assert.Equal((0, false), (await gateway.ExitAsync(), gateway.Output.Contains("   at ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_sigterm_while_it_reads_its_configuration_ends_it_in_order()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no pipe with a name in a directory.");
        var path = Path.Combine(directory, "gateway.json");
        using (var make = System.Diagnostics.Process.Start("mkfifo", [path]))
        {
            await make.WaitForExitAsync(Cancellation);
        }

        await using var gateway = GatewayProcess.Start(directory, "run", "--urls=http://127.0.0.1:0");

        // Opens once it is read at the other end, and is read to its end once it is closed.
        await using (var pipe = await Task.Run(() => new FileStream(path, FileMode.Open, FileAccess.Write), Cancellation).WaitAsync(Cancellation))
        {
            File.Delete(path);
            await File.WriteAllTextAsync(path, Good, Cancellation);
            gateway.Stop();
            await pipe.WriteAsync(Encoding.UTF8.GetBytes(Good), Cancellation);
        }

        Assert.Equal((0, false), (await gateway.ExitAsync(), gateway.Output.Contains("   at ", StringComparison.Ordinal)));
    }

    private static async Task EndsAsync(StreamReader events)
    {
        try
        {
            while (await events.ReadLineAsync(Cancellation) is not null)
            {
                // Until the gateway ends the stream.
            }
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException)
        {
            // Over HTTP/1.1 an ended stream may be a closed connection.
        }
    }

    private static Task<HttpResponseMessage> SendAsync(HttpClient client, HttpMethod method, string token, string? body)
    {
        var request = new HttpRequestMessage(method, "/weather");
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + token);
        request.Headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
        return client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
    }
}
