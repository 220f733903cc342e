using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Gateway.Advertise;
using Gateway.Revoke;
using Gateway.Tests.Harness;
using Gateway.Tests.Observe.Harness;
using Harness;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using TokenExchange.Inbound.Revocation;
using TokenExchange.Jose;
using Xunit;

namespace Gateway.Tests.Observe;

/// <summary>What <c>deploy/observability</c> asks Prometheus for is what the program emits, name by name and label by label.</summary>
public sealed partial class DashboardTests
{
    /// <summary>Labels that Prometheus itself adds.</summary>
    private static readonly string[] FromPrometheus = ["instance", "job", "le"];

    private static readonly string Directory = Path.Combine(Root(), "deploy", "observability");

    [Theory]
    [InlineData("dashboard.json", 22)]
    [InlineData("alerts.yaml", 17)]
    public async Task Every_metric_label_and_value_that_is_asked_for_is_emitted(string file, int expected)
    {
        var expressions = Expressions(file);
        Assert.True(expressions.Count >= expected, $"{expressions.Count} expressions");
        var emitted = await EmittedAsync();

        foreach (var expression in expressions)
        {
            var metrics = Metrics().Matches(expression);
            Assert.NotEmpty(metrics);
            foreach (Match metric in metrics)
            {
                Assert.True(emitted.TryGetValue(metric.Groups[1].Value, out var labels), $"{metric.Groups[1].Value} in {expression}");
                foreach (Match matcher in Matchers().Matches(metric.Groups[2].Value))
                {
                    Assert.True(labels.Contains(matcher.Groups[1].Value), $"{matcher.Groups[1].Value} in {expression}");
                    AssertValues(matcher.Groups[1].Value, matcher.Groups[2].Value);
                }

                foreach (var label in Grouping().Matches(expression).SelectMany(by => by.Groups[1].Value.Split(',', StringSplitOptions.TrimEntries)))
                {
                    Assert.True(labels.Contains(label) || FromPrometheus.Contains(label), $"{label} in {expression}");
                }
            }
        }
    }

    [Fact]
    public void The_operations_guide_explains_every_alert_metric_and_reason()
    {
        var guide = File.ReadAllText(Path.Combine(Root(), "docs", "operations.md"));

        Assert.All(Alerts().Matches(File.ReadAllText(Path.Combine(Directory, "alerts.yaml"))).Select(alert => alert.Groups[1].Value), alert => Assert.Contains($"`{alert}`", guide, StringComparison.Ordinal));
        Assert.All(Reasons(), reason => Assert.Contains($"`{reason}`", guide, StringComparison.Ordinal));
        string[] instruments = [.. Sources().SelectMany(source => Instruments().Matches(source)).Select(match => match.Groups[1].Value)];
        Assert.True(instruments.Length > 10, string.Join(", ", instruments));
        Assert.All(instruments, instrument => Assert.Contains($"`{instrument}`", guide, StringComparison.Ordinal));
    }

    private static IEnumerable<string> Sources() => System.IO.Directory.EnumerateFiles(Path.Combine(Root(), "src"), "*.cs", SearchOption.AllDirectories).Select(File.ReadAllText);

    private static List<string> Expressions(string file)
    {
        var text = File.ReadAllText(Path.Combine(Directory, file));
        return file.EndsWith(".json", StringComparison.Ordinal)
            ? [.. JsonNode.Parse(text)!["panels"]!.AsArray().Where(panel => (string?)panel!["type"] != "row").SelectMany(panel => panel!["targets"]!.AsArray()).Select(target => (string)target!["expr"]!)]
            : [.. Expr().Matches(text).Select(line => line.Groups[1].Value)];
    }

    private static void AssertValues(string label, string pattern)
    {
        string[] known = label switch
        {
            "reason" => ["-", .. Reasons()],
            "outcome" => ["allowed", "refused", "applied", "hit", "joined", "issued", "rejected", "unavailable", "success", "failure"],
            "status_class" => ["1xx", "2xx", "3xx", "4xx", "5xx", "other"],
            _ => [pattern],
        };
        Assert.All(pattern.Split('|'), value => Assert.Contains(value, known));
    }

    private static IEnumerable<string> Reasons() => typeof(Refusal)
        .GetFields(System.Reflection.BindingFlags.Public | System.Reflection.BindingFlags.Static)
        .Select(field => field.GetValue(null)).OfType<Refusal>().Select(refusal => refusal.Reason)
        .Concat(Enum.GetValues<TokenRefusal>().Select(refusal => Refusal.Of(refusal).Reason))
        .Distinct();

    /// <summary>The names that a running gateway emits after all kinds of requests, each with its labels.</summary>
    private static async Task<Dictionary<string, HashSet<string>>> EmittedAsync()
    {
        await using var world = await World.StartAsync(Operator.Management(page: false));
        world.Weather.Answer = context =>
        {
            context.Response.ContentType = "text/event-stream";
            return context.Response.WriteAsync("data: {}\n\n");
        };
        await world.Gateway.CallAsync("/weather", world.WeatherToken());
        await world.Gateway.CallAsync("/weather", null);
        world.As.ChangeAnswer = answer => answer.Remove("issued_token_type");
        await world.Gateway.CallAsync("/weather", world.WeatherToken());
        var revoker = world.Gateway.Services.GetRequiredService<Revoker>();
        await revoker.RevokeAsync([TokenExchange.Inbound.Revocation.Revocation.Of(revoker.Revocations.Keys, RevocationSelector.Subject, world.As.Issuer, "mallory", TimeProvider.System.GetUtcNow(), TimeSpan.FromHours(1), RevocationSource.Command)]);

        // Nobody is there to share anything with, which is told, too.
        await using var shared = await World.StartAsync(Operator.Management(page: false, options =>
        {
            var keys = Path.Combine(Scratch.Directory("dashboard-"), "keys");
            File.WriteAllText(keys, Convert.ToBase64String(new byte[32]));
            options["SessionKeyFile"] = keys;
            options["SharedState"] = new JsonObject { ["Redis"] = new JsonObject { ["Endpoints"] = new JsonArray("127.0.0.1:9"), ["Tls"] = false } };
        }));
        var text = (await world.Gateway.GetAsync("/metrics")).Body + (await shared.Gateway.GetAsync("/metrics")).Body;
        return Operator.Samples(text).GroupBy(sample => sample.Name).ToDictionary(group => group.Key, group => group.SelectMany(sample => sample.Labels.Keys).ToHashSet());
    }

    private static string Root()
    {
        var directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "Gateway.sln")))
        {
            directory = Path.GetDirectoryName(directory)!;
        }

        return directory;
    }

    [GeneratedRegex(@"Create(?:Observable)?(?:Counter|Gauge|Histogram|UpDownCounter)(?:<\w+>)?\(\s*""([a-z._]+)""")]
    private static partial Regex Instruments();

    [GeneratedRegex(@"\b((?:gateway|token_exchange)_[a-z_]+)(\{[^}]*\})?")]
    private static partial Regex Metrics();

    [GeneratedRegex("([a-z_]+)\\s*(?:=~|=|!=|!~)\\s*\"([^\"]*)\"")]
    private static partial Regex Matchers();

    [GeneratedRegex(@"by \(([^)]*)\)")]
    private static partial Regex Grouping();

    [GeneratedRegex(@"^\s+expr: (.*)$", RegexOptions.Multiline)]
    private static partial Regex Expr();

    [GeneratedRegex(@"- alert: (\w+)")]
    private static partial Regex Alerts();
}
