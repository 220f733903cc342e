using System.Text.Json.Nodes;
using Harness;
using Xunit;

namespace Gateway.Tests.Harness;

/// <summary>One authorization server, two MCP servers and the gateway between: <c>/weather</c> and <c>/notes</c>.</summary>
public sealed class World : IAsyncDisposable
{
    public const string Secret = "canary-client-secret-7f3a";
    public const string WeatherResource = TestGateway.PublicUrl + "/weather";
    public const string NotesResource = TestGateway.PublicUrl + "/notes";

    public required TestAuthorizationServer As { get; init; }

    public required TestMcpServer Weather { get; init; }

    public required TestMcpServer Notes { get; init; }

    public required TestGateway Gateway { get; init; }

    /// <summary>Starts all of it; <paramref name="change"/> may rewrite the options before the gateway reads them.</summary>
    public static async Task<World> StartAsync(Action<JsonObject>? change = null, TimeProvider? clock = null, Action<Microsoft.AspNetCore.Builder.WebApplicationBuilder>? configure = null, params TestKey[] keys)
    {
        var authorizationServer = new TestAuthorizationServer();
        if (keys.Length > 0)
        {
            authorizationServer.Keys = keys;
        }

        if (clock is not null)
        {
            authorizationServer.Clock = clock;
        }

        var weather = new TestMcpServer();
        var notes = new TestMcpServer();
        var options = Options(authorizationServer, weather, notes);
        change?.Invoke(options);
        var gateway = await TestGateway.StartAsync(options, clock, configure);
        if (clock is not null)
        {
            await gateway.FetchedAsync(authorizationServer.Issuer);
        }

        return new World { As = authorizationServer, Weather = weather, Notes = notes, Gateway = gateway };
    }

    /// <summary>The same, with the weather server at another address; <paramref name="change"/> may rewrite its options.</summary>
    public static Task<World> StartAsync(string weather, Action<JsonNode>? change = null) => StartAsync(options =>
    {
        var server = options["Servers"]!["weather"]!;
        server["Destinations"] = new JsonArray(weather);
        change?.Invoke(server);
    });

    public static JsonObject Options(TestAuthorizationServer authorizationServer, TestMcpServer weather, TestMcpServer notes) => new()
    {
        ["AuthorizationServers"] = new JsonObject
        {
            ["corp"] = new JsonObject
            {
                ["Issuer"] = authorizationServer.Issuer,
                ["Client"] = new JsonObject { ["Id"] = "mcp-gateway", ["Authentication"] = "client_secret_basic", ["Secret"] = Secret },
            },
        },
        ["Servers"] = new JsonObject
        {
            ["weather"] = Server(weather),
            ["notes"] = Server(notes),
        },
    };

    public static JsonObject Server(TestMcpServer server) => new()
    {
        ["Destinations"] = new JsonArray(server.Url),
        ["Outbound"] = new JsonObject { ["Mode"] = "exchange", ["AuthorizationServer"] = "corp" },
    };

    /// <summary>A token that the weather server accepts.</summary>
    public string WeatherToken(Action<JsonObject, JsonObject>? change = null) => As.Token(WeatherResource, change);

    /// <summary>Asserts that nothing happened behind the gateway.</summary>
    public void AssertNothingWasSent()
    {
        Assert.Empty(As.Exchanges);
        AssertNothingWasForwarded();
    }

    public void AssertNothingWasForwarded()
    {
        Assert.Empty(Weather.Requests);
        Assert.Empty(Notes.Requests);
    }

    public async ValueTask DisposeAsync()
    {
        await Gateway.DisposeAsync();
        await As.DisposeAsync();
        await Weather.DisposeAsync();
        await Notes.DisposeAsync();
    }
}
