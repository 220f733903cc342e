using Gateway.Tests.Harness;
using Gateway.Tests.Wire;
using Harness;
using Xunit;

namespace Gateway.Tests.Lifecycle;

/// <summary>The real program where there is little memory, and others ask for more: it refuses them, and goes on.</summary>
[Collection(nameof(Floods))]
public sealed class LittleMemoryTests : IAsyncLifetime
{
    private const string Unfinished = "POST /weather HTTP/1.1\r\nHost: gateway.test\r\nX-Pad: ";
    private readonly string directory = Directory.CreateTempSubdirectory("gateway-memory-").FullName;
    private readonly HttpClient client = new(new SocketsHttpHandler { UseProxy = false });
    private readonly List<SocketClient> hoard = [];
    private readonly TestAuthorizationServer corp = new();
    private readonly TestMcpServer weather = new();
    private readonly TestMcpServer notes = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        TestGateway.Write(directory, World.Options(corp, weather, notes));
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        hoard.ForEach(one => one.Dispose());
        client.Dispose();
        await corp.DisposeAsync();
        await weather.DisposeAsync();
        await notes.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task Strangers_whose_headers_never_end_are_closed_and_do_not_end_the_process()
    {
        await using var gateway = Start(megabytes: 64);
        var url = await gateway.Listening.WaitAsync(Cancellation);
        var head = Unfinished + string.Join("\r\nX-Pad: ", Enumerable.Repeat(new string('x', 7_000), 4));
        for (var i = 0; i < 1500; i++)
        {
            await HoardAsync(url, head);
        }

        hoard.ForEach(one => one.Dispose());

        await AssertServedAsync(gateway);
    }

    [Fact]
    public async Task Bodies_of_several_callers_that_never_end_are_refused_as_too_many()
    {
        await using var gateway = Start(megabytes: 96);
        var url = await gateway.Listening.WaitAsync(Cancellation);
        var most = new string(' ', 4_000_000);
        for (var i = 0; i < 48; i++)
        {
            var token = corp.Token(World.WeatherResource, (_, payload) => payload["sub"] = $"mallory-{i % 8}");
            await HoardAsync(url, $"POST /weather HTTP/1.1\r\nHost: gateway.test\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: 4000001\r\n\r\n{most}");
        }

        hoard.ForEach(one => one.Dispose());

        await AssertServedAsync(gateway);
        Assert.Contains("\"reason\":\"overloaded\"", gateway.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("internal_error", gateway.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(64, 512, 16, 512, 8)]
    [InlineData(384, 3072, 96, 3072, 48)]
    public void Each_kind_has_its_share(int megabytes, long connections, long bodies, long requests, long answers)
    {
        var bytes = megabytes * 1024L * 1024;

        Assert.Equal(
            (connections, bodies << 20, requests, answers << 20),
            (AvailableMemory.Connections(bytes), AvailableMemory.Bodies(bytes), AvailableMemory.Requests(bytes), AvailableMemory.Answers(bytes)));
    }

    private GatewayProcess Start(int megabytes) => GatewayProcess.Start(
        directory, new Dictionary<string, string> { ["DOTNET_GCHeapHardLimit"] = $"0x{megabytes * 1024L * 1024:x}" }, "run", "--urls", "http://127.0.0.1:0");

    /// <summary>Sends, as far as the gateway takes it.</summary>
    private async Task HoardAsync(string url, string text)
    {
        var one = await SocketClient.ConnectAsync(url);
        hoard.Add(one);
        try
        {
            await one.SendAsync(text);
        }
        catch (IOException)
        {
            // Refused, or closed.
        }
    }

    /// <summary>Once the gateway has noticed who has left.</summary>
    private Task AssertServedAsync(GatewayProcess gateway) => Eventually.HoldsAsync(async () =>
    {
        try
        {
            return await gateway.CallAsync(client, corp.Token(World.WeatherResource)) is (200, null);
        }
        catch (HttpRequestException exception) when (exception.HttpRequestError != HttpRequestError.ConnectionError)
        {
            return false;
        }
    });
}
