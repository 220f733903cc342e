using System.Text.Json.Nodes;
using Gateway.Generations;
using Gateway.Management;
using Gateway.Tests.Harness;
using Harness;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Gateway.Tests.Commands;

/// <summary>An explanation lists the checks that ran, in the order in which they ran, and no other.</summary>
public sealed class ExplainTests
{
    private static readonly string[] OfTheToken =
    [
        "size", "three parts", "canonical encoding", "JSON objects", "no member twice", "no key in its header", "no critical extension",
        "algorithm", "token type", "issuer claim", "trusted issuer", "key", "signature", "claim types", "expiry", "not before", "lifetime",
        "subject", "audience", "no other audience", "sender constraint", "revocation",
    ];

    private static readonly string[] OfTheServer = ["delegation"];

    [Fact]
    public async Task A_token_that_passes_passed_every_check_that_there_is()
    {
        await using var world = await World.StartAsync();
        var explanation = await ExplainAsync(world, world.WeatherToken());

        Assert.True(explanation.Passes);
        Assert.Equal([.. OfTheToken.Concat(OfTheServer).Select(step => new ExplanationStep(step, true))], explanation.Steps);
    }

    [Theory]
    [InlineData("algorithm", "alg_not_allowed")]
    [InlineData("token type", "typ_not_allowed")]
    [InlineData("trusted issuer", "issuer_unknown")]
    [InlineData("key", "kid_unknown")]
    [InlineData("signature", "signature_invalid")]
    [InlineData("expiry", "expired")]
    [InlineData("subject", "subject_invalid")]
    [InlineData("audience", "audience_invalid")]
    [InlineData("no other audience", "audience_not_single")]
    [InlineData("sender constraint", "sender_constrained")]
    public async Task A_refused_token_passed_what_stands_before_the_check_that_refuses(string check, string reason)
    {
        await using var world = await World.StartAsync();
        var explanation = await ExplainAsync(world, Wrong(world, check));

        Assert.Equal(reason, explanation.Reason);
        Assert.Equal(OfTheToken.TakeWhile(step => step != check).Select(step => new ExplanationStep(step, true)).Append(new ExplanationStep(check, false)), explanation.Steps);
        Assert.Equal(Array.IndexOf(OfTheToken, check) > Array.IndexOf(OfTheToken, "signature"), explanation.PresentedAudiences is not null);
    }

    [Theory]
    [InlineData("nobody", "acme", "allowed client")]
    [InlineData("assistant", "other", "required claims")]
    [InlineData("assistant", "acme", null)]
    public async Task Client_and_claims_are_checks_where_they_are_configured(string client, string tenant, string? refusing)
    {
        await using var world = await World.StartAsync(options =>
        {
            options["Servers"]!["weather"]!["AllowedClients"] = new JsonArray("assistant");
            options["Servers"]!["weather"]!["RequiredClaims"] = new JsonArray(new JsonObject { ["Claim"] = "tenant", ["AnyOf"] = new JsonArray("acme") });
        });
        var explanation = await ExplainAsync(world, world.WeatherToken((_, payload) => (payload["client_id"], payload["tenant"]) = (client, tenant)));

        string[] checks = [.. OfTheToken, "allowed client", "required claims", .. OfTheServer];
        var expected = refusing is null ? checks : [.. checks.TakeWhile(step => step != refusing), refusing];
        Assert.Equal(refusing is null, explanation.Passes);
        Assert.Equal(expected.Select(step => new ExplanationStep(step, step != refusing)), explanation.Steps);
    }

    [Theory]
    [InlineData("always", false)]
    [InlineData("opaque", true)]
    public async Task Where_the_issuer_is_asked_in_each_request_it_says_that_it_was_not_asked_now(string mode, bool opaque)
    {
        await using var world = await World.StartAsync(options =>
            options["AuthorizationServers"]!["corp"]!["Introspection"] = new JsonObject { ["Mode"] = mode });
        var explanation = await ExplainAsync(world, opaque ? "opaque-token" : world.WeatherToken());

        Assert.Equal(!opaque, explanation.Passes);
        Assert.Contains("was not asked now", explanation.Text, StringComparison.Ordinal);
        world.AssertNothingWasSent();
    }

    private static string Wrong(World world, string check) => check == "signature"
        ? TokenForge.AccessToken(TestKeys.Stranger, world.As.Issuer, World.WeatherResource, world.As.Clock.GetUtcNow(), (header, _) => header["kid"] = TestKeys.Es256.Kid)
        : world.WeatherToken((header, payload) =>
        {
            var (member, name, value) = check switch
            {
                "algorithm" => (header, "alg", "HS256"),
                "token type" => (header, "typ", "JWT"),
                "key" => (header, "kid", "unknown"),
                "trusted issuer" => (payload, "iss", "https://elsewhere.example"),
                "expiry" => (payload, "exp", 1),
                "subject" => (payload, "sub", ""),
                "audience" => (payload, "aud", World.NotesResource),
                "no other audience" => (payload, "aud", new JsonArray(World.WeatherResource, World.NotesResource)),
                _ => (payload, "cnf", (JsonNode)new JsonObject { ["jkt"] = "x" }),
            };
            member[name] = value;
        });

    private static ValueTask<Explanation> ExplainAsync(World world, string token) => Explaining.ExplainAsync(
        world.Gateway.Services.GetRequiredService<LiveGenerations>().Current.Servers.Single(server => server.Id == "weather"), token, TimeProvider.System, TestContext.Current.CancellationToken);
}
