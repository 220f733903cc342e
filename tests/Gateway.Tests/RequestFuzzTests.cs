using System.Text;
using Gateway.Authorize;
using Gateway.Tests.Harness;
using Harness;
using Xunit;

namespace Gateway.Tests;

/// <summary>Mutated bodies and headers: refused or forwarded byte for byte, never an error of the gateway.</summary>
public sealed class RequestFuzzTests
{
    private const int Seed = 8707;

    private static readonly byte[] Sound = Encoding.UTF8.GetBytes(
        """{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","arguments":{"a":[1,2.5,null]},"_meta":{"progressToken":"p"} } }""");

    [Fact]
    public void A_mutated_body_is_one_message_or_refused_and_the_reader_never_throws()
    {
        var random = new Random(Seed);
        var read = 0;
        for (var i = 0; i < 100_000; i++)
        {
            var operation = OperationReader.Read(Fuzzing.Mutate(Sound, random), out var refusal, out _);
            Assert.True(operation is null ^ refusal is null);
            read += operation is null ? 0 : 1;
        }

        // Many mutations only touch a value: those must still be read, or the reader would be of no use.
        Assert.InRange(read, 1, 99_999);
    }

    [Fact]
    public async Task A_mutated_request_is_refused_or_arrives_byte_for_byte()
    {
        await using var world = await World.StartAsync();
        var token = world.WeatherToken();
        var random = new Random(Seed);
        for (var i = 0; i < 2_000; i++)
        {
            var body = Fuzzing.Mutate(Sound, random);
            var before = world.Weather.Requests.Count;
            var answer = await world.Gateway.SendAsync(HttpMethod.Post, "/weather", token, change: request =>
            {
                request.Content = new ByteArrayContent(body) { Headers = { ContentType = new("application/json") } };
                if (random.Next(4) == 0)
                {
                    request.Headers.TryAddWithoutValidation("Mcp-Name", "x" + random.Next());
                }
            });

            Assert.True(answer.Status is 200 or 400, $"{answer.Status}: {Encoding.UTF8.GetString(body)}");
            if (answer.Status == 200)
            {
                Assert.Equal(Encoding.UTF8.GetString(body), world.Weather.Requests[before].Body);
            }
            else
            {
                Assert.Equal(before, world.Weather.Requests.Count);
            }
        }

        // Neither outcome is the only one: many mutations only touch a value.
        Assert.InRange(world.Weather.Requests.Count, 1, 1_999);
        Assert.DoesNotContain("internal_error", world.Gateway.Log, StringComparison.Ordinal);
    }
}
