using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Xunit;

namespace Gateway.Tests.Commands;

/// <summary>Of each endpoint that is asked with the gateway's credentials and fails, <c>doctor</c> names address, cause and next step.</summary>
public sealed class DoctorEndpointTests
{
    private const string Page = "<html>sign in</html>";

    public static TheoryData<string, string, string> Failures => new()
    {
        { "503", "the token endpoint gave no answer worth trusting: status 503 at {endpoint}", "check its address" },
        { "429", "the token endpoint gave no answer worth trusting: status 429 at {endpoint}", "raise its limit" },
        { "down", "the token endpoint gave no answer worth trusting: connect at http://127.0.0.1:9/token", "nobody listens there" },
        { "302", "the endpoint redirects: status 302, no media type at {endpoint}, to /elsewhere", "redirects are not followed" },
        { "404", "the endpoint's answer is none of OAuth: status 404, no media type at {endpoint}", "set TokenEndpoint" },
        { "403 page", "the endpoint's answer is none of OAuth: status 403, text/html at {endpoint}", "a sign-in page" },
        { "400 JSON", "the endpoint's answer is none of OAuth: status 400, a JSON object at {endpoint}", "set TokenEndpoint" },
        { "200 page", "the endpoint's answer holds no access_token: status 200, text/html at {endpoint}", "a sign-in page" },
        { "200 broken", "the endpoint's answer holds no access_token: status 200, application/json that is no JSON object at {endpoint}", "set TokenEndpoint" },
        { "200 JSON", "the endpoint's answer holds no access_token: status 200, a JSON object at {endpoint}", "set TokenEndpoint" },
        { "not named", "the metadata names no such endpoint: no token_endpoint in the metadata of {issuer}", "set TokenEndpoint" },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task A_token_endpoint_that_fails_is_named_with_the_cause_and_the_next_step(string mistake, string problem, string remedy)
    {
        await using var world = await BrokenAsync(mistake);
        string Filled(string text) => text.Replace("{endpoint}", world.As.TokenEndpoint, StringComparison.Ordinal).Replace("{issuer}", world.As.Issuer, StringComparison.Ordinal);

        var run = await DoctorRun.OfAsync(world);
        Assert.Equal(1, run.Exit);
        var line = run.Line("FAIL  weather client at corp: ");
        Assert.Contains(Filled(problem), line, StringComparison.Ordinal);
        Assert.Contains(remedy, line, StringComparison.Ordinal);
        Assert.DoesNotContain("answered an invalid subject token with success", run.Output, StringComparison.Ordinal);

        run = await DoctorRun.OfAsync(world, world.WeatherToken());
        Assert.Equal(1, run.Exit);
        line = run.Line("FAIL  weather exchange: ");
        Assert.Contains(Filled(problem), line, StringComparison.Ordinal);
        Assert.Contains(remedy, line, StringComparison.Ordinal);
        Assert.DoesNotContain("Hint: no answer worth trusting", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(503, null, "introspection_unavailable: status 503 at {endpoint}", "look at its log")]
    [InlineData(404, null, "introspection_unavailable: the endpoint's answer is none of OAuth at {endpoint}", "Introspection:Endpoint")]
    [InlineData(401, """{"error":"invalid_client"}""", "introspection_unavailable: invalid_client at {endpoint}", "its right to introspect")]
    public async Task An_introspection_endpoint_that_gives_no_word_is_named_too(int status, string? body, string problem, string remedy)
    {
        await using var world = await World.StartAsync(options => options["AuthorizationServers"]!["corp"]!["Introspection"] = new JsonObject { ["Mode"] = "always" });
        world.As.Handle("/introspect", DoctorRun.Says(status, body is null ? null : "application/json", body ?? ""));

        var run = await DoctorRun.OfAsync(world, world.WeatherToken());

        Assert.Equal(1, run.Exit);
        var line = run.Line("FAIL  weather subject token: ");
        Assert.Contains(problem.Replace("{endpoint}", world.As.Issuer + "/introspect", StringComparison.Ordinal), line, StringComparison.Ordinal);
        Assert.Contains(remedy, line, StringComparison.Ordinal);
    }

    private static async Task<World> BrokenAsync(string mistake)
    {
        var world = await World.StartAsync(options =>
        {
            if (mistake == "down")
            {
                options["AuthorizationServers"]!["corp"]!["TokenEndpoint"] = "http://127.0.0.1:9/token";
            }
        });
        world.As.TokenAnswer = mistake switch
        {
            "503" => DoctorRun.Says(503, null, ""),
            "429" => DoctorRun.Says(429, null, ""),
            "302" => DoctorRun.Says(302, null, "", response => response.Headers.Location = "/elsewhere"),
            "404" => DoctorRun.Says(404, null, ""),
            "403 page" => DoctorRun.Says(403, "text/html", Page),
            "400 JSON" => DoctorRun.Says(400, "application/json", "{}"),
            "200 page" => DoctorRun.Says(200, "text/html", Page),
            "200 broken" => DoctorRun.Says(200, "application/json", Page),
            "200 JSON" => DoctorRun.Says(200, "application/json", """{"status":"UP"}"""),
            _ => null,
        };
        world.As.ChangeMetadata = mistake == "not named" ? metadata => metadata.Remove("token_endpoint") : null;
        return world;
    }
}
