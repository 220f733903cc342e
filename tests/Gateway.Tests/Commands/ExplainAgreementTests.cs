using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Gateway.Commands;
using Gateway.Tests.Harness;
using Gateway.Tests.Policy;
using TokenExchange.Outbound.Local;
using Xunit;

namespace Gateway.Tests.Commands;

/// <summary><c>explain</c> says of a token and a call what the gateway answers them, and <c>doctor</c> of a token; neither uses anything up.</summary>
public sealed class ExplainAgreementTests : IDisposable
{
    private const string Pay = """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"pay_bill","arguments":{"to":"bob"}}}""";
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("gateway-explain-");

    public void Dispose() => directory.Delete(recursive: true);

    [Theory]
    [InlineData("exchange", "may_act", """{"sub":"a"}""", "claim_refused", "'mcp-gateway', the gateway's client at its issuer, or 'https://mcp.example.com/weather'")]
    [InlineData("exchange", "act", """{"sub":"https://mcp.example.com/weather"}""", "actor_chain_refused", "Its act names https://mcp.example.com/weather already")]
    [InlineData("local", "may_act", """{"sub":"a"}""", "claim_refused", "Its may_act must name")]
    [InlineData("local", "authorization_details", """[{"type":"payment"}]""", "claim_refused", "Outbound:Claims")]
    [InlineData("local", "act", """{"sub":"https://mcp.example.com/weather"}""", "actor_chain_refused", "Its act names")]
    [InlineData("same-token", "act", """{"sub":"https://mcp.example.com/weather"}""", "actor_chain_refused", "Its act names")]
    [InlineData("exchange", "email", "null", "claim_refused", "Its claim 'email' is missing")]
    public async Task A_token_that_no_request_passes_with_is_refused_for_the_same_reason(string mode, string claim, string value, string reason, string remedy)
    {
        await using var world = await StartAsync(mode, options =>
        {
            if (claim == "email")
            {
                options["Servers"]!["weather"]!["IdentityHeaders"] = new JsonArray(new JsonObject { ["Header"] = "X-User", ["Claim"] = "email" });
            }
        });
        var token = world.World.WeatherToken((_, payload) => payload[claim] = JsonNode.Parse(value));

        Assert.Equal(reason, (await world.Gateway.CallAsync("/weather", token, Messages.Call("echo"))).Reason);
        foreach (var body in new[] { null, Messages.Call("echo") })
        {
            var (exit, output) = await ExplainAsync(world, token, body);
            Assert.Equal(1, exit);
            Assert.Contains($"refused: {reason}\n", output, StringComparison.Ordinal);
            Assert.Contains(remedy, output, StringComparison.Ordinal);
            Assert.DoesNotContain("policy was asked", output, StringComparison.Ordinal);
        }

        world.World.AssertNothingWasSent();
        var (failed, report) = await RunAsync("doctor", "--server", "weather", "--subject-token-file", Write(token), "--config", world.Gateway.ConfigPath);
        Assert.Equal(1, failed);
        Assert.Contains($"weather subject token: {reason}", report, StringComparison.Ordinal);
        Assert.DoesNotContain(world.World.As.Exchanges, exchange => exchange["subject_token"] == token);
    }

    [Theory]
    [InlineData("local", "exchange_subject_refused")]
    [InlineData("same-token", null)]
    [InlineData("exchange", null)]
    public async Task A_token_that_is_over_and_accepted_for_the_clocks_is_judged_by_what_can_be_made_of_it(string mode, string? reason)
    {
        await using var world = await StartAsync(mode);
        var over = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() - 5;
        var token = world.World.WeatherToken((_, payload) => (payload["iat"], payload["exp"]) = (over - 60, over));

        var answer = await world.Gateway.CallAsync("/weather", token, Messages.Call("echo"));
        foreach (var body in new[] { null, Messages.Call("echo") })
        {
            var (exit, output) = await ExplainAsync(world, token, body);
            if (mode != "exchange")
            {
                Assert.Equal(reason, answer.Reason);
            }

            Assert.True(exit == (reason is null ? 0 : 1), output);
            Assert.Equal(reason is not null, output.Contains($"refused: {reason}\n", StringComparison.Ordinal));
            Assert.Equal(reason is not null, output.Contains("mode 'local' mints nothing that ends later", StringComparison.Ordinal));
        }

        Assert.DoesNotContain("authorization server", (string?)answer.Json?["error_description"] ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_call_that_is_denied_is_refused_for_that_before_its_token_is_over()
    {
        await using var world = await StartAsync("local", options => options["Servers"]!["weather"]!["OtherOperations"] = "deny");
        var over = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() - 5;
        var token = world.World.WeatherToken((_, payload) => (payload["iat"], payload["exp"]) = (over - 60, over));

        await AgreeAsync(world, token, Messages.Call("echo"), "operation_denied", "denies tools/call");
    }

    [Fact]
    public async Task A_call_without_its_approval_is_refused_and_an_approval_is_judged_without_being_used()
    {
        await using var world = await StartAsync("exchange");
        var asked = await world.Gateway.CallAsync("/weather", world.World.WeatherToken(), Pay);
        Assert.Equal("approval_required", asked.Reason);
        var approved = world.World.WeatherToken((_, payload) => payload["authorization_details"] = asked.Json!["error"]!["data"]!["authorization_details"]!.DeepClone());

        await AgreeAsync(world, world.World.WeatherToken(), Pay, "approval_required", "The token holds no mcp_call_approval");
        await AgreeAsync(world, approved, Pay.Replace("bob", "eve", StringComparison.Ordinal), "approval_required", "no approval of this very call");
        await AgreeAsync(world, approved, Messages.Call("echo"), "claim_refused", "needs none");
        await AgreeAsync(world, world.World.WeatherToken(), Pay.Replace("bob", new string('x', 5000), StringComparison.Ordinal), "body_invalid", "could not show");

        var (exit, output) = await ExplainAsync(world, approved, Pay);
        Assert.True(exit == 0, output);
        Assert.Contains("pass  approval", output, StringComparison.Ordinal);
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", approved, Pay)).Status);
    }

    [Theory]
    [InlineData("exchange", "claim_refused")]
    [InlineData("local", "claim_refused")]
    [InlineData("same-token", null)]
    public async Task An_approval_that_nobody_needs_is_judged_by_what_would_become_of_it(string mode, string? reason)
    {
        await using var world = await StartAsync(mode);
        var token = world.World.WeatherToken((_, payload) => payload["authorization_details"] = JsonNode.Parse("""[{"type":"mcp_call_approval"}]"""));

        Assert.Equal(reason, (await world.Gateway.CallAsync("/weather", token, Messages.Call("echo"))).Reason);
        Assert.Equal(reason is null ? 0 : 1, (await ExplainAsync(world, token, Messages.Call("echo"))).Exit);
    }

    [Fact]
    public async Task Who_may_read_neither_signing_keys_nor_session_keys_can_ask_all_the_same()
    {
        await using var world = await StartAsync("local");
        File.Delete(Path.Combine(directory.FullName, "session"));
        Directory.Delete(Path.Combine(directory.FullName, "signing"), recursive: true);

        var (exit, output) = await ExplainAsync(world, world.World.WeatherToken(), Messages.Call("echo"));

        Assert.True(exit == 0, output);
    }

    private async Task AgreeAsync(PolicyWorld world, string token, string body, string reason, string remedy)
    {
        var told = world.Questions.Count;
        Assert.Equal(reason, (await world.Gateway.CallAsync("/weather", token, body)).Reason);
        var explained = await ExplainAsync(world, token, body);
        Assert.Equal(1, explained.Exit);
        Assert.Contains($"refused: {reason}\n", explained.Output, StringComparison.Ordinal);
        Assert.Contains(remedy, explained.Output, StringComparison.Ordinal);
        Assert.Equal(told, world.Questions.Count);
    }

    private Task<PolicyWorld> StartAsync(string mode, Action<JsonObject>? change = null) => PolicyWorld.StartAsync(change: options =>
    {
        var keys = Path.Combine(directory.FullName, "session");
        File.WriteAllText(keys, Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(keys, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        options["SessionKeyFile"] = keys;
        var weather = options["Servers"]!["weather"]!;
        weather["Operations"] = JsonNode.Parse("""[{ "Method": "tools/call", "Name": "pay_*", "Approval": true }]""");
        if (mode != "exchange")
        {
            weather["Outbound"] = new JsonObject { ["Mode"] = mode };
        }

        if (mode == "local")
        {
            var signing = directory.CreateSubdirectory("signing").FullName;
            SigningKeyFile.Create(signing, "ES256", TimeProvider.System);
            options["LocalIssuer"] = new JsonObject { ["Issuer"] = TestGateway.PublicUrl + "/hop", ["KeyDirectory"] = signing };
        }

        change?.Invoke(options);
    });

    private Task<(int Exit, string Output)> ExplainAsync(PolicyWorld world, string token, string? body) => RunAsync(
        ["explain", "--server", "weather", "--token-file", Write(token), .. body is null ? [] : (string[])["--body-file", Write(body)], "--config", world.Gateway.ConfigPath]);

    private string Write(string text)
    {
        var path = Path.Combine(directory.FullName, Guid.NewGuid().ToString("N"));
        File.WriteAllText(path, text);
        return path;
    }

    private static async Task<(int Exit, string Output)> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter { NewLine = "\n" };
        return (await new CommandLine(output, output).RunAsync(arguments), output.ToString());
    }
}
