using System.Net;
using Gateway.Authorize.Bodies;
using Gateway.Configuration.Rules;
using Gateway.Forward;
using Gateway.Tests.Harness;
using Gateway.Tests.Wire;
using Harness;
using Xunit;

namespace Gateway.Tests.Lifecycle;

/// <summary>How many requests may be with MCP servers at a time, where the process may have few files open.</summary>
public sealed class UnderWayTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void Nobody_takes_more_than_half_of_what_is_free()
    {
        var underWay = new UnderWay(16);
        int Entered(string subject) => Enumerable.Range(0, 20).Count(_ => underWay.TryEnter(new Principal("issuer", subject)));

        Assert.Equal([8, 4, 2, 1, 1, 0], ((string[])["a", "b", "c", "d", "e", "f"]).Select(Entered));
        underWay.Leave(new Principal("issuer", "a"));
        Assert.True(underWay.TryEnter(new Principal("issuer", "f")));
    }

    [Fact]
    public void Not_even_when_all_come_in_the_same_moment()
    {
        const int Most = 4096;
        for (var round = 0; round < 50; round++)
        {
            var underWay = new UnderWay(Most);
            var entered = 0;
            Parallel.For(0, Most, i =>
            {
                if (underWay.TryEnter(new Principal("issuer", "mallory")))
                {
                    Interlocked.Increment(ref entered);
                }
            });

            Assert.Equal(Most / 2, entered);
        }
    }

    [Theory]
    [InlineData(null, 4096L, 4096L)]
    [InlineData(256L, 4096L, 16L)]
    [InlineData(1024L, 4096L, 192L)]
    [InlineData(65536L, 65536L, 32448L)]
    [InlineData(65536L, 4096L, 4096L)]
    public void What_may_be_open_decides_and_what_there_is_memory_for(long? files, long memory, long most) => Assert.Equal(most, UnderWay.MostOf(files, memory));

    [Theory]
    [InlineData("::ffff:10.0.0.0/104", "10.0.0.0/8")]
    [InlineData("::ffff:127.0.0.1/128", "127.0.0.1/32")]
    [InlineData("10.0.0.0/8", "10.0.0.0/8")]
    [InlineData("2001:db8::/32", "2001:db8::/32")]
    public void A_range_of_addresses_as_IPv6_maps_them_is_one_of_IPv4(string written, string read) => Assert.Equal(IPNetwork.Parse(read), AddressRanges.Parse(written));

    [Fact]
    public async Task Whoever_keeps_ever_more_requests_open_ends_neither_the_process_nor_the_calls_of_others()
    {
        var directory = Directory.CreateTempSubdirectory("gateway-under-way-").FullName;
        await using var corp = new TestAuthorizationServer();
        await using var weather = new TestMcpServer();
        await using var notes = new TestMcpServer { Answer = context => Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default) };
        var hoard = new List<SocketClient>();
        try
        {
            TestGateway.Write(directory, World.Options(corp, weather, notes));
            await using var gateway = GatewayProcess.Start(directory, new Dictionary<string, string>(), 1024, "run", "--urls", "http://127.0.0.1:0");
            var url = await gateway.Listening.WaitAsync(Cancellation);
            var mallory = corp.Token(World.NotesResource, (_, payload) => payload["sub"] = "mallory");
            for (var i = 0; i < 450; i++)
            {
                var client = await SocketClient.ConnectAsync(url);
                hoard.Add(client);
                await client.SendAsync(SocketClient.Post("/notes", mallory, Messages.Call("echo")));
            }

            // Which of them are refused is chance; most are.
            var refused = await await Task.WhenAny(hoard.Select(client => client.AnswerAsync()));
            using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
            for (var i = 0; i < 10; i++)
            {
                Assert.Equal((200, null), await gateway.CallAsync(http, corp.Token(World.WeatherResource, (_, payload) => payload["sub"] = $"alice-{i}")));
            }

            Assert.Equal(503, refused.Status);
            Assert.Contains("\"reason\":\"overloaded\"", refused.Body, StringComparison.Ordinal);

            // Half of 192.
            Assert.InRange(notes.Requests.Count, 1, 96);
            gateway.Stop();
            hoard.ForEach(client => client.Dispose());
            Assert.Equal(0, await gateway.ExitAsync());
        }
        finally
        {
            hoard.ForEach(client => client.Dispose());
            Directory.Delete(directory, recursive: true);
        }
    }
}
