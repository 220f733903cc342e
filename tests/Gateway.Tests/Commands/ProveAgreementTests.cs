using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using Gateway.Commands;
using Gateway.Commands.Proving;
using Gateway.Configuration;
using Gateway.Configuration.Options;
using Gateway.Tests.Harness;
using Harness;
using TokenExchange.Inbound;
using Xunit;

namespace Gateway.Tests.Commands;

/// <summary>
/// What <c>prove</c> lists is what the running gateway does, of generated configurations: up to three issuers, four servers,
/// every mode. <c>PROVE_RUNS=1000</c> tries so many seeds more.
/// </summary>
public sealed class ProveAgreementTests : IAsyncLifetime
{
    private const int RandomTokens = 24;
    private readonly List<TestAuthorizationServer> issuers = [];
    private readonly List<TestMcpServer> backs = [];
    private readonly string files = Directory.CreateTempSubdirectory("gateway-prove-").FullName;

    public static TheoryData<int> Seeds =>
        [.. Enumerable.Range(1, 6), .. Enumerable.Range(1001, int.TryParse(Environment.GetEnvironmentVariable("PROVE_RUNS"), CultureInfo.InvariantCulture, out var runs) ? runs : 0)];

    public async ValueTask InitializeAsync()
    {
        for (var i = 0; i < 3; i++)
        {
            issuers.Add(new TestAuthorizationServer());
        }

        for (var i = 0; i < 4; i++)
        {
            backs.Add(new TestMcpServer());
        }

        await File.WriteAllTextAsync(Path.Combine(files, "key"), "static-key\n", TestContext.Current.CancellationToken);
        using var output = new StringWriter();
        Assert.Equal(0, await new CommandLine(output, output).RunAsync(["keys", "new", "--directory", Path.Combine(files, "signing")]));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var issuer in issuers)
        {
            await issuer.DisposeAsync();
        }

        foreach (var back in backs)
        {
            await back.DisposeAsync();
        }

        Directory.Delete(files, recursive: true);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task What_is_listed_is_reached_and_nothing_else(int seed)
    {
        var random = new Random(seed);
        await using var gateway = await TestGateway.StartAsync(Configuration(random));
        var loaded = ConfigurationLoader.Load(new ConfigurationInput { Path = gateway.ConfigPath });
        var proof = global::Gateway.Commands.Proving.Proof.Of(loaded.Options!);

        // A real token of each class that is listed reaches what is listed.
        foreach (var way in proof.Ways)
        {
            var token = new Drawn(way.Issuer, [way.Audience], way.Clients?[0] ?? "agent", ["mcp:read", "mcp:write"]);
            await CheckAsync(gateway, proof, way.Server, token, seed);
        }

        // Tokens drawn at random reach nothing that is not.
        ImmutableArray<string> audiences = [.. proof.Ways.Select(way => way.Audience).Distinct(), "mcp-gateway", TestGateway.PublicUrl, TestGateway.PublicUrl + "/s0/"];
        for (var i = 0; i < RandomTokens; i++)
        {
            var token = new Drawn(
                issuers[random.Next(issuers.Count)].Issuer,
                [.. random.GetItems(audiences.AsSpan(), random.Next(1, 3)).Distinct()],
                random.Next(2) == 0 ? "agent" : "desk",
                random.Next(2) == 0 ? ["mcp:read", "mcp:write"] : ["mcp:write"]);
            await CheckAsync(gateway, proof, loaded.Options!.Servers.Keys.ElementAt(random.Next(loaded.Options.Servers.Count)), token, seed);
        }
    }

    private async Task CheckAsync(TestGateway gateway, global::Gateway.Commands.Proving.Proof proof, string server, Drawn drawn, int seed)
    {
        var listed = proof.Ways.Where(way => way.Server == server && Admits(way, drawn)).ToArray();
        var before = backs.Select(back => back.Requests.Count).ToArray();
        var issuer = issuers.Single(issuer => issuer.Issuer == drawn.Issuer);
        var answer = await gateway.CallAsync("/" + server, issuer.Token(drawn.Audiences[0], (_, payload) =>
        {
            payload["aud"] = drawn.Audiences.Length == 1 ? drawn.Audiences[0] : new JsonArray([.. drawn.Audiences.Select(audience => (JsonNode)audience)]);
            payload["client_id"] = drawn.Client;
            payload["scope"] = string.Join(' ', drawn.Scopes);
        }));
        var reached = backs.Where((back, i) => back.Requests.Count > before[i]).ToArray();
        var told = $"seed {seed}: {drawn} at {server}: {answer.Status} {answer.Reason} {answer.Body}";
        Assert.True(listed.Length > 0 == (answer.Status == 200), told);
        Assert.True(reached.Length == (listed.Length > 0 ? 1 : 0), told);
        if (listed.Length == 0)
        {
            return;
        }

        Assert.Contains(reached[0].Url, listed[0].McpServer);
        var authorization = reached[0].Requests[^1].Headers.GetValueOrDefault("Authorization");
        if (listed[0].OutboundIssuer is null)
        {
            Assert.False(authorization?.Contains('.', StringComparison.Ordinal) == true, told);
            return;
        }

        var claims = TokenReader.PayloadOf(authorization!);
        Assert.Contains(listed, way => Carries(way, claims, drawn));
    }

    private static bool Admits(Way way, Drawn drawn) =>
        way.Issuer == drawn.Issuer && drawn.Audiences.Contains(way.Audience)
        && (way.Beside is not { } beside || drawn.Audiences.All(audience => audience == way.Audience || beside.Contains(audience)))
        && way.Clients?.Contains(drawn.Client) != false
        && way.RequiredScopes.All(drawn.Scopes.Contains);

    private static bool Carries(Way way, JsonNode claims, Drawn drawn)
    {
        var audiences = claims["aud"] is JsonArray list ? list.Select(audience => (string)audience!).ToArray() : [(string)claims["aud"]!];
        var scopes = ScopeSet.Parse((string?)claims["scope"]);
        var life = TimeSpan.FromSeconds((long)claims["exp"]! - (long)claims["iat"]!);
        return (string?)claims["iss"] == way.OutboundIssuer
            && (way.Mode == OutboundMode.SameToken ? audiences.SequenceEqual(drawn.Audiences) : audiences.All(way.OutboundAudiences.Contains))
            && scopes.All(scope => way.OutboundScopes?.Contains(scope) ?? drawn.Scopes.Contains(scope))
            && life <= way.Lifetime
            && (way.Mode == OutboundMode.SameToken || (string?)claims["act"]?["sub"] == way.Actor);
    }

    private JsonObject Configuration(Random random)
    {
        var trusted = random.Next(1, issuers.Count + 1);
        var servers = new JsonObject();
        var count = random.Next(1, backs.Count + 1);
        for (var i = 0; i < count; i++)
        {
            servers[$"s{i}"] = Server(random, i, trusted);
        }

        var authorizationServers = new JsonObject();
        for (var i = 0; i < trusted; i++)
        {
            authorizationServers[$"as{i}"] = new JsonObject
            {
                ["Issuer"] = issuers[i].Issuer,
                ["Client"] = new JsonObject { ["Id"] = "mcp-gateway", ["Authentication"] = "client_secret_basic", ["Secret"] = World.Secret },
            };
        }

        return new JsonObject
        {
            ["AuthorizationServers"] = authorizationServers,
            ["LocalIssuer"] = new JsonObject { ["Issuer"] = TestGateway.PublicUrl + "/hop", ["KeyDirectory"] = Path.Combine(files, "signing") },
            ["Servers"] = servers,
        };
    }

    private JsonObject Server(Random random, int number, int trusted)
    {
        string[] names = [.. Enumerable.Range(0, trusted).Where(_ => random.Next(3) > 0).Select(i => $"as{i}").DefaultIfEmpty("as0")];
        var server = new JsonObject { ["Destinations"] = new JsonArray(backs[number].Url), ["AuthorizationServers"] = new JsonArray([.. names.Select(name => (JsonNode)name)]) };
        if (random.Next(3) == 0)
        {
            server["AcceptedAudiences"] = new JsonArray($"api://s{number}");
        }

        if (random.Next(3) == 0)
        {
            server["MultipleAudiences"] = "allow";
        }

        if (random.Next(3) == 0)
        {
            server["AllowedClients"] = new JsonArray(random.Next(2) == 0 ? "agent" : "desk");
        }

        if (random.Next(3) == 0)
        {
            server["RequiredScopes"] = new JsonArray("mcp:read");
        }

        server["Outbound"] = random.Next(5) switch
        {
            0 => Scoped(random, new JsonObject { ["Mode"] = "exchange", ["AuthorizationServer"] = names[0], ["ForeignSubjects"] = names.Length > 1, ["Resource"] = $"https://s{number}.internal/mcp" }),
            1 => Scoped(random, new JsonObject { ["Mode"] = "local", ["Subject"] = names.Length > 1 ? "issuer-qualified" : "as-is", ["Resource"] = $"https://s{number}.internal/mcp" }),
            2 => new JsonObject { ["Mode"] = "credential", ["File"] = Path.Combine(files, "key") },
            3 => new JsonObject { ["Mode"] = "same-token" },
            _ => new JsonObject { ["Mode"] = "none" },
        };
        return server;
    }

    private static JsonObject Scoped(Random random, JsonObject outbound)
    {
        if (random.Next(2) == 0)
        {
            outbound["Scopes"] = new JsonArray("mcp:read", "other");
        }

        if (random.Next(2) == 0)
        {
            outbound["ScopeMap"] = new JsonArray(new JsonObject { ["Inbound"] = "mcp:write", ["Outbound"] = new JsonArray("other", "more") });
        }

        return outbound;
    }

    private sealed record Drawn(string Issuer, ImmutableArray<string> Audiences, string Client, ImmutableArray<string> Scopes)
    {
        public override string ToString() => $"iss={Issuer} aud={string.Join(' ', Audiences)} client={Client} scope={string.Join(' ', Scopes)}";
    }
}
