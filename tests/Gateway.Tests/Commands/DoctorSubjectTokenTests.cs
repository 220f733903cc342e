using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using TokenExchange.Outbound.Local;
using Xunit;

namespace Gateway.Tests.Commands;

/// <summary><c>doctor</c> shows the values that were compared of a subject token, accepted or refused, as <c>explain</c> does.</summary>
public sealed class DoctorSubjectTokenTests
{
    [Theory]
    [InlineData("expired", "FAIL  weather subject token: expired", "(its signature was verified)", "exp ", "ago   (now ")]
    [InlineData("issuer_unknown", "FAIL  weather subject token: issuer_unknown", "(unverified", "iss    https://other.example.com", "(trusted: {issuer})")]
    [InlineData("audience_invalid", "FAIL  weather subject token: audience_invalid", "(its signature was verified)", "presented aud: https://elsewhere.example.com", "accepted aud:  {resource}")]
    [InlineData("sound", "pass  weather subject token: passes every check", "(its signature was verified)", "accepted aud:  {resource}", "(trusted: {issuer})")]
    public async Task The_values_compared_stand_below_the_subject_token(string mistake, string line, string verified, string says, string compared)
    {
        await using var world = await World.StartAsync();
        var token = world.WeatherToken((_, payload) =>
        {
            switch (mistake)
            {
                case "expired":
                    (payload["iat"], payload["exp"]) = ((long)payload["iat"]! - 7200, (long)payload["iat"]! - 3600);
                    break;
                case "issuer_unknown":
                    payload["iss"] = "https://other.example.com";
                    break;
                case "audience_invalid":
                    payload["aud"] = "https://elsewhere.example.com";
                    break;
            }
        });

        var run = await DoctorRun.OfAsync(world, token);

        Assert.StartsWith(line, run.Line(line), StringComparison.Ordinal);
        var below = run.Output.Split(Environment.NewLine).SkipWhile(text => !text.StartsWith(line, StringComparison.Ordinal)).Skip(1).TakeWhile(text => text.StartsWith("      ", StringComparison.Ordinal)).ToArray();
        foreach (var expected in new[] { verified, says, compared, "exp ", "scope " })
        {
            var filled = expected.Replace("{issuer}", world.As.Issuer, StringComparison.Ordinal).Replace("{resource}", World.WeatherResource, StringComparison.Ordinal);
            Assert.True(below.Any(text => text.Contains(filled, StringComparison.Ordinal)), run.Output);
        }

        Assert.DoesNotContain(token, run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "Lifetime 120 s")]
    [InlineData("00:01:00", "Lifetime 60 s")]
    public async Task The_life_of_a_token_of_the_local_issuer_stands_beside_its_own_setting(string? configured, string expected)
    {
        var keys = Directory.CreateTempSubdirectory("doctor-keys-");
        try
        {
            SigningKeyFile.Create(keys.FullName, "ES256", TimeProvider.System);
            await using var world = await World.StartAsync(options =>
            {
                options["LocalIssuer"] = new JsonObject { ["Issuer"] = TestGateway.PublicUrl + "/hop", ["KeyDirectory"] = keys.FullName };
                options["Servers"]!["weather"]!["Outbound"] = new JsonObject { ["Mode"] = "local", ["Resource"] = "https://weather.internal/mcp" };
                if (configured is not null)
                {
                    options["Servers"]!["weather"]!["Outbound"]!["Lifetime"] = configured;
                }
            });

            var run = await DoctorRun.OfAsync(world, world.WeatherToken());

            Assert.True(run.Exit == 0, run.Output);
            Assert.Contains(expected, run.Line("pass  weather exchange lifetime: "), StringComparison.Ordinal);
            Assert.DoesNotContain("at most", run.Line("pass  weather exchange lifetime: "), StringComparison.Ordinal);
        }
        finally
        {
            keys.Delete(recursive: true);
        }
    }
}
