using System.Text.Json.Nodes;
using Gateway.Authorize.Bodies;
using Gateway.Tests.Front;
using Gateway.Tests.Harness;
using Gateway.Tests.Wire;
using Harness;
using Harness.Wire;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Gateway.Tests.Authorize;

/// <summary>Bodies that anybody may send, without a token: nobody holds memory by sending them slowly, or by leaving.</summary>
public sealed class SmallBodyTests
{
    private const string Form = "application/x-www-form-urlencoded";

    public static readonly TheoryData<string, string> Endpoints = new()
    {
        { "/backchannel-logout/corp", Form },
        { "/security-events/corp", "application/secevent+jwt" },
        { "/oauth/corp/authorize", Form },
        { "/oauth/corp/token", Form },
        { "/oauth/corp/register", "application/json" },
    };

    [Theory]
    [MemberData(nameof(Endpoints))]
    public async Task Who_leaves_gives_back_what_was_held(string path, string type)
    {
        await using var front = await StartAsync(TimeProvider.System);
        var held = front.Gateway.Services.GetRequiredService<HeldBodies>();
        using var client = await BeginAsync(front, path, type);
        await Eventually.HoldsAsync(() => held.Total > 0);

        client.Reset();

        await Eventually.HoldsAsync(() => held.Total == 0);
    }

    [Theory]
    [MemberData(nameof(Endpoints))]
    public async Task What_does_not_come_within_ten_seconds_is_refused_and_given_back(string path, string type)
    {
        var clock = new ManualClock();
        await using var front = await StartAsync(clock);
        var held = front.Gateway.Services.GetRequiredService<HeldBodies>();
        using var client = await BeginAsync(front, path, type);
        await Eventually.HoldsAsync(() => held.Total > 0);

        clock.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal(400, (await client.AnswerAsync()).Status);
        await Eventually.HoldsAsync(() => held.Total == 0);
    }

    /// <summary>All who come to such an endpoint are one principal, which may hold a quarter: nobody's fault, and soon over.</summary>
    [Theory]
    [MemberData(nameof(Endpoints))]
    public async Task What_is_more_than_all_may_hold_is_told_to_come_back(string path, string type)
    {
        await using var front = await StartAsync(TimeProvider.System, mostHeld: 64 * 1024);

        var answer = await front.Gateway.SendAsync(HttpMethod.Post, path, body: new string('x', 16 * 1024), change: request => request.Content!.Headers.ContentType = new(type));

        Assert.Equal((503, "2"), (answer.Status, answer.Headers["Retry-After"]));
        Assert.Equal(0, front.Gateway.Services.GetRequiredService<HeldBodies>().Total);
    }

    /// <summary>A stream that its client resets breaks off the reading with the connection still there: no fault of the gateway, whoever did it.</summary>
    [Theory]
    [MemberData(nameof(Endpoints))]
    public async Task Who_resets_a_stream_is_told_as_gone(string path, string type)
    {
        await using var front = await StartAsync(TimeProvider.System, http2: true);
        var held = front.Gateway.Services.GetRequiredService<HeldBodies>();
        using var client = await Http2Client.ConnectAsync(front.Gateway.Url);
        await client.SendAsync(
            Http2Frame.Headers(Http2Frame.EndHeaders, (":method", "POST"), (":path", path), (":scheme", "http"), (":authority", "gateway.test"), ("content-type", type)),
            Http2Frame.Data("beginning"));
        await Eventually.HoldsAsync(() => held.Total > 0);

        await client.SendAsync(Http2Frame.Reset(8));

        await front.Gateway.Audited;
        Assert.Equal("client_closed", Assert.Single(front.Gateway.Audit)["reason"]!.GetValue<string>());
        Assert.DoesNotContain("failed in the gateway", front.Gateway.Log, StringComparison.Ordinal);
        Assert.Equal(0, held.Total);
    }

    [Theory]
    [MemberData(nameof(Endpoints))]
    public async Task A_chunk_longer_than_can_be_counted_is_refused(string path, string type)
    {
        await using var front = await StartAsync(TimeProvider.System);
        using var client = await SocketClient.ConnectAsync(front.Gateway.Url);

        await client.SendAsync($"POST {path} HTTP/1.1\r\nHost: gateway.test\r\nContent-Type: {type}\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n");

        Assert.Equal(400, (await client.AnswerAsync()).Status);
        Assert.DoesNotContain("failed in the gateway", front.Gateway.Log, StringComparison.Ordinal);
    }

    private static Task<FrontWorld> StartAsync(TimeProvider clock, bool http2 = false, int? mostHeld = null) => FrontWorld.StartAsync(
        change: options =>
        {
            options["MaxBodyBytesHeld"] = mostHeld;
            options["AuthorizationServers"]!["corp"]!["BackchannelLogout"] = true;
            options["AuthorizationServers"]!["corp"]!["SecurityEvents"] = new JsonObject { ["Audience"] = "https://mcp.example.com/security-events/corp" };
        },
        clock: clock,
        configure: builder => builder.Configuration["Kestrel:EndpointDefaults:Protocols"] = http2 ? "Http2" : "Http1");

    /// <summary>A request of whose body the beginning has come.</summary>
    private static async Task<SocketClient> BeginAsync(FrontWorld front, string path, string type)
    {
        var client = await SocketClient.ConnectAsync(front.Gateway.Url);
        await client.SendAsync($"POST {path} HTTP/1.1\r\nHost: gateway.test\r\nContent-Type: {type}\r\nContent-Length: 100\r\n\r\nbeginning");
        return client;
    }
}
