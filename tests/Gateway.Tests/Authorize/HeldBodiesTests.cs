using System.Globalization;
using System.Text.Json.Nodes;
using Gateway.Authorize.Bodies;
using Gateway.Tests.Harness;
using Gateway.Tests.Wire;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Gateway.Tests.Authorize;

/// <summary>What request bodies may hold in memory: all together, and one principal.</summary>
public sealed class HeldBodiesTests
{
    private const int Limit = 1024 * 1024;
    private static readonly string Body = Messages.Call("echo").Replace("{}", $$"""{"pad":"{{new string('x', 200_000)}}"}""", StringComparison.Ordinal);

    [Fact]
    public void Nobody_takes_more_than_a_quarter_and_all_no_more_than_there_is()
    {
        var held = new HeldBodies();
        var budget = new BodyBudget(held, 100);
        var holds = Enumerable.Range(0, 6).Select(i => budget.For(new Principal("issuer", $"user-{i}"))).ToArray();

        Assert.False(holds[0].TryGrow(26));
        for (var i = 0; i < 4; i++)
        {
            Assert.True(holds[i].TryGrow(20));
            Assert.True(holds[i].TryGrow(25));
            Assert.False(holds[i].TryGrow(26));
        }

        Assert.Equal(100, held.Total);
        Assert.False(holds[4].TryGrow(1));
        holds[1].Dispose();
        holds[1].Dispose();
        Assert.True(holds[4].TryGrow(25));
        Assert.False(holds[5].TryGrow(1));
        Assert.Equal(100, held.Total);
    }

    [Fact]
    public void One_subject_of_two_issuers_is_two_principals_and_of_two_requests_one()
    {
        var budget = new BodyBudget(new HeldBodies(), 100);
        var one = budget.For(new Principal("issuer", "alice"));
        var again = budget.For(new Principal("issuer", "alice"));
        var other = budget.For(new Principal("other", "alice"));

        Assert.True(one.TryGrow(20));
        Assert.False(again.TryGrow(6));
        Assert.True(other.TryGrow(25));
        one.Dispose();
        Assert.True(again.TryGrow(25));
    }

    [Fact]
    public void Counting_from_many_threads_loses_nothing()
    {
        var held = new HeldBodies();
        var budget = new BodyBudget(held, 1000);
        Parallel.For(0, 10_000, i =>
        {
            var hold = budget.For(new Principal("issuer", $"user-{i % 7}"));
            hold.TryGrow(1 + (i % 200));
            Assert.InRange(held.Total, 0, 1000);
            hold.Dispose();
        });

        Assert.Equal(0, held.Total);
    }

    [Fact]
    public async Task Who_holds_too_much_is_turned_away_and_others_are_served()
    {
        await using var world = await World.StartAsync(options => options["MaxBodyBytesHeld"] = Limit);
        var held = world.Gateway.Services.GetRequiredService<HeldBodies>();
        var mallory = world.WeatherToken((_, payload) => payload["sub"] = "mallory");
        using var slow = await SocketClient.ConnectAsync(world.Gateway.Url);
        await slow.SendAsync(SocketClient.Post("/weather", mallory, Body)[..^1]);
        await Eventually.HoldsAsync(() => held.Total >= 200_000);

        var refused = await world.Gateway.CallAsync("/weather", world.WeatherToken((_, payload) => (payload["sub"], payload["jti"]) = ("mallory", "another")), Body);
        var served = await world.Gateway.CallAsync("/weather", world.WeatherToken(), Body);

        Assert.Equal((503, "overloaded"), (refused.Status, refused.Reason));
        Assert.InRange(int.Parse(refused.Headers["Retry-After"], CultureInfo.InvariantCulture), 1, 30);
        Assert.Null(refused.Challenge);
        Assert.Equal(200, served.Status);
        Assert.Single(world.Weather.Requests);

        await slow.SendAsync("}");
        Assert.Equal(200, (await slow.AnswerAsync()).Status);
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", mallory, Body)).Status);
        await Eventually.HoldsAsync(() => held.Total == 0);
    }

    [Fact]
    public async Task Of_the_four_who_take_all_each_gives_back_what_it_took_when_it_leaves()
    {
        await using var world = await World.StartAsync(options => options["MaxBodyBytesHeld"] = 4 * 210_000);
        var held = world.Gateway.Services.GetRequiredService<HeldBodies>();
        var slow = new List<SocketClient>();
        for (var i = 0; i < 4; i++)
        {
            var client = await SocketClient.ConnectAsync(world.Gateway.Url);
            slow.Add(client);
            await client.SendAsync(SocketClient.Post("/weather", world.WeatherToken((_, payload) => payload["sub"] = $"mallory-{i}"), Body)[..^1]);
        }

        await Eventually.HoldsAsync(() => held.Total >= 800_000);
        Assert.Equal("overloaded", (await world.Gateway.CallAsync("/weather", world.WeatherToken(), Body)).Reason);
        Assert.InRange(held.Total, 800_000, 4 * 210_000);

        slow.ForEach(client => client.Reset());
        await Eventually.HoldsAsync(() => held.Total == 0);
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", world.WeatherToken(), Body)).Status);
    }

    [Fact]
    public async Task A_body_in_chunks_is_held_to_the_same()
    {
        await using var world = await World.StartAsync(options => options["MaxBodyBytesHeld"] = 4 * 210_000);
        var held = world.Gateway.Services.GetRequiredService<HeldBodies>();

        // Below a quarter although twice its buffer is not; and above.
        Assert.Equal(200, (await ChunkedAsync(world, Body)).Status);
        Assert.Equal("overloaded", (await ChunkedAsync(world, Body + new string(' ', 20_000))).Reason);
        await Eventually.HoldsAsync(() => held.Total == 0);
    }

    [Fact]
    public async Task What_lacks_a_required_scope_is_refused_before_its_body_is_read()
    {
        await using var world = await World.StartAsync(options =>
        {
            options["MaxBodyBytesHeld"] = 64 * 1024;
            options["Servers"]!["weather"]!["RequiredScopes"] = new JsonArray("mcp:access");
        });
        using var client = await SocketClient.ConnectAsync(world.Gateway.Url);
        await client.SendAsync($"POST /weather HTTP/1.1\r\nHost: gateway.test\r\nAuthorization: Bearer {world.WeatherToken()}\r\nContent-Type: application/json\r\nContent-Length: 4000000\r\n\r\n");

        var answer = await client.AnswerAsync();

        Assert.Equal(403, answer.Status);
        Assert.Contains("insufficient_scope", answer.Body, StringComparison.Ordinal);
        Assert.Contains(answer.Headers, header => header.Key == "WWW-Authenticate" && header.Value.Contains("scope=\"mcp:access\"", StringComparison.Ordinal));
        Assert.Equal(0, world.Gateway.Services.GetRequiredService<HeldBodies>().Total);
    }

    [Fact]
    public async Task Too_much_is_said_before_anything_of_the_body()
    {
        await using var world = await World.StartAsync(options => options["MaxBodyBytesHeld"] = 64 * 1024);
        var token = world.WeatherToken();

        // 16 KiB are a quarter; what is wrong with the body besides is not asked.
        var refused = await world.Gateway.CallAsync("/weather", token, new string('x', 17_000), request => request.Content!.Headers.ContentType = new("text/plain"));

        Assert.Equal((503, "overloaded"), (refused.Status, refused.Reason));
        Assert.Equal(415, (await world.Gateway.CallAsync("/weather", token, new string('x', 16_000), request => request.Content!.Headers.ContentType = new("text/plain"))).Status);
    }

    private static Task<Answer> ChunkedAsync(World world, string body) =>
        world.Gateway.SendAsync(HttpMethod.Post, "/weather", world.WeatherToken(), body, request => request.Headers.TransferEncodingChunked = true);
}
