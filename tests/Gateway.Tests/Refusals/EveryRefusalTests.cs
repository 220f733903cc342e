using System.Reflection;
using Gateway.Advertise;
using Gateway.Generations;
using Gateway.Tests.Harness;
using Microsoft.Extensions.DependencyInjection;
using TokenExchange.Jose;
using Xunit;

namespace Gateway.Tests.Refusals;

/// <summary>What holds of every refusal that there is, those of later days included.</summary>
public sealed class EveryRefusalTests
{
    private static Refusal[] All =>
    [
        .. from type in (Type[])[typeof(Refusal), typeof(BodyRefusal)]
           from member in type.GetFields(BindingFlags.Static | BindingFlags.Public)
           let refusal = member.GetValue(null) is Refused refused ? refused.Kind : member.GetValue(null) as Refusal
           where refusal is not null
           select refusal,
        .. Enum.GetValues<TokenRefusal>().Select(refusal => Refusal.Of(refusal)),
    ];

    [Fact]
    public void Nobody_is_told_that_a_credential_is_wrong_where_the_gateway_or_a_peer_failed()
    {
        Assert.True(All.Count(refusal => refusal.Status >= 500) > 10);
        Assert.Equal([], All.Where(refusal => refusal.Status >= 500 && refusal.Challenge != ChallengeKind.None).Select(refusal => refusal.Reason));
    }

    [Fact]
    public async Task The_body_says_the_error_of_the_challenge_and_else_the_reason()
    {
        await using var world = await World.StartAsync();
        var server = world.Gateway.Services.GetRequiredService<LiveGenerations>().Current.Servers[0];

        Assert.All(All, refusal =>
        {
            var challenges = RefusalWriter.Challenges(server, refusal);
            var said = challenges.Count == 0 || !challenges[^1]!.Contains("error=\"", StringComparison.Ordinal) ? refusal.Reason : challenges[^1]!.Split("error=\"")[1].Split('"')[0];
            Assert.Equal(said, refusal.Error);
            Assert.All(challenges, line => Assert.Contains("resource_metadata=\"", line, StringComparison.Ordinal));
        });
    }

    [Fact]
    public async Task Keys_that_cannot_be_had_are_no_fault_of_the_token()
    {
        await using var world = await World.StartAsync(options => options["AuthorizationServers"]!["corp"]!["JwksUrl"] = "http://127.0.0.1:1/jwks");

        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken());

        Assert.Equal((503, "keys_unavailable", "keys_unavailable"), (answer.Status, answer.Reason, (string?)answer.Json!["error"]));
        Assert.Empty(answer.Challenges);
        Assert.Equal("5", answer.Headers["Retry-After"]);
        world.AssertNothingWasSent();
    }
}
