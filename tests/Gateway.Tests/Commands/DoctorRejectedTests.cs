using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Xunit;

namespace Gateway.Tests.Commands;

/// <summary>Of a result that is rejected <c>doctor</c> shows what was requested and what came back, and never the token.</summary>
public sealed class DoctorRejectedTests
{
    [Theory]
    [InlineData("aud", "result_audience", "FAIL  weather exchange aud: requested {weather}, returned https://elsewhere.example.com")]
    [InlineData("more aud", "result_audience_extra", "FAIL  weather exchange aud: requested {weather}, returned {weather} https://elsewhere.example.com")]
    [InlineData("sub", "result_subject", "FAIL  weather exchange sub: inbound user-1, returned somebody-else")]
    [InlineData("scope", "result_scope", "FAIL  weather exchange scope: requested (none), returned admin, the answer says (none)")]
    [InlineData("answered scope", "result_scope", "FAIL  weather exchange scope: requested (none), returned (none), the answer says admin")]
    [InlineData("exp", "result_lifetime", "FAIL  weather exchange lifetime: 86400 s, at most 3600 s, the answer says 300; inbound ")]
    [InlineData("no exp", "result_lifetime", "FAIL  weather exchange lifetime: (no exp), at most 3600 s")]
    [InlineData("act", "result_actor", "FAIL  weather exchange act: inbound (none), returned {\"sub\":\"intruder\"}")]
    [InlineData("cnf", "result_cnf", "FAIL  weather exchange cnf: requested (none), returned {\"jkt\":\"of-somebody\"}")]
    public async Task What_differs_fails_beside_what_was_requested(string mistake, string reason, string line)
    {
        await using var world = await World.StartAsync();

        var run = await RejectedAsync(world, mistake, reason);

        Assert.Contains("its signature verified, and it was not sent", run.Line("note  weather exchange: "), StringComparison.Ordinal);
        Assert.Contains(line.Replace("{weather}", world.Weather.Url, StringComparison.Ordinal), run.Output, StringComparison.Ordinal);
        Assert.Single(run.Output.Split('\n'), text => text.StartsWith("FAIL  weather exchange ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("iss", "result_issuer", "FAIL  weather exchange iss: expected {issuer}, returned https://other.example.com")]
    [InlineData("signature", "result_signature", "FAIL  weather exchange signature: alg ES256, kid ")]
    [InlineData("token_type", "result_shape", "FAIL  weather exchange token_type: expected Bearer, returned MAC")]
    [InlineData("issued_token_type", "result_shape", "FAIL  weather exchange issued_token_type: expected urn:ietf:params:oauth:token-type:access_token, returned urn:ietf:params:oauth:token-type:id_token")]
    [InlineData("no issued_token_type", "result_shape", "FAIL  weather exchange issued_token_type: expected urn:ietf:params:oauth:token-type:access_token, returned (none)")]
    [InlineData("id token", "result_shape", "FAIL  weather exchange typ: expected at+jwt or JWT, returned JWT, with claims of an ID, logout or refresh token")]
    [InlineData("typ", "result_shape", "FAIL  weather exchange typ: expected at+jwt or JWT, returned logout+jwt")]
    public async Task What_nobody_vouches_for_is_called_unverified_and_passes_nothing(string mistake, string reason, string line)
    {
        await using var world = await World.StartAsync();

        var run = await RejectedAsync(world, mistake, reason);

        Assert.Contains("unverified", run.Line("note  weather exchange: "), StringComparison.Ordinal);
        Assert.Contains(line.Replace("{issuer}", world.As.Issuer, StringComparison.Ordinal), run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("pass  weather exchange", run.Output, StringComparison.Ordinal);
        Assert.Contains($"note  weather exchange aud: requested {world.Weather.Url}, returned {world.Weather.Url}", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Scopes_that_name_their_target_are_shown_as_answered_and_judged_without_the_name()
    {
        await using var world = await World.StartAsync(options =>
        {
            options["AuthorizationServers"]!["corp"]!["Profile"] = "entra-obo";
            options["Servers"]!["weather"]!["Outbound"]!["Audience"] = "api://weather";
        });
        world.As.TokenAnswer = context =>
        {
            context.Response.ContentType = "application/json";
            return Microsoft.AspNetCore.Http.HttpResponseWritingExtensions.WriteAsync(context.Response, new JsonObject
            {
                ["access_token"] = world.As.Token("https://elsewhere.example.com", (_, payload) => (payload["oid"], payload["tid"], payload["scope"]) = ("o", "t", "mcp:read")),
                ["token_type"] = "Bearer",
                ["expires_in"] = 300,
                ["scope"] = "api://weather/mcp:read api://weather/.default",
            }.ToJsonString());
        };

        var run = await DoctorRun.OfAsync(world, world.WeatherToken((_, payload) => (payload["oid"], payload["tid"], payload["scope"]) = ("o", "t", "mcp:read")));

        Assert.Contains("scope: requested mcp:read, returned mcp:read, the answer says api://weather/mcp:read api://weather/.default", run.Line("pass  weather exchange scope"), StringComparison.Ordinal);
        Assert.StartsWith("FAIL  weather exchange aud: ", Assert.Single(run.Output.Split('\n'), text => text.StartsWith("FAIL  weather exchange ", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_opaque_result_is_called_what_it_is_and_not_printed()
    {
        await using var world = await World.StartAsync();
        world.As.ChangeAnswer = answer => answer["access_token"] = "opaque-canary-of-the-result";

        var run = await DoctorRun.OfAsync(world, Subject(world));

        Assert.Contains("FAIL  weather exchange form: expected a signed JWT, returned what is none", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("opaque-canary", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Texts_of_the_token_are_cut_and_cleaned_and_give_no_token_away()
    {
        await using var world = await World.StartAsync();
        var subject = Subject(world);
        world.As.ChangeToken = (_, payload) => (payload["sub"], payload["aud"], payload["scope"]) = ("a\u001b[31mb", subject, new string('x', 5000));

        var run = await DoctorRun.OfAsync(world, subject);

        Assert.Contains("FAIL  weather exchange sub: inbound user-1, returned a?[31mb", run.Output, StringComparison.Ordinal);
        Assert.Contains("returned [redacted]", run.Line("FAIL  weather exchange aud: "), StringComparison.Ordinal);
        Assert.True(run.Line("FAIL  weather exchange scope: ").Length < 500, run.Output);
        Assert.DoesNotContain('\u001b', run.Output);
        Assert.DoesNotContain(subject[..40], run.Output, StringComparison.Ordinal);
    }

    /// <summary>The run over a result that is rejected for this reason, which gives no token away.</summary>
    private static async Task<DoctorRun> RejectedAsync(World world, string mistake, string reason)
    {
        Behave(world, mistake);
        var run = await DoctorRun.OfAsync(world, Subject(world));

        Assert.Equal(1, run.Exit);
        Assert.StartsWith($"FAIL  weather exchange: the result was rejected ({reason}). Hint: ", run.Line("FAIL  weather exchange: "), StringComparison.Ordinal);
        Assert.DoesNotContain("eyJ", run.Output, StringComparison.Ordinal);
        return run;
    }

    private static string Subject(World world) => world.WeatherToken((_, payload) =>
    {
        payload["sub"] = "user-1";
        payload.Remove("scope");
    });

    private static void Behave(World world, string mistake)
    {
        world.As.ChangeAnswer = mistake switch
        {
            "answered scope" => answer => answer["scope"] = "admin",
            "token_type" => answer => answer["token_type"] = "MAC",
            "issued_token_type" => answer => answer["issued_token_type"] = "urn:ietf:params:oauth:token-type:id_token",
            "no issued_token_type" => answer => answer.Remove("issued_token_type"),
            "signature" => answer => answer["access_token"] = Forged((string)answer["access_token"]!),
            _ => null,
        };
        world.As.ChangeToken = mistake switch
        {
            "aud" => (_, payload) => payload["aud"] = "https://elsewhere.example.com",
            "more aud" => (_, payload) => payload["aud"] = new JsonArray(world.Weather.Url, "https://elsewhere.example.com"),
            "sub" => (_, payload) => payload["sub"] = "somebody-else",
            "scope" => (_, payload) => payload["scope"] = "admin",
            "exp" => (_, payload) => payload["exp"] = (long)payload["iat"]! + 86400,
            "no exp" => (_, payload) => payload.Remove("exp"),
            "act" => (_, payload) => payload["act"] = new JsonObject { ["sub"] = "intruder" },
            "cnf" => (_, payload) => payload["cnf"] = new JsonObject { ["jkt"] = "of-somebody" },
            "iss" => (_, payload) => payload["iss"] = "https://other.example.com",
            "typ" => (header, _) => header["typ"] = "logout+jwt",
            "id token" => (header, payload) => (header["typ"], payload["nonce"]) = ("JWT", "of-the-client"),
            _ => null,
        };
    }

    // Sound in every part, and signed for something else.
    private static string Forged(string token)
    {
        var at = token.LastIndexOf('.') + 10;
        return token[..at] + (token[at] == 'A' ? 'B' : 'A') + token[(at + 1)..];
    }
}
