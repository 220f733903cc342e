using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Harness;
using Microsoft.Extensions.DependencyInjection;
using TokenExchange.Outbound.Cache;
using Xunit;

namespace Gateway.Tests.Resilience;

/// <summary>
/// The gateway before two MCP servers, <c>/weather</c> and <c>/notes</c>, and an authorization server on a bare socket
/// that fails as a test says. Its keys are always served.
/// </summary>
internal sealed class OutageWorld : IAsyncDisposable
{
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);
    private int numbered;

    public required TestAuthorizationServer As { get; init; }

    public required EagerClock Clock { get; init; }

    public required TestMcpServer Weather { get; init; }

    public required TestMcpServer Notes { get; init; }

    public required TestGateway Gateway { get; init; }

    public ExchangeCache Cache => Gateway.Services.GetRequiredService<ExchangeCache>();

    public static async Task<OutageWorld> StartAsync(Action<JsonObject>? change = null)
    {
        var (stub, clock) = (new TestAuthorizationServer(), new EagerClock());
        stub.WireAnswer = request => Issue(stub, clock, request);
        var weather = new TestMcpServer();
        var notes = new TestMcpServer();
        var options = new JsonObject
        {
            ["AuthorizationServers"] = new JsonObject
            {
                ["corp"] = new JsonObject
                {
                    ["Issuer"] = stub.Issuer,
                    ["Client"] = new JsonObject { ["Id"] = "mcp-gateway", ["Authentication"] = "client_secret_basic", ["Secret"] = World.Secret },
                },
            },
            ["Servers"] = new JsonObject { ["weather"] = World.Server(weather), ["notes"] = World.Server(notes) },
        };
        change?.Invoke(options);
        return new OutageWorld { As = stub, Clock = clock, Weather = weather, Notes = notes, Gateway = await TestGateway.StartAsync(options, clock) };
    }

    /// <summary>The sound answer to a token request, as the stub gives it from the start.</summary>
    public StubAnswer Issue(RecordedRequest request) => Issue(As, Clock, request);

    /// <summary>A sound answer with a token that lives as long as said.</summary>
    public StubAnswer Issue(RecordedRequest request, int life) => Issue(As, Clock, request, life);

    /// <summary>A token that nobody has used yet, so that its first call needs an exchange; of a subject of its own unless one is given.</summary>
    public string Cold(string server = "weather", int life = 3600, string? subject = null)
    {
        var number = Interlocked.Increment(ref numbered);
        return TokenForge.AccessToken(As.Key, As.Issuer, $"{TestGateway.PublicUrl}/{server}", Clock.GetUtcNow(), (_, payload) =>
        {
            payload["jti"] = $"inbound-{number}";
            payload["sub"] = subject ?? $"user-{number}";
            payload["exp"] = Clock.GetUtcNow().ToUnixTimeSeconds() + life;
        });
    }

    /// <summary>A token whose hop token is in the cache.</summary>
    public async Task<string> WarmAsync(string server = "weather")
    {
        var token = Cold(server);
        Assert.Equal(200, (await CallAsync(token, server)).Status);
        return token;
    }

    /// <summary>How many of the calls so far got their hop token so: <c>issued</c>, <c>joined</c>, <c>hit</c> or <c>none</c>.</summary>
    public int Exchanged(string how) => Gateway.Audit.Count(line => line["exchange"]!.GetValue<string>() == how);

    public Task<Answer> CallAsync(string token, string server = "weather") => Gateway.CallAsync("/" + server, token);

    /// <summary>Calls at once, and returns when all of them wait for an exchange.</summary>
    public async Task<Task<Answer>[]> CallAndWaitAsync(IEnumerable<string> tokens)
    {
        var before = Cache.Waiting;
        var calls = tokens.Select(token => Task.Run(() => CallAsync(token))).ToArray();
        await Eventually.HoldsAsync(() => Cache.Waiting == before + calls.Length, calls);
        return calls;
    }

    public async ValueTask DisposeAsync()
    {
        await As.DisposeAsync();
        await Gateway.DisposeAsync();
        await Weather.DisposeAsync();
        await Notes.DisposeAsync();
    }

    private static StubAnswer Issue(TestAuthorizationServer stub, EagerClock clock, RecordedRequest request, int life = 300)
    {
        var subject = TokenReader.PayloadOf(request["subject_token"]!);
        return StubAnswer.Token(TokenForge.AccessToken(stub.Key, stub.Issuer, request["audience"] ?? request["resource"]!, clock.GetUtcNow(), (_, payload) =>
        {
            payload["sub"] = subject["sub"]!.DeepClone();
            payload["client_id"] = "mcp-gateway";
            payload["jti"] = Guid.NewGuid().ToString();
            payload["exp"] = clock.GetUtcNow().ToUnixTimeSeconds() + life;
        }));
    }
}
