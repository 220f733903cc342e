using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Harness;
using Xunit;

namespace Gateway.Tests.Proof;

/// <summary>Nonces of the gateway: asked for, taken by any replica, renewed in time, and never the same as somebody else's.</summary>
public sealed class NonceTests : IDisposable
{
    private static readonly TestKey Client = TestKey.Create("ES256", null);
    private readonly string directory = Directory.CreateTempSubdirectory("nonces-").FullName;

    [Fact]
    public async Task A_proof_without_a_nonce_is_answered_with_one_that_every_replica_takes()
    {
        var keys = KeyFile("keys");
        await using var one = await StartAsync(keys);
        await using var other = await StartAsync(keys, one);
        await using var stranger = await StartAsync(KeyFile("other-keys"), one);
        var token = one.WeatherToken(ProofForge.BoundTo(Client));

        var asked = await CallAsync(one, token, null);

        Assert.Equal((401, "use_dpop_nonce"), (asked.Status, asked.Reason));
        Assert.StartsWith("DPoP error=\"use_dpop_nonce\", ", asked.Challenges[1], StringComparison.Ordinal);
        var nonce = asked.Headers["DPoP-Nonce"];
        one.AssertNothingWasSent();
        Assert.Equal(200, (await CallAsync(one, token, nonce)).Status);
        Assert.Equal(200, (await CallAsync(other, token, nonce)).Status);
        Assert.Equal("use_dpop_nonce", (await CallAsync(stranger, token, nonce)).Reason);
        Assert.DoesNotContain(nonce, one.Gateway.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_answer_brings_a_fresh_nonce_once_half_of_the_age_has_passed()
    {
        var clock = new ManualClock();
        await using var world = await StartAsync(null, clock: clock);
        var token = world.WeatherToken((header, payload) =>
        {
            ProofForge.BoundTo(Client)(header, payload);
            payload["exp"] = payload["exp"]!.GetValue<long>() + 3600;
        });
        var nonce = (await CallAsync(world, token, null, clock)).Headers["DPoP-Nonce"];

        Assert.DoesNotContain("DPoP-Nonce", (await CallAsync(world, token, nonce, clock)).Headers.Keys);
        clock.Advance(TimeSpan.FromSeconds(31));
        var relayed = await CallAsync(world, token, nonce, clock);
        var refused = await CallAsync(world, token, nonce, clock, body: "[]");

        Assert.Equal((200, 400), (relayed.Status, refused.Status));
        Assert.NotEqual(nonce, relayed.Headers["DPoP-Nonce"]);
        Assert.NotEqual(nonce, refused.Headers["DPoP-Nonce"]);
        clock.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal("use_dpop_nonce", (await CallAsync(world, token, nonce, clock)).Reason);
        Assert.Equal(200, (await CallAsync(world, token, relayed.Headers["DPoP-Nonce"], clock)).Status);
    }

    public void Dispose() => Directory.Delete(directory, recursive: true);

    private static Task<Answer> CallAsync(World world, string token, string? nonce, TimeProvider? clock = null, string? body = null) =>
        world.Gateway.SendBoundAsync(HttpMethod.Post, "/weather", token, [ProofForge.Proof(Client, "POST", World.WeatherResource, token, (clock ?? TimeProvider.System).GetUtcNow(), (_, payload) =>
        {
            if (nonce is not null)
            {
                payload["nonce"] = nonce;
            }
        })], body ?? Messages.Call("echo"));

    private static async Task<World> StartAsync(string? keys, World? issuer = null, TimeProvider? clock = null) => await World.StartAsync(
        options =>
        {
            options["SessionKeyFile"] = keys;
            options["Servers"]!["weather"]!["DPoP"] = new JsonObject { ["Nonce"] = "required", ["MaxAge"] = "00:01:00" };
            if (issuer is not null)
            {
                options["AuthorizationServers"]!["corp"]!["Issuer"] = issuer.As.Issuer;
            }
        },
        clock);

    private string KeyFile(string name)
    {
        var path = Path.Combine(directory, name);
        File.WriteAllText(path, Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        return path;
    }
}
