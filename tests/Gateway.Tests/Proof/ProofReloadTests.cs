using System.Text.Json.Nodes;
using Gateway.Generations;
using Gateway.Tests.Harness;
using Harness;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Gateway.Tests.Proof;

/// <summary>A proof is good once, also where a reload changes how old it may be.</summary>
public sealed class ProofReloadTests
{
    private static readonly TestKey Client = TestKey.Create("ES256", null);
    private readonly ManualClock clock = new();

    [Theory]
    [InlineData(0, 120)]
    [InlineData(0, 62)]
    [InlineData(0, 299)]
    [InlineData(59, 150)]
    [InlineData(-60, 90)]
    public async Task A_proof_that_was_used_is_not_good_again_when_proofs_may_be_older(int ahead, int later)
    {
        await using var world = await StartAsync("00:01:00");
        var token = Token(world);
        var proof = Proof(token, ahead);
        Assert.Equal(200, (await CallAsync(world, token, proof)).Status);

        Set(world, "00:05:00");
        clock.Advance(TimeSpan.FromSeconds(later));

        Assert.Equal((401, "invalid_dpop_proof"), await OutcomeAsync(world, token, proof));
        Assert.Single(world.Weather.Requests);
    }

    [Fact]
    public async Task A_proof_that_was_used_between_two_changes_is_not_good_again_after_the_second()
    {
        await using var world = await StartAsync("00:05:00");
        var token = Token(world);
        Set(world, "00:01:00");
        var proof = Proof(token, 0);
        Assert.Equal(200, (await CallAsync(world, token, proof)).Status);
        Set(world, "00:05:00");
        clock.Advance(TimeSpan.FromMinutes(2));

        Assert.Equal((401, "invalid_dpop_proof"), await OutcomeAsync(world, token, proof));
    }

    [Fact]
    public async Task A_proof_of_after_the_change_may_be_as_old_as_it_says_and_is_good_once()
    {
        await using var world = await StartAsync("00:01:00");
        var token = Token(world);
        Set(world, "00:05:00");
        clock.Advance(TimeSpan.FromSeconds(61));
        var (used, late) = (Proof(token, 0), Proof(token, 0));
        Assert.Equal(200, (await CallAsync(world, token, used)).Status);
        clock.Advance(TimeSpan.FromMinutes(5));

        Assert.Equal((401, "invalid_dpop_proof"), await OutcomeAsync(world, token, used));
        Assert.Equal(200, (await CallAsync(world, token, late)).Status);
    }

    private Task<World> StartAsync(string maxAge) => World.StartAsync(options => Set(options, maxAge), clock);

    private static void Set(World world, string maxAge)
    {
        var options = World.Options(world.As, world.Weather, world.Notes);
        Set(options, maxAge);
        world.Gateway.Write(options);
        world.Gateway.Services.GetRequiredService<Reload>().Poll();
    }

    private static void Set(JsonObject options, string maxAge) => options["Servers"]!["weather"]!["DPoP"] = new JsonObject { ["MaxAge"] = maxAge };

    private static string Token(World world) => world.WeatherToken((header, payload) =>
    {
        ProofForge.BoundTo(Client)(header, payload);
        payload["exp"] = payload["exp"]!.GetValue<long>() + 1800;
    });

    private string Proof(string token, int ahead) => ProofForge.Proof(Client, "POST", World.WeatherResource, token, clock.GetUtcNow().AddSeconds(ahead));

    private static Task<Answer> CallAsync(World world, string token, string proof) =>
        world.Gateway.SendBoundAsync(HttpMethod.Post, "/weather", token, [proof], Messages.Call("echo"));

    private static async Task<(int, string?)> OutcomeAsync(World world, string token, string proof)
    {
        var answer = await CallAsync(world, token, proof);
        return (answer.Status, answer.Reason);
    }
}
