using System.Text.Json.Nodes;
using Gateway.Commands;
using Gateway.Tests.Harness;
using Harness;
using Xunit;

namespace Gateway.Tests.Peers;

/// <summary>The gateway before a real OpenIddict 7.8: what it takes, what it refuses and how, keys that change, tokens that are references.</summary>
public sealed class OpenIddictTests(OpenIddictTests.Servers servers) : IClassFixture<OpenIddictTests.Servers>, IAsyncDisposable
{
    private const string Gateway = "https://mcp.example.com/weather";
    private readonly string directory = Directory.CreateTempSubdirectory("openiddict-").FullName;
    private readonly List<IAsyncDisposable> started = [];
    private readonly TestMcpServer weather = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        foreach (var one in started.AsEnumerable().Reverse())
        {
            await one.DisposeAsync();
        }

        await weather.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }

    [Theory]
    [InlineData("""{"Resource":"https://weather.internal/mcp"}""", "https://weather.internal/mcp")]
    [InlineData("""{"Audience":"weather"}""", "weather")]
    [InlineData("""{"Resource":"https://weather.internal/mcp","Audience":"weather","ResultAudiences":["https://weather.internal/mcp","weather"]}""", "https://weather.internal/mcp weather")]
    public async Task A_token_is_exchanged_for_one_with_the_target_asked_for(string outbound, string audiences)
    {
        var server = await ServeAsync();
        var gateway = await StartAsync(server, outbound: outbound);

        Assert.Equal((200, null), await CallAsync(gateway, await server.TokenAsync(Gateway, "mcp-gateway")));

        var token = TokenReader.PayloadOf(Assert.Single(weather.Requests).Token!);
        Assert.Equal(audiences.Split(' '), token["aud"] is JsonArray list ? list.Select(value => value!.GetValue<string>()) : [token["aud"]!.GetValue<string>()]);
        Assert.Equal(("alice", "mcp-gateway", "mcp:read"), ((string?)token["sub"], (string?)token["client_id"], (string?)token["scope"]));
    }

    [Theory]
    [InlineData("client_secret_basic", "mcp-gateway")]
    [InlineData("client_secret_post", "mcp-gateway")]
    [InlineData("private_key_jwt", "keyed")]
    public async Task The_gateway_is_believed_who_it_is_in_each_way(string method, string id)
    {
        var server = await ServeAsync();
        var gateway = await StartAsync(server, Client(server, id, method));

        Assert.Equal((200, null), await CallAsync(gateway, await server.TokenAsync(Gateway, id)));
    }

    /// <summary>Who asks how for what, what the gateway makes of the answer, and whether the client is held off after it.</summary>
    public static TheoryData<string, string, string, int, string, bool> Refusals => new()
    {
        // Client, change of the client, outbound, status, reason, held
        { "mcp-gateway", """{"Secret":"wrong"}""", "{}", 502, "exchange_misconfigured", true },
        { "nobody", "{}", "{}", 502, "exchange_misconfigured", true },
        { "no-grant", "{}", "{}", 502, "exchange_misconfigured", true },
        { "no-endpoint", "{}", "{}", 502, "exchange_misconfigured", true },
        { "no-resource", "{}", "{}", 403, "exchange_target_refused", false },
        { "no-scope", "{}", "{}", 403, "exchange_target_refused", false },
        { "mcp-gateway", "{}", """{"Resource":"https://unpermitted.internal/mcp"}""", 403, "exchange_target_refused", false },
        { "mcp-gateway", "{}", """{"Resource":"https://unknown.internal/mcp"}""", 403, "exchange_target_refused", false },
        { "mcp-gateway", "{}", """{"Audience":"nobody"}""", 403, "exchange_target_refused", false },
        { "mcp-gateway", "{}", """{"ScopeMap":[{"Inbound":"mcp:read","Outbound":["unknown"]}]}""", 403, "exchange_target_refused", false },
        { "keyed", """{"AssertionAudience":"https://elsewhere.example"}""", "{}", 502, "exchange_misconfigured", true },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task Each_refusal_is_taken_for_what_it_means(string id, string change, string outbound, int status, string reason, bool held)
    {
        var server = await ServeAsync();
        var client = Client(server, id, id == "keyed" ? "private_key_jwt" : "client_secret_post");
        foreach (var (name, value) in JsonNode.Parse(change)!.AsObject())
        {
            client[name] = value!.DeepClone();
        }

        var gateway = await StartAsync(server, client, outbound == "{}" ? null : outbound);
        for (var i = 1; i <= 2; i++)
        {
            Assert.Equal((status, reason), await CallAsync(gateway, await server.TokenAsync(Gateway, id)));
            Assert.Equal(held ? 1 : i, server.Requests.Count);
        }

        Assert.Empty(weather.Requests);
    }

    [Fact]
    public async Task A_subject_token_that_names_another_client_is_the_users_affair()
    {
        var server = await ServeAsync();
        var gateway = await StartAsync(server);

        Assert.Equal((401, "exchange_subject_refused"), await CallAsync(gateway, await server.TokenAsync(Gateway)));
        Assert.Equal((200, null), await CallAsync(gateway, await server.TokenAsync(Gateway, "mcp-gateway")));
    }

    [Fact]
    public async Task A_change_of_key_and_algorithm_is_followed_and_the_old_key_stops_working()
    {
        await using var server = await OpenIddictServer.StartAsync();
        var gateway = await StartAsync(server, refresh: "00:00:01");
        var before = await server.TokenAsync(Gateway, "mcp-gateway");
        Assert.Equal((200, null), await CallAsync(gateway, before));

        server.Rotate();
        var after = await server.TokenAsync(Gateway, "mcp-gateway");
        while ((await CallAsync(gateway, after)).Status != 200)
        {
            await Task.Delay(20, Cancellation);
        }

        Assert.Equal((401, "kid_unknown"), await CallAsync(gateway, before));
        Assert.Equal("RS256", (string?)TokenReader.HeaderOf(weather.Requests[^1].Token!)["alg"]);
    }

    [Fact]
    public async Task Reference_tokens_are_asked_about_and_exchanged_for_one_another()
    {
        var server = await ServeAsync(references: true);
        var gateway = await StartAsync(server, outbound: """{"Resource":"https://weather.internal/mcp","ResultFormat":"opaque"}""", introspection: true);

        Assert.Equal((200, null), await CallAsync(gateway, await server.TokenAsync(Gateway, "mcp-gateway")));
        Assert.Equal(["/connect/introspect", "/connect/token"], server.Requests);
        Assert.Equal((401, "inactive"), await CallAsync(gateway, "made-up"));

        // A client that is no audience of the token is told nothing of it.
        Assert.Equal((401, "inactive"), await CallAsync(gateway, await server.TokenAsync(Gateway)));
        Assert.Single(weather.Requests);
    }

    [Fact]
    public async Task A_client_that_may_not_introspect_learns_nothing_and_the_user_is_not_blamed()
    {
        var server = await ServeAsync(references: true);
        var gateway = await StartAsync(server, Client(server, "no-introspection", "client_secret_post"), introspection: true);

        Assert.Equal((503, "introspection_unavailable"), await CallAsync(gateway, await server.TokenAsync(Gateway, "no-introspection")));
    }

    [Theory]
    [InlineData("no-grant")]
    [InlineData("no-endpoint")]
    [InlineData("no-resource")]
    public async Task Doctor_passes_no_client_that_may_not_exchange(string id)
    {
        var server = await ServeAsync();
        var gateway = await StartAsync(server, Client(server, id, "client_secret_post"));
        using StringWriter output = new(), errors = new();

        await new CommandLine(output, errors).RunAsync(["doctor", "--config", gateway.ConfigPath]);
        Assert.DoesNotContain("pass  weather client", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("note  weather client at corp: its credentials are accepted", output.ToString(), StringComparison.Ordinal);

        var file = Path.Combine(directory, "subject");
        await File.WriteAllTextAsync(file, await server.TokenAsync(Gateway, id), Cancellation);
        Assert.Equal(1, await new CommandLine(output, errors).RunAsync(["doctor", "--config", gateway.ConfigPath, "--subject-token-file", file]));
        Assert.Contains("FAIL  weather exchange: ", output.ToString(), StringComparison.Ordinal);
    }

    private async Task<OpenIddictServer> ServeAsync(bool references = false)
    {
        var server = await (references ? servers.References : servers.Plain).Value;
        server.Forget();
        return server;
    }

    private async Task<TestGateway> StartAsync(OpenIddictServer server, JsonObject? client = null, string? outbound = null, bool introspection = false, string? refresh = null)
    {
        var way = JsonNode.Parse(outbound ?? """{"Resource":"https://weather.internal/mcp"}""")!.AsObject();
        way["Mode"] = "exchange";
        way["AuthorizationServer"] = "corp";
        if (way["Resource"] is null && way["Audience"] is null)
        {
            way["Resource"] = OpenIddictServer.Weather;
        }

        var corp = new JsonObject { ["Issuer"] = server.Issuer, ["Profile"] = "openiddict", ["Timeout"] = "00:00:30", ["Client"] = client ?? Client(server, "mcp-gateway", "client_secret_basic") };
        if (introspection)
        {
            corp["Introspection"] = new JsonObject { ["Mode"] = "opaque" };
        }

        if (refresh is not null)
        {
            corp["KeyRefresh"] = refresh;
        }

        var gateway = await TestGateway.StartAsync(new JsonObject
        {
            ["AuthorizationServers"] = new JsonObject { ["corp"] = corp },
            ["Servers"] = new JsonObject { ["weather"] = new JsonObject { ["Destinations"] = new JsonArray(weather.Url), ["Outbound"] = way } },
        });
        started.Add(gateway);
        return gateway;
    }

    private JsonObject Client(OpenIddictServer server, string id, string method)
    {
        var client = new JsonObject { ["Id"] = id, ["Authentication"] = method };
        if (method != "private_key_jwt")
        {
            client["Secret"] = OpenIddictServer.Secret;
            return client;
        }

        var key = Path.Combine(directory, "client.pem");
        File.WriteAllText(key, server.ClientKey);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        client["KeyFile"] = key;
        client["KeyId"] = "gateway-1";
        return client;
    }

    private static async Task<(int Status, string? Reason)> CallAsync(TestGateway gateway, string token)
    {
        var answer = await gateway.CallAsync("/weather", token);
        return (answer.Status, answer.Status == 200 ? null : answer.Reason);
    }

    /// <summary>Started once for all tests: what takes long there is hashing the secrets of its applications.</summary>
    public sealed class Servers : IAsyncDisposable
    {
        internal Lazy<Task<OpenIddictServer>> Plain { get; } = new(() => OpenIddictServer.StartAsync());

        internal Lazy<Task<OpenIddictServer>> References { get; } = new(() => OpenIddictServer.StartAsync(references: true));

        public async ValueTask DisposeAsync()
        {
            foreach (var server in new[] { Plain, References }.Where(server => server.IsValueCreated))
            {
                await (await server.Value).DisposeAsync();
            }
        }
    }
}
