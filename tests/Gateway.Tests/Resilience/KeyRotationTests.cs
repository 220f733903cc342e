using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Gateway.Tests.Lifecycle;
using Harness;
using Microsoft.AspNetCore.Http;
using TokenExchange.Outbound.Local;
using Xunit;

namespace Gateway.Tests.Resilience;

/// <summary>
/// Two processes of the real program with one directory of signing keys, rotated as the documentation says while both are
/// under load. What the MCP server receives is verified at both key set endpoints in the moment it is received.
/// </summary>
public sealed class KeyRotationTests : IAsyncDisposable
{
    private const string Resource = "https://weather.internal/mcp";
    private const int Life = 2;
    private readonly string directory = Directory.CreateTempSubdirectory("gateway-rotation-").FullName;
    private readonly ConcurrentQueue<Received> received = new();
    private readonly ConcurrentQueue<string> failures = new();
    private readonly HttpClient http = new(new SocketsHttpHandler());
    private readonly List<GatewayProcess> gateways = [];
    private readonly List<string> urls = [];
    private TestAuthorizationServer issuer = null!;
    private TestMcpServer mcp = null!;
    private bool done;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Keys => Path.Combine(directory, "keys");

    [Fact(Timeout = 300_000)]
    public async Task Through_a_rotation_under_load_every_token_verifies_at_both_processes_when_it_is_received()
    {
        var first = SigningKeyFile.Create(Keys, "ES256", new At(TimeProvider.System.GetUtcNow().AddHours(-1)));
        await StartAsync();
        var load = Task.WhenAll(Enumerable.Range(0, 8).Select(number => Task.Run(() => LoadAsync(number))));
        await BothAsync(_ => true);
        var before = Assert.Single(await KidsAsync(0));

        // A new key is published by both, and signs nothing.
        var (exit, output) = await GatewayProcess.RunAsync(directory, "keys", "new", "--directory", Keys);
        Assert.True(exit == 0, output);
        var second = Directory.GetFiles(Keys).Single(file => file != first);
        await UntilAsync(async () => (await KidsAsync(0)).Count == 2 && (await KidsAsync(1)).Count == 2);
        await FurtherAsync(20);
        Assert.All(received, token => Assert.Equal(before, token.Kid));

        // Five minutes later, which here are made of a second name for the same key, it signs.
        var older = Path.Combine(Keys, TimeProvider.System.GetUtcNow().AddMinutes(-6).UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", System.Globalization.CultureInfo.InvariantCulture) + "-again.pem");
        File.Copy(second, Path.Combine(Keys, ".unfinished"));
        File.Move(Path.Combine(Keys, ".unfinished"), older);
        await BothAsync(token => token.Kid != before);
        var switched = received.Where(token => token.Kid != before).GroupBy(token => token.Gateway).Max(tokens => tokens.Min(token => token.IssuedAt));

        // When the last token of the old key has expired, the old key goes, and is published no more.
        await BothAsync(token => token.IssuedAt > switched + Life);
        File.Delete(first);
        await UntilAsync(async () => (await KidsAsync(0)).Count == 1 && (await KidsAsync(1)).Count == 1);
        await FurtherAsync(20);
        Volatile.Write(ref done, true);
        await load.WaitAsync(TestContext.Current.CancellationToken);

        Assert.Empty(failures);
        Assert.DoesNotContain(before, await KidsAsync(0));
        Assert.Equal(4, received.Select(token => (token.Gateway, token.Kid)).Distinct().Count());
    }

    public async ValueTask DisposeAsync()
    {
        Volatile.Write(ref done, true);
        foreach (var gateway in gateways)
        {
            await gateway.DisposeAsync();
        }

        await issuer.DisposeAsync();
        await mcp.DisposeAsync();
        http.Dispose();
        Directory.Delete(directory, recursive: true);
    }

    private async Task StartAsync()
    {
        issuer = new TestAuthorizationServer();
        mcp = new TestMcpServer();
        mcp.Answer = ReceiveAsync;
        foreach (var name in new[] { "one", "two" })
        {
            var own = Directory.CreateDirectory(Path.Combine(directory, name)).FullName;
            var options = new JsonObject
            {
                ["AuthorizationServers"] = new JsonObject { ["corp"] = new JsonObject { ["Issuer"] = issuer.Issuer } },
                ["LocalIssuer"] = new JsonObject { ["Issuer"] = TestGateway.PublicUrl + "/hop", ["KeyDirectory"] = Keys },
                ["Servers"] = new JsonObject
                {
                    ["weather"] = new JsonObject
                    {
                        ["Destinations"] = new JsonArray(mcp.Url + "/" + name),
                        ["Outbound"] = new JsonObject { ["Mode"] = "local", ["Resource"] = Resource, ["Lifetime"] = TimeSpan.FromSeconds(Life).ToString() },
                    },
                },
            };
            gateways.Add(GatewayProcess.Serve(own, options));
        }

        foreach (var gateway in gateways)
        {
            urls.Add(await gateway.Listening.WaitAsync(Cancellation));
        }

        // Until each has the keys that inbound tokens are verified with.
        foreach (var url in urls)
        {
            await UntilAsync(async () =>
            {
                using var answer = await CallAsync(url, issuer.Token(World.WeatherResource));
                return (int)answer.StatusCode == 200;
            });
        }

        received.Clear();
    }

    /// <summary>Calls both in turn, every third time with a token that was never used.</summary>
    private async Task LoadAsync(int number)
    {
        var token = issuer.Token(World.WeatherResource);
        for (var call = 0; !Volatile.Read(ref done); call++)
        {
            token = call % 3 == 0 ? issuer.Token(World.WeatherResource, (_, payload) => payload["jti"] = $"{number}-{call}") : token;
            using var answer = await CallAsync(urls[(number + call) % 2], token);
            if ((int)answer.StatusCode != 200)
            {
                failures.Enqueue($"{answer.StatusCode}: {await answer.Content.ReadAsStringAsync(Cancellation)}");
            }
        }
    }

    private async Task<HttpResponseMessage> CallAsync(string url, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, url + "/weather") { Content = new StringContent(Messages.Call("echo"), Encoding.UTF8, "application/json") };
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + token);
        request.Headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
        return await http.SendAsync(request, Cancellation);
    }

    private async Task ReceiveAsync(HttpContext context)
    {
        var token = context.Request.Headers.Authorization.ToString()["Bearer ".Length..];
        var parts = token.Split('.');
        var kid = Part(parts[0])["kid"]!.GetValue<string>();
        var claims = Part(parts[1]);
        foreach (var url in urls)
        {
            var key = (await JwksAsync(url)).SingleOrDefault(jwk => jwk["kid"]!.GetValue<string>() == kid);

            // A token that has expired on the way, on a machine that stalls, is refused for that.
            if ((key is null || !Verifies(key, parts)) && claims["exp"]!.GetValue<long>() > TimeProvider.System.GetUtcNow().ToUnixTimeSeconds())
            {
                failures.Enqueue($"A token of {kid} does not verify at {url}.");
            }
        }

        received.Enqueue(new(context.Request.Path.Value!, kid, claims["iat"]!.GetValue<long>()));
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync("""{"jsonrpc":"2.0","id":1,"result":{}}""", Cancellation);
    }

    private static bool Verifies(JsonNode jwk, string[] parts)
    {
        using var key = ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = new ECPoint { X = Base64Url.DecodeFromChars(jwk["x"]!.GetValue<string>()), Y = Base64Url.DecodeFromChars(jwk["y"]!.GetValue<string>()) },
        });
        return key.VerifyData(Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), Base64Url.DecodeFromChars(parts[2]), HashAlgorithmName.SHA256);
    }

    private static JsonNode Part(string encoded) => JsonNode.Parse(Base64Url.DecodeFromChars(encoded))!;

    private async Task<IReadOnlyList<JsonNode>> JwksAsync(string url) =>
        [.. JsonNode.Parse(await http.GetStringAsync(url + "/hop/jwks", Cancellation))!["keys"]!.AsArray().Select(key => key!)];

    private async Task<IReadOnlyList<string>> KidsAsync(int gateway) =>
        [.. (await JwksAsync(urls[gateway])).Select(key => key["kid"]!.GetValue<string>())];

    /// <summary>Until each of the two has sent a token of that kind.</summary>
    private Task BothAsync(Func<Received, bool> kind) =>
        UntilAsync(() => Task.FromResult(received.Where(kind).Select(token => token.Gateway).Distinct().Count() == 2));

    /// <summary>Until each of the two has sent so many more.</summary>
    private Task FurtherAsync(int count)
    {
        var seen = received.Count;
        return UntilAsync(() => Task.FromResult(received.Skip(seen).GroupBy(token => token.Gateway).Count(tokens => tokens.Count() >= count) == 2));
    }

    private Task UntilAsync(Func<Task<bool>> condition) => Eventually.HoldsAsync(async () =>
    {
        Assert.Empty(failures);
        return await condition();
    });

    private sealed record Received(string Gateway, string Kid, long IssuedAt);

    private sealed class At(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
