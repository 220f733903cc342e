using System.Net;
using System.Text;
using Gateway.Tests.Harness;
using Harness.Wire;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Gateway.Tests.Wire;

/// <summary>Requests as HTTP allows them to come: expectations, pipelines, chunks and trailers, over both versions; and those that are too much.</summary>
public sealed class RequestFramingTests
{
    private static readonly string Call = Messages.Call("echo");

    [Fact]
    public async Task A_body_is_asked_for_only_once_its_sender_may_send_it()
    {
        await using var world = await World.StartAsync();
        static string Head(string credentials) => $"POST /weather HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n{credentials}Content-Type: application/json\r\nContent-Length: {Call.Length}\r\n\r\n";
        using var refused = await SocketClient.ConnectAsync(world.Gateway.Url);
        await refused.SendAsync(Head(""));
        using var welcome = await SocketClient.ConnectAsync(world.Gateway.Url);
        await welcome.SendAsync(Head($"Authorization: Bearer {world.WeatherToken()}\r\n"));

        Assert.StartsWith("HTTP/1.1 401 ", await refused.UntilAsync("\r\n\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 100 Continue\r\n\r\n", await welcome.UntilAsync("\r\n\r\n"), StringComparison.Ordinal);
        await welcome.SendAsync(Call);

        Assert.Equal(200, (await welcome.AnswerAsync()).Status);
        var arrived = Assert.Single(world.Weather.Requests);
        Assert.Equal(Call, arrived.Body);
        Assert.False(arrived.Headers.ContainsKey("Expect"));
    }

    [Fact]
    public async Task Pipelined_requests_are_judged_and_answered_one_by_one_in_order()
    {
        await using var world = await World.StartAsync();
        using var client = await SocketClient.ConnectAsync(world.Gateway.Url);
        var sound = SocketClient.Post("/weather", world.WeatherToken(), Call);

        await client.SendAsync(sound + SocketClient.Post("/notes", world.WeatherToken(), Call) + sound);

        Assert.Equal((200, 401, 200), ((await client.AnswerAsync()).Status, (await client.AnswerAsync()).Status, (await client.AnswerAsync()).Status));
        Assert.Equal([null, "audience_invalid", null], world.Gateway.Audit.Select(line => line["reason"]?.GetValue<string>()));
        Assert.Equal(2, world.Weather.Requests.Count);
        Assert.Empty(world.Notes.Requests);
    }

    [Fact]
    public async Task Chunks_arrive_as_one_body_and_their_trailers_go_nowhere()
    {
        await using var server = SocketMcpServer.Start();
        await using var world = await World.StartAsync(server.Url);
        var token = world.WeatherToken();
        var (first, rest) = (Call[..10], Call[10..]);

        var answer = await SocketClient.ExchangeAsync(
            world,
            $"POST /weather HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nTrailer: X-Late\r\nTE: trailers\r\nVia: 1.1 front\r\nForwarded: for=1.2.3.4\r\nX-Forwarded-For: 1.2.3.4\r\nCookie: a=b\r\n\r\n{first.Length:x}\r\n{first}\r\n{rest.Length:x};x=y\r\n{rest}\r\n0\r\nX-Late: 1\r\nAuthorization: Bearer {token}\r\n\r\n");

        Assert.Equal(202, answer.Status);
        var request = Assert.Single(server.Requests);
        Assert.Contains(first, request, StringComparison.Ordinal);
        Assert.All(
            new[] { "X-Late", "Trailer", "\nTE:", "\nVia", "Forwarded", "Cookie", "\nConnection", token },
            text => Assert.DoesNotContain(text, request, StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [InlineData(98, 200)]
    [InlineData(120, 431)]
    public async Task More_headers_than_anybody_needs_are_refused(int headers, int status)
    {
        await using var world = await World.StartAsync();
        var lines = string.Concat(Enumerable.Range(0, headers - 4).Select(i => $"X-{i}: 1\r\n"));

        var answer = await SocketClient.ExchangeAsync(world, SocketClient.Post("/weather", world.WeatherToken(), Call, lines));

        Assert.Equal(status, answer.Status);
        Assert.Equal(status == 200 ? 1 : 0, world.Weather.Requests.Count);
    }

    [Fact]
    public async Task Over_http_2_a_call_passes_and_a_refusal_is_the_same()
    {
        await using var world = await World.StartAsync(configure: builder => builder.Configuration["Kestrel:EndpointDefaults:Protocols"] = "Http2");
        world.Weather.Answer = async context =>
        {
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync("{}");
        };
        async Task<HttpResponseMessage> SendAsync(string? token)
        {
            var request = new HttpRequestMessage(HttpMethod.Post, world.Gateway.Url + "/weather")
            {
                Version = HttpVersion.Version20,
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
                Content = new ByteArrayContent(Encoding.UTF8.GetBytes(Call)) { Headers = { ContentType = new("application/json") } },
            };
            request.Headers.Authorization = token is null ? null : new("Bearer", token);
            return await world.Gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);
        }

        using var passed = await SendAsync(world.WeatherToken());
        using var refused = await SendAsync(null);

        Assert.Equal((HttpStatusCode.OK, "{}"), (passed.StatusCode, await passed.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)));
        Assert.Equal((HttpStatusCode.Unauthorized, HttpVersion.Version20), (refused.StatusCode, refused.Version));
        Assert.Equal(["Bearer", "DPoP"], refused.Headers.WwwAuthenticate.Select(challenge => challenge.Scheme));
        Assert.Equal(Call, Assert.Single(world.Weather.Requests).Body);
    }
}
