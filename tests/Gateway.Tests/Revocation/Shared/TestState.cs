using System.Text.Json.Nodes;
using Demo;
using Gateway.Configuration.Options;
using Gateway.Revoke.Shared;
using Gateway.Tests.Harness;
using Harness;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;
using TokenExchange.Inbound.Revocation;
using Xunit;

namespace Gateway.Tests.Revocation.Shared;

/// <summary>A real server of the Redis protocol in the process of the test, and a key file that replicas share.</summary>
internal sealed class TestState : IAsyncDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("gateway-state-").FullName;
    private StateServer? server;
    private readonly List<RedisConnection> connections = [];
    private ConnectionMultiplexer? stranger;

    public TestState()
    {
        WriteKeys(NewKey());
        server = StateServer.Start();
        Port = server.Port;
    }

    public int Port { get; }

    public string KeyFile => Path.Combine(directory, "keys");

    public static string NewKey() => Convert.ToBase64String(System.Security.Cryptography.RandomNumberGenerator.GetBytes(32));

    public void WriteKeys(params string[] keys) => File.WriteAllLines(KeyFile, keys);

    /// <summary>Starts the server, empty.</summary>
    public void Start() => server = StateServer.Start(Port);

    /// <summary>Stops the server, which forgets everything.</summary>
    public void Stop()
    {
        server?.Dispose();
        server = null;
    }

    /// <summary>What writes there without any key.</summary>
    public async Task<IDatabase> StrangerAsync() => (stranger ??= await ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{Port},abortConnect=false")).GetDatabase();

    /// <summary>What a replica asks, by a connection of its own.</summary>
    public RedisState Connect()
    {
        var connection = new RedisConnection(new RedisOptions { Endpoints = [$"127.0.0.1:{Port}"], Tls = false });
        connections.Add(connection);
        return new RedisState(connection, 0);
    }

    public JsonObject Options(Action<JsonObject>? change = null)
    {
        var options = new JsonObject { ["Redis"] = new JsonObject { ["Endpoints"] = new JsonArray($"127.0.0.1:{Port}"), ["Tls"] = false } };
        change?.Invoke(options);
        return options;
    }

    /// <summary>Two replicas before one authorization server: the first is of the world, the second stands beside it.</summary>
    public async Task<Replicas> StartReplicasAsync(Action<JsonObject>? change = null, TimeProvider? clock = null, Action<WebApplicationBuilder>? configure = null)
    {
        clock ??= new ManualClock();
        JsonObject written = null!;
        var world = await World.StartAsync(
            options =>
            {
                options["SharedState"] = Options();
                options["SessionKeyFile"] = KeyFile;
                options["AuthorizationServers"]!["corp"]!["BackchannelLogout"] = true;
                change?.Invoke(options);
                written = options.DeepClone().AsObject();
            },
            clock,
            configure);
        var second = await TestGateway.StartAsync(written.DeepClone().AsObject(), clock, configure);
        var replicas = new Replicas(world, second, written, clock);
        await replicas.ReadyAsync();
        return replicas;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var connection in connections)
        {
            await connection.DisposeAsync();
        }

        if (stranger is not null)
        {
            await stranger.DisposeAsync();
        }

        Stop();
        Directory.Delete(directory, recursive: true);
    }
}

/// <summary>Two gateways with one shared state.</summary>
internal sealed record Replicas(World World, TestGateway Second, JsonObject Options, TimeProvider Clock) : IAsyncDisposable
{
    public TestGateway First => World.Gateway;

    /// <summary>Both have read everything.</summary>
    public async Task ReadyAsync()
    {
        await PollAsync(First);
        await PollAsync(Second);
    }

    /// <summary>Looks at the log until it can be looked at; true at once when it is there.</summary>
    public static async Task PollAsync(TestGateway gateway)
    {
        while (!await FeedOf(gateway).PollAsync())
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    public static StateFeed FeedOf(TestGateway gateway) => gateway.Services.GetRequiredService<StateFeed>();

    public static Revocations Of(TestGateway gateway) => gateway.Services.GetRequiredService<Revocations>();

    public async ValueTask DisposeAsync()
    {
        await Second.DisposeAsync();
        await World.DisposeAsync();
    }
}
