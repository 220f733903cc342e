using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading.Channels;
using Demo;
using Demo.AuthorizationServer;
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
        Assert.Contains("8 of 8 steps came out as promised", output, StringComparison.Ordinal);
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
    public Task A_token_for_the_wrong_audience_breaks_the_main_job() =>
        BreaksAsync("1 of 8", AuthorizationServerBehaviour.AsTheWalkExpects with { WrongAudienceFor = ["notes", "archive"] });

    [Fact]
    public Task A_token_without_an_actor_breaks_the_comparison_of_claims() =>
        BreaksAsync("2 of 8", AuthorizationServerBehaviour.AsTheWalkExpects with { NamesTheActor = false });

    [Fact]
    public Task A_token_that_keeps_all_scopes_breaks_the_main_job() =>
        BreaksAsync("1 of 8", AuthorizationServerBehaviour.AsTheWalkExpects with { NarrowsScope = false });

    [Fact]
    public Task A_right_token_where_a_wrong_one_was_promised_breaks_the_last_step() =>
        BreaksAsync("8 of 8", AuthorizationServerBehaviour.AsTheWalkExpects with { WrongAudienceFor = [] });

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
        Assert.Equal(argument, DemoOptions.Parse(["--once", argument]).Unknown);

    private static async Task BreaksAsync(string step, AuthorizationServerBehaviour behaviour)
    {
        var (exitCode, output) = await RunAsync(Once with { AuthorizationServer = behaviour });

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
        request.Headers.Authorization = new("Bearer", Regex.Match(text, $@"{tokenName}=(\S+)").Groups[1].Value);
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
