using System.Text;
using Gateway.Tests.Harness;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Gateway.Tests.Forward;

/// <summary>Bodies arrive byte for byte and framed once, whatever their size and however the client framed them.</summary>
public sealed class BodyTests
{
    private const int SentWhole = 64 * 1024;

    [Theory]
    [InlineData(0, false)]
    [InlineData(0, true)]
    [InlineData(SentWhole, false)]
    [InlineData(SentWhole, true)]
    [InlineData(SentWhole + 1, false)]
    [InlineData(SentWhole + 1, true)]
    [InlineData(1024 * 1024, false)]
    [InlineData(1024 * 1024, true)]
    public async Task A_body_arrives_as_it_was_sent_and_again_when_the_token_is_refused_once(int size, bool chunked)
    {
        await using var world = await World.StartAsync();
        var answer = world.Weather.Answer;
        world.Weather.Answer = context =>
        {
            if (world.Weather.Requests.Count == 1)
            {
                context.Response.StatusCode = 401;
                return Task.CompletedTask;
            }

            return answer(context);
        };
        var body = BodyOf(size);

        var outcome = await world.Gateway.CallAsync("/weather", world.WeatherToken(), body, request => request.Headers.TransferEncodingChunked = chunked);

        Assert.Equal(200, outcome.Status);
        Assert.Equal(2, world.Weather.Requests.Count);
        Assert.All(world.Weather.Requests, arrived =>
        {
            Assert.Equal(body, arrived.Body);
            Assert.Equal(chunked && Encoding.UTF8.GetByteCount(body) > SentWhole, arrived.Headers.ContainsKey("Transfer-Encoding"));
            Assert.Equal(!arrived.Headers.ContainsKey("Transfer-Encoding"), arrived.Headers.ContainsKey("Content-Length"));
            Assert.Equal("application/json", arrived.Headers["Content-Type"]);
        });
    }

    [Fact]
    public async Task A_get_has_no_body_and_no_framing_of_one()
    {
        await using var world = await World.StartAsync();
        world.Weather.Answer = context =>
        {
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            return Task.CompletedTask;
        };

        var outcome = await world.Gateway.SendAsync(HttpMethod.Get, "/weather", world.WeatherToken());

        Assert.Equal(405, outcome.Status);
        var arrived = Assert.Single(world.Weather.Requests);
        Assert.False(arrived.Headers.ContainsKey("Content-Length"));
        Assert.False(arrived.Headers.ContainsKey("Transfer-Encoding"));
    }

    /// <summary>A call of this many bytes; a small one when there are too few for any.</summary>
    private static string BodyOf(int size)
    {
        var empty = Messages.Call("echo").Replace("\"echo\"", "\"echo\",\"x\":\"\"", StringComparison.Ordinal);
        var filler = new string('é', Math.Max(0, size - Encoding.UTF8.GetByteCount(empty)) / 2);
        var odd = Math.Max(0, size - Encoding.UTF8.GetByteCount(empty)) % 2 == 1 ? "e" : "";
        return empty.Replace("\"x\":\"\"", $"\"x\":\"{filler}{odd}\"", StringComparison.Ordinal);
    }
}
