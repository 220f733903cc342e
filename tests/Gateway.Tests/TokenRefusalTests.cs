using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Harness;
using Xunit;

namespace Gateway.Tests;

/// <summary>One gateway for all cases; a test compares what it counted before and after.</summary>
public sealed class TokenRefusalFixture : ITokenSource, IAsyncLifetime
{
    private readonly ManualClock clock = new();

    public World World { get; private set; } = null!;

    public TestAuthorizationServer Issuer => World.As;

    public string Token(Action<JsonObject, JsonObject>? change = null, TestKey? key = null) =>
        TokenForge.AccessToken(key ?? TestKeys.Es256, Issuer.Issuer, InboundTokenCases.Resource, clock.GetUtcNow(), change);

    public async ValueTask InitializeAsync()
    {
        World = await World.StartAsync(
            options =>
            {
                options["PublicUrl"] = "https://mcp.example";
                options["Servers"]!["weather"]!["AcceptedAudiences"] = new JsonArray(InboundTokenCases.Alias);
            },
            clock,
            keys: [TestKeys.Es256, TestKeys.Rs256, TestKeys.Ps256]);
    }

    public ValueTask DisposeAsync() => World.DisposeAsync();
}

/// <summary>Every token case over the real surface: the reason, the challenge, one audit line, a clean log, and nothing sent.</summary>
public sealed class TokenRefusalTests(TokenRefusalFixture fixture) : IClassFixture<TokenRefusalFixture>
{
    /// <summary>What a header field cannot carry (RFC 9110 §5.5) is tested at the validator alone: controls, other scripts, outer white space, 32 KiB.</summary>
    internal static readonly string[] NoHeaderCarries = ["white space at the end", "line break inside", "full-width letter", "200 000 parts"];

    public static TheoryData<string> Names => [.. InboundTokenCases.Cases.Select(@case => @case.Name).Except(NoHeaderCarries)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Each_token_gets_its_answer_and_a_refused_one_goes_nowhere(string name)
    {
        var @case = InboundTokenCases.Cases.Single(candidate => candidate.Name == name);
        var token = @case.Token(fixture);
        var world = fixture.World;
        var (exchanges, arrived, told, logged) = (world.As.Exchanges.Count, world.Weather.Requests.Count, world.Gateway.Audit.Count, world.Gateway.Log.Length);

        var answer = await world.Gateway.CallAsync("/weather", null, change: request =>
            request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + token));

        var line = Assert.Single(world.Gateway.Audit.Skip(told));
        if (@case.Reason == "accepted")
        {
            Assert.Equal(200, answer.Status);
            Assert.Equal(arrived + 1, world.Weather.Requests.Count);
            return;
        }

        var reason = ReasonOverHttp(token, @case.Reason);
        Assert.Equal(reason, answer.Reason);
        Assert.Equal(reason == @case.Reason ? 401 : 400, answer.Status);
        Assert.StartsWith($"Bearer error=\"{(answer.Status == 401 ? "invalid_token" : "invalid_request")}\"", answer.Challenge, StringComparison.Ordinal);
        Assert.Contains("resource_metadata=\"https://mcp.example/.well-known/oauth-protected-resource/weather\"", answer.Challenge, StringComparison.Ordinal);
        Assert.Equal(reason, line["reason"]!.GetValue<string>());
        Assert.Equal(reason is "audience_invalid" or "audience_not_single" ? "authorization" : "authentication", line["category"]!.GetValue<string>());
        Assert.Equal((exchanges, arrived), (world.As.Exchanges.Count, world.Weather.Requests.Count));
        var said = world.Gateway.Log[logged..];
        Assert.DoesNotContain("Exception", said, StringComparison.Ordinal);
        if (token.Length > 20)
        {
            Assert.DoesNotContain(token, said + answer.Body + answer.Challenge, StringComparison.Ordinal);
        }
    }

    /// <summary>What is no bearer token at all is told from a bearer token that is not acceptable.</summary>
    internal static string ReasonOverHttp(string token, string reason)
    {
        if (token.Contains(',', StringComparison.Ordinal))
        {
            return "multiple_credentials";
        }

        return token.Length == 0 || token.Any(character => !char.IsAsciiLetterOrDigit(character) && !"-._~+/=".Contains(character, StringComparison.Ordinal)) ? "credentials_malformed" : reason;
    }
}
