using System.Text;
using System.Threading.Channels;
using Gateway.Revoke;
using Gateway.Tests.Harness;
using Gateway.Tests.Wire;
using Harness;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Gateway.Tests.Revocation;

/// <summary>The stream of an HTTP+SSE session carries the answers to posts: it lives as long as somebody may post, and loses none that it owes.</summary>
public sealed class AnswerChannelTests : IAsyncDisposable
{
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(30);
    private readonly ManualClock clock = new();
    private readonly Channel<string> says = Channel.CreateUnbounded<string>();
    private World world = null!;

    public ValueTask DisposeAsync() => world?.DisposeAsync() ?? ValueTask.CompletedTask;

    [Fact]
    public async Task Each_request_that_passes_prolongs_it_to_the_end_of_its_token()
    {
        using var client = await OpenAsync();
        var endpoint = await EndpointAsync(client);
        for (var refresh = 0; refresh < 10; refresh++)
        {
            clock.Advance(Life - TimeSpan.FromMinutes(1));
            Assert.Equal(202, (await world.Gateway.CallAsync(endpoint, Token())).Status);
        }

        clock.Advance(Life + Skew - TimeSpan.FromSeconds(1));
        await says.Writer.WriteAsync("data: still here\n\n", TestContext.Current.CancellationToken);
        await client.UntilAsync("still here");
        clock.Advance(TimeSpan.FromSeconds(1));

        Assert.True((await client.AnswerAsync()).Complete);
    }

    [Theory]
    [InlineData("refused")]
    [InlineData("of another subject")]
    [InlineData("of another client")]
    [InlineData("that ends earlier")]
    public async Task Nothing_else_prolongs_it(string request)
    {
        using var client = await OpenAsync(options => options["Servers"]!["weather"]!["Operations"] = new System.Text.Json.Nodes.JsonArray(
            new System.Text.Json.Nodes.JsonObject { ["Method"] = "tools/call", ["Name"] = "wipe", ["Deny"] = true }));
        var endpoint = await EndpointAsync(client);
        clock.Advance(TimeSpan.FromMinutes(1));

        using var other = request.StartsWith("of", StringComparison.Ordinal) ? await OpenAsync(subject: request.EndsWith("subject", StringComparison.Ordinal) ? "bob" : "alice", client: request.EndsWith("client", StringComparison.Ordinal) ? "another" : null) : null;
        await (request switch
        {
            "refused" => world.Gateway.CallAsync(endpoint, Token(), Messages.Call("wipe")),
            "that ends earlier" => world.Gateway.CallAsync(endpoint, Token(life: TimeSpan.FromMinutes(1))),
            _ => Task.FromResult<Answer>(null!),
        });
        clock.Advance(Life - TimeSpan.FromMinutes(1) + Skew);

        Assert.True((await client.AnswerAsync()).Complete);
    }

    [Fact]
    public async Task The_limit_of_a_single_answer_is_none_for_it()
    {
        using var client = await OpenAsync(life: TimeSpan.FromHours(3));
        await EndpointAsync(client);

        for (var i = 0; i < 12; i++)
        {
            clock.Advance(TimeSpan.FromMinutes(10));
            await says.Writer.WriteAsync($"data: {i}-th\n\n", TestContext.Current.CancellationToken);
            await client.UntilAsync($"{i}-th");
        }
    }

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","id":"a","result":{}}""")]
    [InlineData("""{"result":{"id":3},"id":"\u0061","jsonrpc":"2.0"}""")]
    [InlineData("""[{"jsonrpc":"2.0","method":"notifications/x"},{"jsonrpc":"2.0","id":"a","error":{"code":1,"message":""}}]""")]
    public async Task A_drain_waits_for_the_answer_that_is_owed(string answer)
    {
        using var client = await OpenAsync();
        var endpoint = await EndpointAsync(client);
        await world.Gateway.CallAsync(endpoint, Token(), """{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"slow"}}""");
        await world.Gateway.CallAsync(endpoint, Token(), """{"jsonrpc":"2.0","method":"notifications/progress"}""");
        var streams = world.Gateway.Services.GetRequiredService<OpenStreams>();

        streams.EndListening();
        await says.Writer.WriteAsync("data: {\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"sampling/createMessage\"}\n\n", TestContext.Current.CancellationToken);
        await client.UntilAsync("sampling");
        Assert.Equal(1, streams.Count);
        await says.Writer.WriteAsync($"data: {answer}\n\n", TestContext.Current.CancellationToken);

        var whole = await client.AnswerAsync();
        Assert.True(whole.Complete);
        Assert.EndsWith($"data: {answer}\n\n", whole.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1", "1.0", true)]
    [InlineData("1", "1e0", true)]
    [InlineData("1", "0.1E1", true)]
    [InlineData("1.0", "100e-2", true)]
    [InlineData("100", "1e+2", true)]
    [InlineData("-25", "-2.5e1", true)]
    [InlineData("0", "-0.0e7", true)]
    [InlineData("12345678901234567890123", "12345678901234567890123.0", true)]
    [InlineData("12345678901234567890123", "12345678901234567890124", false)]
    [InlineData("1", "-1", false)]
    [InlineData("1", "10", false)]
    [InlineData("1", "1e1", false)]
    [InlineData("1", "\"1\"", false)]
    [InlineData("1e99999999999999999999", "1e99999999999999999999", true)]
    [InlineData("1e99999999999999999999", "1", false)]
    public void An_answer_settles_what_is_owed_to_the_same_number_however_it_is_spelt(string asked, string answered, bool settles)
    {
        var channel = new AnswerChannel(Subjects.Token());
        channel.Expect(Encoding.UTF8.GetBytes(asked));
        Assert.False(channel.Drain(() => { }));

        channel.Pass(Encoding.UTF8.GetBytes($"{{\"jsonrpc\":\"2.0\",\"id\":{answered},\"result\":{{}}}}"));

        Assert.Equal(settles, channel.Drain(() => { }));
    }

    [Theory]
    [InlineData("nothing was asked", 0)]
    [InlineData("it was answered", 202)]
    [InlineData("it was refused", 400)]
    public async Task A_drain_ends_it_at_once_when_nothing_is_owed(string why, int status)
    {
        using var client = await OpenAsync(status: status == 0 ? 202 : status);
        var endpoint = await EndpointAsync(client);
        if (status > 0)
        {
            await world.Gateway.CallAsync(endpoint, Token());
        }

        if (status == 202)
        {
            await says.Writer.WriteAsync("data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n\n", TestContext.Current.CancellationToken);
            await client.UntilAsync("result");
        }

        world.Gateway.Services.GetRequiredService<OpenStreams>().EndListening();

        Assert.True((await client.AnswerAsync()).Complete, why);
    }

    [Fact]
    public async Task An_answer_that_does_not_come_does_not_keep_it_open_past_the_drain()
    {
        using var client = await OpenAsync();
        await world.Gateway.CallAsync(await EndpointAsync(client), Token());
        var streams = world.Gateway.Services.GetRequiredService<OpenStreams>();

        streams.EndListening();
        Assert.Equal(1, streams.Count);
        streams.EndAll();

        Assert.True((await client.AnswerAsync()).Complete);
    }

    [Theory]
    [InlineData("first", true)]
    [InlineData("second", true)]
    [InlineData("third", false)]
    public async Task A_logout_of_any_session_that_opened_or_prolonged_it_breaks_it_off(string session, bool ends)
    {
        using var client = await OpenAsync(session: "first");
        var endpoint = await EndpointAsync(client);
        clock.Advance(Life - TimeSpan.FromMinutes(1));
        await world.Gateway.CallAsync(endpoint, Token(session: "second"));
        clock.Advance(TimeSpan.FromMinutes(3));
        await world.Gateway.CallAsync(endpoint, Token(session: "second"));

        await LogOut.Async(world, session);

        await AssertAsync(client, ends);
    }

    [Theory]
    [InlineData("first", true)]
    [InlineData("s-299", true)]
    [InlineData("another", false)]
    public async Task However_many_logins_prolong_it_a_revocation_looks_at_a_few_and_ends_it_with_those_that_it_goes_on_by(string session, bool ends)
    {
        using var client = await OpenAsync(options => options["Servers"]!["weather"]!["Outbound"] = new System.Text.Json.Nodes.JsonObject { ["Mode"] = "none" }, session: "first");
        var endpoint = await EndpointAsync(client);
        for (var post = 0; post < 300; post++)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal(202, (await world.Gateway.CallAsync(endpoint, Token(session: $"s-{post}"))).Status);
        }

        Assert.InRange(Looked(), 1, 1 + (2 * StreamTokens.Most));
        await LogOut.Async(world, session);

        await AssertAsync(client, ends);
        if (ends)
        {
            return;
        }

        // When all but one token have run out, too.
        await world.Gateway.CallAsync(endpoint, Token(life: TimeSpan.FromHours(1), session: "last"));
        clock.Advance(TimeSpan.FromMinutes(30));
        await world.Gateway.CallAsync(endpoint, Token(session: "last"));
        Assert.InRange(Looked(), 1, 1 + StreamTokens.Most + 2);
    }

    [Fact]
    public async Task Who_posts_to_a_session_whose_stream_was_ended_for_an_endpoint_elsewhere_learns_why()
    {
        using var client = await OpenAsync();
        var endpoint = await EndpointAsync(client);
        await says.Writer.WriteAsync("event: endpoint\ndata: http://elsewhere.example.net/?sessionId=1\n\n", TestContext.Current.CancellationToken);
        Assert.True((await client.AnswerAsync()).Complete);

        var answer = await world.Gateway.CallAsync(endpoint, Token());

        Assert.Equal((502, "upstream_unavailable", -32603), (answer.Status, answer.Reason, answer.Json!["error"]!["code"]!.GetValue<int>()));
        Assert.Single(world.Weather.Requests);
    }

    /// <summary>Asserts that the stream is broken off, or that it goes on.</summary>
    private async Task AssertAsync(SocketClient client, bool ends)
    {
        if (ends)
        {
            Assert.False((await client.AnswerAsync()).Complete);
            return;
        }

        await says.Writer.WriteAsync("data: still here\n\n", TestContext.Current.CancellationToken);
        await client.UntilAsync("still here");
    }

    /// <summary>How many tokens are held against each revocation.</summary>
    private int Looked()
    {
        var looked = 0;
        world.Gateway.Services.GetRequiredService<OpenStreams>().End(_ =>
        {
            looked++;
            return false;
        });
        return looked;
    }

    private string Token(TimeSpan? life = null, string? session = null, string subject = "alice", string? client = null) => world.WeatherToken((_, payload) =>
    {
        payload["exp"] = (clock.GetUtcNow() + (life ?? Life)).ToUnixTimeSeconds();
        payload["sub"] = subject;
        payload["client_id"] = client ?? payload["client_id"]!.GetValue<string>();
        if (session is not null)
        {
            payload["sid"] = session;
        }
    });

    private async Task<SocketClient> OpenAsync(
        Action<System.Text.Json.Nodes.JsonObject>? change = null, TimeSpan? life = null, string? session = null, int status = 202, string subject = "alice", string? client = null)
    {
        if (world is null)
        {
            world = await World.StartAsync(
                options =>
                {
                    options["AuthorizationServers"]!["corp"]!["BackchannelLogout"] = true;
                    options["Servers"]!["weather"]!["Transport"] = "http+sse";
                    options["Servers"]!["weather"]!["MaxResponseDuration"] = "00:20:00";
                    options["Servers"]!["weather"]!["StreamIdleTimeout"] = "1.00:00:00";
                    change?.Invoke(options);
                },
                clock);
            world.Weather.Answer = context => AnswerAsync(context, status);
        }

        var socket = await SocketClient.ConnectAsync(world.Gateway.Url);
        await socket.SendAsync(SocketClient.Get("/weather/sse", Token(life, session, subject, client)));
        return socket;
    }

    private static async Task<string> EndpointAsync(SocketClient client)
    {
        var seen = await client.UntilAsync("\n\n");
        return seen.Split('\n').Single(line => line.StartsWith("data: ", StringComparison.Ordinal))["data: ".Length..];
    }

    private async Task AnswerAsync(HttpContext context, int status)
    {
        if (context.Request.Method == "POST")
        {
            context.Response.StatusCode = status;
            return;
        }

        context.Response.ContentType = "text/event-stream";
        await context.Response.Body.WriteAsync("event: endpoint\ndata: /mcp/message?sessionId=s-1\n\n"u8.ToArray());
        await context.Response.Body.FlushAsync();
        try
        {
            await foreach (var text in says.Reader.ReadAllAsync(context.RequestAborted))
            {
                await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(text));
                await context.Response.Body.FlushAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // The gateway has let go.
        }
    }
}
