using System.Text.Json.Nodes;
using Gateway.Tests.Forward;
using Gateway.Tests.Harness;
using Harness;
using Xunit;

namespace Gateway.Tests.Revocation;

/// <summary>Logouts over real sockets: one sound token revokes, and nothing else does.</summary>
public sealed class BackchannelLogoutTests
{
    private const string Endpoint = "/backchannel-logout/corp";
    private const string Form = "application/x-www-form-urlencoded";
    private const string Event = "http://schemas.openid.net/event/backchannel-logout";

    public static TheoryData<string> UnsoundTokens => [.. Unsound.Keys];

    private static Dictionary<string, Action<JsonObject, JsonObject>> Unsound { get; } = new()
    {
        ["for another client"] = (_, payload) => payload["aud"] = "somebody-else",
        ["without audience"] = (_, payload) => payload.Remove("aud"),
        ["of another issuer"] = (_, payload) => payload["iss"] = "https://elsewhere.example",
        ["without issuer"] = (_, payload) => payload.Remove("iss"),
        ["without events"] = (_, payload) => payload.Remove("events"),
        ["events a string"] = (_, payload) => payload["events"] = Event,
        ["another event"] = (_, payload) => payload["events"] = new JsonObject { ["https://schemas.example/other"] = new JsonObject() },
        ["the event no object"] = (_, payload) => payload["events"] = new JsonObject { [Event] = true },
        ["with a nonce"] = (_, payload) => payload["nonce"] = "n-1",
        ["with neither sub nor sid"] = (_, payload) => payload.Remove("sub"),
        ["sub a number"] = (_, payload) => payload["sub"] = 7,
        ["sub blank"] = (_, payload) => payload["sub"] = " ",
        ["sid an object"] = (_, payload) => payload["sid"] = new JsonObject(),
        ["without jti"] = (_, payload) => payload.Remove("jti"),
        ["jti empty"] = (_, payload) => payload["jti"] = "",
        ["jti a number"] = (_, payload) => payload["jti"] = 5,
        ["without iat"] = (_, payload) => payload.Remove("iat"),
        ["stale"] = (_, payload) => payload["iat"] = payload["iat"]!.GetValue<long>() - 151,
        ["from the future"] = (_, payload) => payload["iat"] = payload["iat"]!.GetValue<long>() + 60,
        ["expired"] = (_, payload) => payload["exp"] = payload["iat"]!.GetValue<long>() - 60,
        ["typ of an access token"] = (header, _) => header["typ"] = "at+jwt",
        ["typ a number"] = (header, _) => header["typ"] = 1,
        ["alg none"] = (header, _) => header["alg"] = "none",
        ["alg HS256"] = (header, _) => header["alg"] = "HS256",
        ["unknown kid"] = (header, _) => header["kid"] = "nobody",
        ["a key of its own"] = (header, _) => header["jwk"] = new JsonObject(),
        ["critical extension"] = (header, _) => header["crit"] = new JsonArray("x"),
    };

    [Theory]
    [MemberData(nameof(UnsoundTokens))]
    public async Task An_unsound_logout_token_is_refused_and_revokes_nothing(string what)
    {
        await using var world = await StartAsync(new ManualClock());
        var token = world.WeatherToken();
        await world.Gateway.CallAsync("/weather", token);

        var answer = await LogOutAsync(world, Logout(world, Unsound[what]));

        Assert.Equal(400, answer.Status);
        Assert.Equal("""{"error":"invalid_request"}""", answer.Body);
        Assert.Equal("no-store", answer.Headers["Cache-Control"]);
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", token)).Status);
        Assert.Single(world.As.Exchanges);
    }

    [Theory]
    [InlineData("logout+jwt")]
    [InlineData("application/logout+jwt")]
    [InlineData("JWT")]
    [InlineData(null)]
    public async Task A_logout_of_a_subject_revokes_its_tokens_and_nobody_elses(string? typ)
    {
        await using var world = await StartAsync(new ManualClock());
        var (alice, bob) = (world.WeatherToken(), world.WeatherToken((_, payload) => payload["sub"] = "bob"));
        await world.Gateway.CallAsync("/weather", alice);
        await world.Gateway.CallAsync("/weather", bob);

        var answer = await LogOutAsync(world, Logout(world, (header, _) => header["typ"] = typ, typ is null));

        Assert.Equal(200, answer.Status);
        Assert.Equal("no-store", answer.Headers["Cache-Control"]);
        var refused = await world.Gateway.CallAsync("/weather", alice);
        Assert.Equal(401, refused.Status);
        Assert.Equal("revoked", refused.Reason);
        Assert.Equal("alice", world.Gateway.Audit[^1]["subject"]!.GetValue<string>());
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", bob)).Status);
        Assert.Equal(2, world.As.Exchanges.Count);
    }

    [Fact]
    public async Task A_token_issued_after_the_logout_of_its_subject_is_good_and_exchanged_anew()
    {
        var clock = new ManualClock();
        await using var world = await StartAsync(clock);
        await world.Gateway.CallAsync("/weather", world.WeatherToken());
        await LogOutAsync(world, Logout(world));
        clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", world.WeatherToken())).Status);
        Assert.Equal(401, (await world.Gateway.CallAsync("/weather", world.WeatherToken((_, payload) => payload.Remove("iat")))).Status);
        Assert.Equal(2, world.As.Exchanges.Count);
    }

    [Fact]
    public async Task A_logout_of_a_session_leaves_other_sessions_of_the_subject_alone()
    {
        await using var world = await StartAsync(new ManualClock());
        var ended = world.WeatherToken((_, payload) => payload["sid"] = "s-1");
        var other = world.WeatherToken((_, payload) => payload["sid"] = "s-2");
        var unnamed = world.WeatherToken();

        Assert.Equal(200, (await LogOutAsync(world, Logout(world, (_, payload) => payload["sid"] = "s-1"))).Status);

        Assert.Equal("revoked", (await world.Gateway.CallAsync("/weather", ended)).Reason);
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", other)).Status);
        Assert.Equal("revoked", (await world.Gateway.CallAsync("/weather", unnamed)).Reason);
    }

    [Fact]
    public async Task A_logout_token_is_good_once()
    {
        await using var world = await StartAsync(new ManualClock());
        var logout = Logout(world);

        Assert.Equal(200, (await LogOutAsync(world, logout)).Status);
        Assert.Equal(400, (await LogOutAsync(world, logout)).Status);
        Assert.Contains("replay", world.Gateway.Log, StringComparison.Ordinal);
        Assert.DoesNotContain(logout, world.Gateway.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Logout_tokens_and_access_tokens_are_not_taken_for_one_another()
    {
        await using var world = await StartAsync(new ManualClock());

        Assert.Equal(400, (await LogOutAsync(world, world.WeatherToken((_, payload) => payload["aud"] = "mcp-gateway"))).Status);
        Assert.Equal("typ_not_allowed", (await world.Gateway.CallAsync("/weather", Logout(world, (_, payload) => payload["aud"] = World.WeatherResource))).Reason);
        world.AssertNothingWasSent();
    }

    [Fact]
    public async Task A_logout_ends_the_open_stream_of_its_subject()
    {
        await using var world = await StartAsync(new ManualClock());
        world.Weather.Answer = Streams.TwoEvents(new TaskCompletionSource().Task);
        using var request = new HttpRequestMessage(HttpMethod.Get, world.Gateway.Url + "/weather");
        request.Headers.Authorization = new("Bearer", world.WeatherToken());
        using var response = await world.Gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);
        await using var stream = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        Assert.NotEqual(0, await stream.ReadAsync(new byte[64], TestContext.Current.CancellationToken));

        Assert.Equal(200, (await LogOutAsync(world, Logout(world))).Status);

        await Assert.ThrowsAnyAsync<IOException>(async () => await stream.ReadExactlyAsync(new byte[64], TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_logout_leaves_the_open_streams_of_others_alone()
    {
        await using var world = await StartAsync(new ManualClock());
        var more = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        world.Weather.Answer = Streams.TwoEvents(more.Task);
        using var alice = await Listener.OpenAsync(world, HttpMethod.Get, "/weather", world.WeatherToken());
        using var bob = await Listener.OpenAsync(world, HttpMethod.Get, "/weather", world.WeatherToken((_, payload) => payload["sub"] = "bob"));

        Assert.Equal(200, (await LogOutAsync(world, Logout(world))).Status);

        await alice.EndAsync();
        more.SetResult();
        Assert.Equal("data: 1||data: 2", string.Join("|", await bob.LineAsync(), await bob.LineAsync(), await bob.LineAsync()));
    }

    [Theory]
    [InlineData("GET", 405)]
    [InlineData("PUT", 405)]
    public async Task Only_POST_is_there(string method, int status)
    {
        await using var world = await StartAsync(new ManualClock());

        var answer = await world.Gateway.SendAsync(new HttpMethod(method), Endpoint);

        Assert.Equal(status, answer.Status);
        Assert.Equal("POST", answer.Headers["Allow"]);
    }

    [Fact]
    public async Task A_server_that_announces_no_logouts_has_no_endpoint()
    {
        await using var world = await World.StartAsync();

        Assert.Equal(404, (await LogOutAsync(world, Logout(world))).Status);
        Assert.Equal(404, (await world.Gateway.SendAsync(HttpMethod.Post, "/backchannel-logout/nobody")).Status);
    }

    [Theory]
    [InlineData("application/x-www-form-urlencoded; charset=\"UTF-8\"")]
    [InlineData("application/x-www-form-urlencoded;charset=us-ascii")]
    [InlineData("Application/X-WWW-Form-Urlencoded; Charset=\"us-ascii\"")]
    [InlineData("application/x-www-form-urlencoded; charset=\"utf\\-8\"")]
    public async Task The_charset_of_the_form_may_be_written_in_every_way_that_is_ascii(string type)
    {
        await using var world = await StartAsync(new ManualClock());

        Assert.Equal(200, (await PostAsync(world, type, $"logout_token={Logout(world)}")).Status);
    }

    [Theory]
    [InlineData("application/json", "logout_token={0}")]
    [InlineData("application/x-www-form-urlencoded", "logout_token={0}&logout_token={0}")]
    [InlineData("application/x-www-form-urlencoded", "token={0}")]
    [InlineData("application/x-www-form-urlencoded", "logout_token=")]
    [InlineData("application/x-www-form-urlencoded", "")]
    [InlineData("application/x-www-form-urlencoded; charset=utf-16", "logout_token={0}")]
    public async Task A_body_that_is_no_form_with_one_logout_token_is_refused(string type, string body)
    {
        await using var world = await StartAsync(new ManualClock());

        Assert.Equal(400, (await PostAsync(world, type, body.Replace("{0}", Logout(world), StringComparison.Ordinal))).Status);
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", world.WeatherToken())).Status);
    }

    [Fact]
    public async Task A_body_beyond_its_bound_is_refused()
    {
        await using var world = await StartAsync(new ManualClock());

        Assert.Equal(400, (await PostAsync(world, "application/x-www-form-urlencoded", $"pad={new string('x', 33_000)}&logout_token={Logout(world)}")).Status);
    }

    [Fact]
    public async Task A_body_beyond_its_bound_that_does_not_declare_its_length_is_refused()
    {
        await using var world = await StartAsync(new ManualClock());

        Assert.Equal(400, (await PostAsync(world, Form, $"logout_token={Logout(world)}&pad={new string('x', 33_000)}", request => request.Headers.TransferEncodingChunked = true)).Status);
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", world.WeatherToken())).Status);
    }

    [Fact]
    public async Task A_body_with_a_content_encoding_is_refused()
    {
        await using var world = await StartAsync(new ManualClock());

        Assert.Equal(400, (await PostAsync(world, Form, $"logout_token={Logout(world)}", request => request.Content!.Headers.ContentEncoding.Add("gzip"))).Status);
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", world.WeatherToken())).Status);
    }

    private static Task<World> StartAsync(ManualClock clock) =>
        World.StartAsync(options => options["AuthorizationServers"]!["corp"]!["BackchannelLogout"] = true, clock);

    private static string Logout(World world, Action<JsonObject, JsonObject>? change = null, bool withoutType = false) =>
        world.As.Token("mcp-gateway", (header, payload) =>
        {
            header["typ"] = "logout+jwt";
            payload.Remove("client_id");
            payload.Remove("scope");
            payload["jti"] = Guid.NewGuid().ToString();
            payload["events"] = new JsonObject { [Event] = new JsonObject() };
            change?.Invoke(header, payload);
            if (withoutType)
            {
                header.Remove("typ");
            }
        });

    private static Task<Answer> LogOutAsync(World world, string token) => PostAsync(world, "application/x-www-form-urlencoded", $"logout_token={token}");

    private static Task<Answer> PostAsync(World world, string type, string body, Action<HttpRequestMessage>? change = null) => world.Gateway.SendAsync(HttpMethod.Post, Endpoint, change: request =>
    {
        request.Content = new StringContent(body);
        request.Content.Headers.Remove("Content-Type");
        request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        change?.Invoke(request);
    });
}
