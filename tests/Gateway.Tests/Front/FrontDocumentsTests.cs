using System.Text.Json;
using System.Text.RegularExpressions;
using Gateway.Commands;
using Gateway.Front;
using Gateway.Tests.Commands;
using Gateway.Tests.Harness;
using Harness.Products;
using Xunit;

namespace Gateway.Tests.Front;

/// <summary>What the documents and the commands say of fronts is so.</summary>
public sealed partial class FrontDocumentsTests
{
    [Theory]
    [InlineData("entra", 2)]
    [InlineData("without-registration", 1)]
    public async Task Every_configuration_of_a_page_passes_check(string page, int count)
    {
        var text = File.ReadAllText(Path.Combine(CommandTests.Repository(), "docs", "authorization-servers", page + ".md"));
        var configurations = Fences().Matches(text);
        using var files = new ClientFiles();

        Assert.Equal(count, configurations.Count);
        foreach (Match configuration in configurations)
        {
            var (exit, output) = await RunAsync("check", "--format", "json", "--config", files.Write("gateway.json", configuration.Groups[1].Value));

            Assert.True(exit == 0, output);
            using var report = JsonDocument.Parse(output);
            Assert.Empty(report.RootElement.GetProperty("problems").EnumerateArray().Select(problem => problem.GetProperty("rule").GetString()).Except(["file-missing", "account-audience"]));
        }
    }

    [Fact]
    public void Every_reason_is_on_the_page()
    {
        var text = File.ReadAllText(Path.Combine(CommandTests.Repository(), "docs", "authorization-servers", "without-registration.md"));
        var reasons = typeof(FrontRefusal).GetFields().Select(field => ((FrontRefusal)field.GetValue(null)!).Reason).ToList();

        Assert.True(reasons.Count > 10);
        Assert.All(reasons, reason => Assert.Contains($"`{reason}`", text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Doctor_says_where_a_front_sends_users()
    {
        await using var world = await FrontWorld.StartAsync();

        var (_, output) = await RunAsync("doctor", "--config", world.Gateway.ConfigPath);

        Assert.Contains($"pass  corp front: {TestGateway.PublicUrl}/oauth/corp sends users on to {world.SignIn}", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_fails_a_front_of_an_authorization_server_that_names_itself()
    {
        await using var world = await FrontWorld.StartAsync(metadata: document => document["authorization_response_iss_parameter_supported"] = true);

        var (exit, output) = await RunAsync("doctor", "--config", world.Gateway.ConfigPath);

        Assert.Equal(1, exit);
        Assert.Contains("FAIL  corp front: The authorization server names itself in its answers", output, StringComparison.Ordinal);
    }

    private static async Task<(int Exit, string Output)> RunAsync(params string[] arguments)
    {
        using StringWriter output = new(), errors = new();
        var exit = await new CommandLine(output, errors).RunAsync(arguments);
        return (exit, output + errors.ToString());
    }

    [GeneratedRegex("```jsonc?\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Fences();
}
