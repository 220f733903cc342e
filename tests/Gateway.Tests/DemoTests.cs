using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading.Channels;
using Demo;
using Demo.AuthorizationServer;
using Harness;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Gateway.Tests;

/// <summary>The demo promises that its walk asserts what it shows: it succeeds, and it fails when a part does its work badly.</summary>
public sealed class DemoTests
{
    private static readonly DemoOptions Once = new() { Once = true };

    [Fact]
    public async Task The_walk_comes_out_as_promised()
    {
        var (exitCode, output) = await RunAsync(Once);

        Assert.True(exitCode == 0, output);
        Assert.Contains("10 of 10 steps came out as promised", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Piped_output_is_plain_fits_a_hundred_columns_and_shows_no_token()
    {
        var (_, output) = await RunAsync(Once);

        Assert.All(output, character => Assert.True(char.IsAscii(character) && (!char.IsControl(character) || character is '\n' or '\r'), $"{(int)character}"));
        Assert.All(output.Split('\n'), line => Assert.True(line.TrimEnd('\r').Length <= Terminal.Width, line));
        Assert.DoesNotContain("eyJ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_first_screen_shows_the_claims_of_both_hops_and_what_a_stolen_token_is_worth()
    {
        var (_, output) = await RunAsync(Once);
        var screen = string.Join('\n', output.Split('\n').Take(50));

        Assert.Matches(@"aud +http://127.0.0.1:\d+/weather +http://127.0.0.1:\d+/mcp", screen);
        Assert.Matches("""act +- +{"sub":"mcp-gateway"}""", screen);
        Assert.Contains("<- 401  audience_invalid", screen, StringComparison.Ordinal);
        Assert.Contains("ok status, from notes itself: 401", screen, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_own_server_is_put_behind_the_gateway_with_a_token_that_works_and_each_call_is_shown_with_both_hops()
    {
        await using var own = new TestMcpServer();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var output = new WatchedOutput();
        var run = DemoRun.RunAsync(new DemoOptions { Server = own.Url }, new Terminal(output, rich: false), TimeProvider.System, stop.Token);
        var text = await output.UntilAsync("/.well-known/oauth-authorization-server", after: "Your turn", run);
        var before = own.Requests.Count;

        var (status, _) = await CallAsync(text, "mine", "TOKEN");
        var allowed = await output.UntilAsync("outbound: ", after: "/mine  tools/list", run);
        var (refused, refusal) = await CallAsync(text, "mine", "STOLEN_TOKEN");
        var shown = await output.UntilAsync("nothing was sent", after: "audience_invalid", run);
        await stop.CancelAsync();

        Assert.True(await run == 0, text);
        Assert.Contains("1 of 1 steps came out as promised", text, StringComparison.Ordinal);
        Assert.Contains("Your server answers whoever reaches it", text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(before + 1, own.Requests.Count);
        Assert.Matches(@"inbound: +iss=\S+ aud=http://127.0.0.1:\d+/mine", allowed);
        Assert.Contains($"aud={own.Url}", Unbroken(allowed), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Unauthorized, refused);
        Assert.Contains("audience_invalid", refusal, StringComparison.Ordinal);
        Assert.Contains("/elsewhere", Unbroken(shown), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_own_server_that_is_not_there_is_named_and_breaks_the_promise()
    {
        var url = await UnusedAsync();
        var (exitCode, output) = await RunAsync(Once with { Server = url });

        Assert.Equal(1, exitCode);
        Assert.Contains($"nothing answers at {url}", Unbroken(output), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(404, "text/html", "Cannot POST /", "gave 404, text/html, which is no MCP: give the URL of its MCP endpoint, path included (often /mcp)")]
    [InlineData(405, null, "", "gave 405, and no body, which is no MCP: give the URL of its MCP endpoint")]
    [InlineData(501, "text/html", "Unsupported method ('POST')", "gave 501, text/html, which is no MCP: give the URL of its MCP endpoint")]
    [InlineData(200, "text/html", "<html>welcome</html>", "gave 200, text/html, which is no MCP: a page or another API answers there")]
    [InlineData(200, "application/json", """{"status":"UP"}""", "gave 200, application/json, which is no MCP: a page or another API answers there")]
    [InlineData(202, null, "", "gave 202, and no body, which is no MCP")]
    [InlineData(400, "text/plain", "Invalid Host header", "gave 400, text/plain, which is no MCP: it refuses the first message of every client")]
    [InlineData(500, "text/plain", "database is away", "gave 500, text/plain, which is no MCP: the server, or a proxy before it, fails")]
    [InlineData(200, "text/event-stream", "event: endpoint\ndata: /message?sessionId=1\n\n", "gave 200, text/event-stream, which is no MCP")]
    public async Task What_speaks_no_mcp_breaks_the_promise_and_is_told_with_what_to_do(int status, string? type, string body, string told)
    {
        await using var own = new TestMcpServer { Answer = Says(status, type, body) };
        var (exitCode, output) = await RunAsync(Once with { Server = own.Url });

        Assert.Equal(1, exitCode);
        Assert.Contains($"not so: the MCP server answered: {own.Url} {told}", Unbroken(output), StringComparison.Ordinal);
        Assert.DoesNotContain("Your server answers whoever reaches it", Unbroken(output), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(200, "text/event-stream", "event: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n\n")]
    [InlineData(200, "text/event-stream", "id: 1\ndata:\n\nevent: message\ndata: {\"jsonrpc\":\"2.0\",\ndata: \"id\":1,\"result\":{}}\n\n")]
    [InlineData(400, "application/json", """{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"initialize is no method"}}""")]
    public async Task What_speaks_mcp_keeps_it(int status, string type, string body)
    {
        await using var own = new TestMcpServer { Answer = Says(status, type, body) };
        var (exitCode, output) = await RunAsync(Once with { Server = own.Url });

        Assert.True(exitCode == 0, output);
    }

    [Fact]
    public async Task A_stream_that_stays_open_is_an_answer_once_its_first_event_came()
    {
        await using var own = new TestMcpServer
        {
            Answer = async context =>
            {
                await Says(200, "text/event-stream", "data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n\n")(context);
                await context.Response.Body.FlushAsync();
                var left = new TaskCompletionSource();
                await using var _ = context.RequestAborted.Register(left.SetResult);
                await left.Task;
            },
        };
        var (exitCode, output) = await RunAsync(Once with { Server = own.Url });

        Assert.True(exitCode == 0, output);
    }

    [Fact]
    public Task A_token_for_the_wrong_audience_breaks_the_main_job() =>
        BreaksAsync("2 of 10", AuthorizationServerBehaviour.AsTheWalkExpects with { WrongAudienceFor = ["notes", "archive"] });

    [Fact]
    public Task A_token_without_an_actor_breaks_the_comparison_of_claims() =>
        BreaksAsync("3 of 10", AuthorizationServerBehaviour.AsTheWalkExpects with { NamesTheActor = false });

    [Fact]
    public Task A_token_that_keeps_all_scopes_breaks_the_main_job() =>
        BreaksAsync("2 of 10", AuthorizationServerBehaviour.AsTheWalkExpects with { NarrowsScope = false });

    [Fact]
    public Task A_right_token_where_a_wrong_one_was_promised_breaks_the_last_step() =>
        BreaksAsync("10 of 10", AuthorizationServerBehaviour.AsTheWalkExpects with { WrongAudienceFor = [] });

    [Fact]
    public Task A_gateway_that_takes_no_logouts_breaks_the_step_of_the_logout() =>
        BreaksAsync("9 of 10", AuthorizationServerBehaviour.AsTheWalkExpects, "--Gateway:AuthorizationServers:development:BackchannelLogout", "false");

    [Fact]
    public async Task Without_once_it_stays_up_with_tokens_that_work_and_leaves_nothing_behind()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var output = new WatchedOutput();
        var run = DemoRun.RunAsync(new DemoOptions(), new Terminal(output, rich: false), TimeProvider.System, stop.Token);
        var text = await output.UntilAsync("/.well-known/oauth-authorization-server", after: "Your turn", run);
        var configuration = Regex.Match(text, @"\S+gateway\.json").Value;
        var directoryWhileUp = File.Exists(configuration);

        var (status, body) = await CallAsync(text, "weather", "WEATHER_TOKEN");
        var (refused, refusal) = await CallAsync(text, "notes", "WEATHER_TOKEN");
        await stop.CancelAsync();

        Assert.True(await run == 0, text);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Contains("\"result\"", body, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Unauthorized, refused);
        Assert.Contains("audience_invalid", refusal, StringComparison.Ordinal);
        Assert.True(directoryWhileUp, configuration);
        Assert.False(Directory.Exists(Path.GetDirectoryName(configuration)), configuration);
    }

    [Theory]
    [InlineData("--onec")]
    [InlineData("--once=true")]
    [InlineData("once")]
    public void An_unknown_option_is_named(string argument) =>
        Assert.Equal($"Unknown option '{argument}'.", DemoOptions.Parse(["--once", argument]).Mistake);

    [Theory]
    [InlineData("--server")]
    [InlineData("--server", "mine")]
    [InlineData("--server=ftp://127.0.0.1/mcp")]
    [InlineData("--server", "http://user@127.0.0.1/mcp")]
    [InlineData("--server", "http://127.0.0.1/mcp?key=1")]
    public void A_server_is_given_by_its_url(params string[] arguments) => Assert.NotNull(DemoOptions.Parse(arguments).Mistake);

    private static RequestDelegate Says(int status, string? type, string body) => context =>
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = type;
        return body.Length == 0 ? Task.CompletedTask : context.Response.WriteAsync(body);
    };

    private static string Unbroken(string output) => Regex.Replace(output, @"\r?\n +", " ");

    /// <summary>A URL of this machine where nobody listens any more.</summary>
    private static async Task<string> UnusedAsync()
    {
        await using var gone = new TestMcpServer();
        return gone.Url;
    }

    private static async Task BreaksAsync(string step, AuthorizationServerBehaviour behaviour, params string[] gateway)
    {
        var (exitCode, output) = await RunAsync(Once with { AuthorizationServer = behaviour, GatewayArguments = gateway });

        Assert.Equal(1, exitCode);
        var summary = output[output.LastIndexOf("Summary", StringComparison.Ordinal)..];
        Assert.Contains($"NO {step}", summary, StringComparison.Ordinal);
    }

    private static async Task<(int ExitCode, string Output)> RunAsync(DemoOptions options)
    {
        var output = new StringWriter();
        var exitCode = await DemoRun.RunAsync(options, new Terminal(output, rich: false), TimeProvider.System, TestContext.Current.CancellationToken);
        return (exitCode, output.ToString());
    }

    private static async Task<(HttpStatusCode Status, string Body)> CallAsync(string text, string server, string tokenName)
    {
        var url = Regex.Match(text, $@"curl -siw \S+ (http://\S+/{server}) ").Groups[1].Value;
        using var client = Loopback.CreateClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, url)
        {
            Content = new StringContent("""{"jsonrpc":"2.0","id":1,"method":"tools/list"}""", Encoding.UTF8, "application/json"),
        };
        request.Content.Headers.ContentType!.CharSet = null;
        request.Headers.Accept.ParseAdd("application/json, text/event-stream");
        request.Headers.Authorization = new("Bearer", Regex.Match(text, $@"(?m)^{tokenName}=(\S+)").Groups[1].Value);
        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    /// <summary>Output that can be waited for, line by line.</summary>
    private sealed class WatchedOutput : TextWriter
    {
        private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();

        public override Encoding Encoding => Encoding.UTF8;

        public override void WriteLine(string? value) => _lines.Writer.TryWrite(value ?? "");

        public override void WriteLine() => WriteLine("");

        /// <summary>All lines up to the first with <paramref name="text"/> after one with <paramref name="after"/>; fails when the run ends first.</summary>
        public async Task<string> UntilAsync(string text, string after, Task run)
        {
            _ = run.ContinueWith(_ => _lines.Writer.TryComplete(), TaskScheduler.Default);
            var all = new StringBuilder();
            var armed = false;
            await foreach (var line in _lines.Reader.ReadAllAsync(TestContext.Current.CancellationToken))
            {
                all.AppendLine(line);
                armed |= line.Contains(after, StringComparison.Ordinal);
                if (armed && line.Contains(text, StringComparison.Ordinal))
                {
                    return all.ToString();
                }
            }

            Assert.Fail($"The demo ended early:{Environment.NewLine}{all}");
            return "";
        }
    }
}
