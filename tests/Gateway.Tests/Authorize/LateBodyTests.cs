using System.IO.Pipelines;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Gateway.Generations;
using Gateway.Observe;
using Gateway.Tests.Harness;
using Gateway.Tests.Revocation;
using Gateway.Tests.Wire;
using Harness;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Gateway.Tests.Authorize;

/// <summary>A request is decided when it is sent: what changes while its body comes, or while its token is exchanged, counts.</summary>
public sealed class LateBodyTests
{
    private const string Body = """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{}}}""";
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(30);
    private readonly ManualClock clock = new();

    public static TheoryData<string> Modes => ["none", "credential", "exchange", "same-token", "local"];

    [Theory]
    [MemberData(nameof(Modes))]
    public async Task A_body_that_outlasts_the_token_is_not_sent(string mode)
    {
        await using var world = await StartAsync(mode);
        using var client = await BeginAsync(world);

        clock.Advance(Life + Skew);

        await AssertRefusedAsync(world, client, 401, "expired");
    }

    [Theory]
    [InlineData("none")]
    [InlineData("credential")]
    [InlineData("exchange")]
    [InlineData("same-token")]
    public async Task A_body_that_is_whole_within_the_skew_of_the_token_is_sent(string mode)
    {
        await using var world = await StartAsync(mode);
        using var client = await BeginAsync(world);

        clock.Advance(Life + Skew - TimeSpan.FromSeconds(1));
        await client.SendAsync(Body[^1..]);

        Assert.Equal(200, (await client.AnswerAsync()).Status);
        Assert.Equal(Body, Assert.Single(world.Weather.Requests).Body);
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public async Task A_body_that_outlasts_a_logout_is_not_sent(string mode)
    {
        await using var world = await StartAsync(mode);
        using var client = await BeginAsync(world);

        await LogOut.Async(world);

        await AssertRefusedAsync(world, client, 401, "revoked");
    }

    [Theory]
    [InlineData("the operation is denied", 403, "operation_denied")]
    [InlineData("everything else is denied", 403, "operation_denied")]
    [InlineData("the client is not admitted", 403, "client_not_allowed")]
    [InlineData("the body is too large", 413, "body_too_large")]
    [InlineData("the issuer is gone", 401, "issuer_unknown")]
    [InlineData("the scope is lacking", 403, "insufficient_scope")]
    [InlineData("the server is gone", 404, "not_found")]
    [InlineData("the server is elsewhere", 404, "not_found")]
    public async Task A_body_that_is_whole_after_a_reload_is_judged_by_what_holds_then(string what, int status, string reason)
    {
        await using var world = await StartAsync("exchange");
        using var client = await BeginAsync(world);

        Reload(world, options =>
        {
            var weather = options["Servers"]!["weather"]!;
            switch (what)
            {
                case "the operation is denied":
                    weather["Operations"] = new JsonArray(new JsonObject { ["Method"] = "tools/call", ["Name"] = "echo", ["Deny"] = true });
                    break;
                case "everything else is denied":
                    weather["OtherOperations"] = "deny";
                    break;
                case "the client is not admitted":
                    weather["AllowedClients"] = new JsonArray("nobody");
                    break;
                case "the body is too large":
                    weather["MaxRequestBody"] = Body.Length - 1;
                    break;
                case "the scope is lacking":
                    weather["RequiredScopes"] = new JsonArray("weather:admin");
                    break;
                case "the issuer is gone":
                    options["AuthorizationServers"]!["corp"]!["Issuer"] = world.As.Issuer + "/other";
                    break;
                case "the server is gone":
                    options["Servers"]!.AsObject().Remove("weather");
                    break;
                default:
                    weather["Path"] = "/moved";
                    break;
            }
        });

        await AssertRefusedAsync(world, client, status, reason);
    }

    [Fact]
    public async Task A_body_that_is_whole_after_a_reload_goes_where_the_server_is_then()
    {
        await using var world = await StartAsync("exchange");
        using var client = await BeginAsync(world);

        Reload(world, options => options["Servers"]!["weather"]!["Destinations"] = new JsonArray(world.Notes.Url + "/new"));
        await client.SendAsync(Body[^1..]);

        Assert.Equal(200, (await client.AnswerAsync()).Status);
        Assert.Empty(world.Weather.Requests);
        var arrived = Assert.Single(world.Notes.Requests);
        Assert.Equal(("/mcp/new", Body), (arrived.Path, arrived.Body));
        Assert.Single(world.Gateway.Audit);
    }

    [Theory]
    [InlineData("Content-Length: 4000000\r\n", " ")]
    [InlineData("Transfer-Encoding: chunked\r\n", "1\r\n \r\n")]
    public async Task A_body_that_trickles_on_is_refused_at_the_servers_limit(string framing, string piece)
    {
        await using var world = await StartAsync("exchange", "00:00:30");
        using var client = await SocketClient.ConnectAsync(world.Gateway.Url);
        await client.SendAsync(Head(world, framing));
        await client.UntilAsync("100 Continue");

        var answering = client.AnswerAsync();
        try
        {
            // The limit begins a moment after the answer to Expect; hours are enough for it in any case.
            for (var seconds = 0; seconds < 20_000 && !answering.IsCompleted; seconds++)
            {
                clock.Advance(TimeSpan.FromSeconds(1));
                await client.SendAsync(piece);
            }

            client.HalfClose();
        }
        catch (Exception error) when (error is IOException or SocketException)
        {
            // It was answered, and then closed.
        }

        var answer = await answering;
        Assert.Equal((408, "body_invalid"), (answer.Status, JsonNode.Parse(answer.Body)!["reason"]!.GetValue<string>()));
        world.AssertNothingWasSent();
    }

    /// <summary>Over HTTP/2, between the reset of a stream and its reader's next turn, Kestrel throws at whoever cancels a read.</summary>
    [Fact]
    public async Task A_body_that_broke_off_just_when_its_time_was_over_harms_nobody_else()
    {
        var bodies = new BrokenBodies();
        await using var world = await World.StartAsync(
            options => Configure(options, "exchange", "00:00:30"),
            clock,
            builder => builder.Services.AddSingleton<IStartupFilter>(bodies));
        var timers = clock.Timers;
        using var client = await BeginAsync(world);
        Assert.True(SpinWait.SpinUntil(() => clock.Timers > timers, SocketClient.Patience));

        clock.Advance(TimeSpan.FromSeconds(30));
        Assert.True(bodies.WereCancelled);
        await client.SendAsync(Body[^1..]);

        Assert.Equal(200, (await client.AnswerAsync()).Status);
        Assert.DoesNotContain(nameof(CarefulTime), world.Gateway.Log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("exchange")]
    [InlineData("local")]
    public async Task The_retry_with_a_fresh_token_is_none_for_a_session_that_was_logged_out(string mode)
    {
        await using var world = await StartAsync(mode);
        world.Weather.Answer = async context =>
        {
            await LogOut.Async(world);
            context.Response.StatusCode = 401;
        };

        var answer = await world.Gateway.CallAsync("/weather", Token(world));

        Assert.Equal((401, "revoked"), (answer.Status, answer.Reason));
        Assert.Single(world.Weather.Requests);
        Assert.True(world.As.Exchanges.Count <= 1);
    }

    [Fact]
    public async Task The_retry_with_a_fresh_token_is_none_for_a_token_that_has_expired_meanwhile()
    {
        await using var world = await StartAsync("exchange");
        world.Weather.Answer = context =>
        {
            clock.Advance(Life + Skew);
            context.Response.StatusCode = 401;
            return Task.CompletedTask;
        };

        var answer = await world.Gateway.CallAsync("/weather", Token(world));

        Assert.Equal((401, "expired"), (answer.Status, answer.Reason));
        Assert.Single(world.Weather.Requests);
        Assert.Single(world.As.Exchanges);
    }

    [Fact]
    public async Task A_logout_while_the_token_is_exchanged_counts()
    {
        await using var world = await StartAsync("exchange");
        world.As.BeforeAnswer = _ => LogOut.Async(world);

        var answer = await world.Gateway.CallAsync("/weather", Token(world));

        Assert.Equal((401, "revoked"), (answer.Status, answer.Reason));
        world.AssertNothingWasForwarded();
    }

    [Fact]
    public async Task A_logout_while_the_fresh_token_is_exchanged_counts()
    {
        await using var world = await StartAsync("exchange");
        world.Weather.Answer = context =>
        {
            world.As.BeforeAnswer = _ => LogOut.Async(world);
            context.Response.StatusCode = 401;
            return Task.CompletedTask;
        };

        var answer = await world.Gateway.CallAsync("/weather", Token(world));

        Assert.Equal((401, "revoked"), (answer.Status, answer.Reason));
        Assert.Single(world.Weather.Requests);
    }

    [Fact]
    public async Task A_request_that_waits_for_its_exchange_during_a_reload_finishes_on_what_it_began_with()
    {
        await using var world = await StartAsync("exchange");
        world.As.BeforeAnswer = _ =>
        {
            Reload(world, options => options["Servers"]!["weather"]!["Operations"] = new JsonArray(new JsonObject { ["Method"] = "tools/call", ["Deny"] = true }));
            return Task.CompletedTask;
        };

        var first = await world.Gateway.CallAsync("/weather", Token(world));
        var second = await world.Gateway.CallAsync("/weather", Token(world));

        Assert.Equal((200, 403), (first.Status, second.Status));
    }

    /// <summary>Kestrel's least rate is out of the way, which counts in this clock, too.</summary>
    private Task<World> StartAsync(string mode, string timeout = "01:00:00") => World.StartAsync(
        options => Configure(options, mode, timeout),
        clock,
        builder => builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MinRequestBodyDataRate = null));

    private static void Configure(JsonObject options, string mode, string timeout)
    {
        options["AuthorizationServers"]!["corp"]!["BackchannelLogout"] = true;
        var weather = options["Servers"]!["weather"]!;
        weather["RequestBodyTimeout"] = timeout;
        if (mode == "exchange")
        {
            return;
        }

        var outbound = new JsonObject { ["Mode"] = mode };
        weather["Outbound"] = outbound;
        if (mode is "credential" or "local")
        {
            var directory = Scratch.Directory("gateway-late-");
            var file = Path.Combine(directory, mode == "local" ? "20250101T000000Z-a.pem" : "key");
            using var key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
            File.WriteAllText(file, mode == "local" ? key.ExportPkcs8PrivateKeyPem() : "static-key");
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }

            if (mode == "local")
            {
                options["LocalIssuer"] = new JsonObject { ["Issuer"] = TestGateway.PublicUrl + "/hop", ["KeyDirectory"] = directory };
            }
            else
            {
                outbound["Header"] = "X-Api-Key";
                outbound["File"] = file;
            }
        }
    }

    private string Token(World world) => world.WeatherToken((_, payload) => payload["exp"] = (clock.GetUtcNow() + Life).ToUnixTimeSeconds());

    private string Head(World world, string framing) =>
        $"POST /weather HTTP/1.1\r\nHost: gateway.test\r\nAuthorization: Bearer {Token(world)}\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n{framing}\r\n";

    /// <summary>Sends a call but for its last byte; the gateway waits for that one when this returns.</summary>
    private async Task<SocketClient> BeginAsync(World world)
    {
        var client = await SocketClient.ConnectAsync(world.Gateway.Url);
        await client.SendAsync(Head(world, $"Content-Length: {Body.Length}\r\n"));
        await client.UntilAsync("100 Continue");
        await client.SendAsync(Body[..^1]);
        return client;
    }

    private static async Task AssertRefusedAsync(World world, SocketClient client, int status, string reason)
    {
        await client.SendAsync(Body[^1..]);
        var answer = await client.AnswerAsync();
        var json = JsonNode.Parse(answer.Body)!;
        Assert.Equal((status, reason), (answer.Status, (json["reason"] ?? json["error"]!["data"]!["reason"])!.GetValue<string>()));
        Assert.Equal(reason, Assert.Single(world.Gateway.Audit)["reason"]!.GetValue<string>());
        world.AssertNothingWasSent();
    }

    private static void Reload(World world, Action<JsonObject> change)
    {
        var options = World.Options(world.As, world.Weather, world.Notes);
        Configure(options, "exchange", "01:00:00");
        change(options);
        world.Gateway.Write(options);
        world.Gateway.Services.GetRequiredService<Reload>().Poll();
        Assert.Equal(2, world.Gateway.Services.GetRequiredService<LiveGenerations>().Current.Number);
    }

    /// <summary>Requests whose bodies are read as ever, and throw when a read of them is cancelled.</summary>
    private sealed class BrokenBodies : IStartupFilter, IRequestBodyPipeFeature
    {
        public bool WereCancelled { get; private set; }

        public PipeReader Reader
        {
            get
            {
                WereCancelled = true;
                throw new IOException("The stream was reset.");
            }
        }

        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.Use(inner => context =>
            {
                context.Features.Set<IRequestBodyPipeFeature>(this);
                return inner(context);
            });
            next(app);
        };
    }
}
