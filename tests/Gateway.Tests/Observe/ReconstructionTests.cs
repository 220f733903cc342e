using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Demo;
using Gateway.Tests.Observe.Harness;
using Xunit;

namespace Gateway.Tests.Observe;

/// <summary>Somebody who has nothing but the audit files of the demo's two replicas tells what happened in each of its steps.</summary>
public sealed class ReconstructionTests
{
    [Fact]
    public async Task Who_reads_only_the_audit_file_can_tell_each_step_of_the_demo()
    {
        using var directory = new TemporaryDirectory();
        string first = directory.File("first.jsonl"), second = directory.File("second.jsonl");
        var output = new StringWriter();
        var exitCode = await DemoRun.RunAsync(
            new DemoOptions { Once = true, GatewayArguments = ["--Gateway:Audit:File", first], SecondGatewayArguments = ["--Gateway:Audit:File", second] },
            new Terminal(output, rich: false),
            TimeProvider.System,
            TestContext.Current.CancellationToken);
        Assert.True(exitCode == 0, output.ToString());

        // What one call of the client needs besides (initialize, its notification, tools/list) is told in the same words.
        Assert.Equal(
            [
                "alice's assistant called get_forecast at weather with token 1 for /weather; sent on: token A for weather's server",
                "REFUSED 401 audience_invalid: alice's token 1 for /weather, presented at notes, which is /notes; nothing was sent on",
                "alice's assistant called get_forecast at weather with token 2 for /weather; sent on: token B for weather's server",
                "alice's assistant called list_notes at notes with token 3 for /notes; sent on: token C for notes's server",
                "REFUSED 401 audience_invalid: alice's token 2 for /weather, presented at notes, which is /notes; nothing was sent on",
                "REFUSED 401 audience_invalid: token B for weather's server, which had been sent to weather, presented at weather, which is /weather; nothing was sent on",
                "REFUSED 401 audience_invalid: token B for weather's server, which had been sent to weather, presented at notes, which is /notes; nothing was sent on",
                "alice's assistant called get_forecast at weather with token 4 for /weather; sent on: token D for weather's server",
                "REFUSED 401 sender_constrained: alice's token 4 for /weather, presented at weather, which is /weather; nothing was sent on",
                "REFUSED 401 invalid_dpop_proof (jti): alice's token 4 for /weather, presented at weather, which is /weather; nothing was sent on",
                "REFUSED 401 invalid_dpop_proof (thumbprint): alice's token 4 for /weather, presented at weather, which is /weather; nothing was sent on",
                "REFUSED 401 token_missing: no token, presented at weather, which is /weather; nothing was sent on",
                "bob's assistant called get_forecast at weather with token 5 for /weather; sent on: token E for weather's server",
                "REVOKED what development issued, by subject, since backchannel_logout said so",
                "REFUSED 401 revoked: bob's token 5 for /weather, presented at weather, which is /weather; nothing was sent on",
                "REFUSED 502 exchange_result_rejected (result_audience): alice's token 6 for /archive, presented at archive, which is /archive; nothing was sent on",
            ],
            await StoryOfAsync(first));
        Assert.Equal(
            [
                "bob's assistant called get_forecast at weather with token 1 for /weather; sent on: token A for weather's server",
                "REVOKED what development issued, by subject, since backchannel_logout said so",
                "REFUSED 401 revoked: bob's token 1 for /weather, presented at weather, which is /weather; nothing was sent on",
            ],
            await StoryOfAsync(second));
    }

    private static async Task<IEnumerable<string>> StoryOfAsync(string file)
    {
        var lines = await File.ReadAllLinesAsync(file, TestContext.Current.CancellationToken);
        return Story.Of(lines.Select(line => JsonNode.Parse(line)!.AsObject()))
            .Where(line => line.Contains("called", StringComparison.Ordinal) || line.StartsWith("RE", StringComparison.Ordinal));
    }

    /// <summary>Tells audit events in words; knows what it reads and nothing else.</summary>
    private sealed class Story
    {
        private readonly List<string> inbound = [];
        private readonly Dictionary<string, (string Name, string Server)> outbound = [];
        private readonly Dictionary<string, string> servers = [];

        public static IReadOnlyList<string> Of(IEnumerable<JsonObject> events)
        {
            var story = new Story();
            return [.. events.Select(story.Tell)];
        }

        private string Tell(JsonObject line) => (string)line["event"]! switch
        {
            "mcp.request.allowed" => Allowed(line),
            "mcp.request.refused" => Refused(line),
            "gateway.revocation" => $"REVOKED what {line["authorization_server"]} issued, by {line["selector"]}, since {line["source"]} said so",
            var other => throw new InvalidOperationException($"an event that nobody has told of: {other}"),
        };

        private string Allowed(JsonObject line)
        {
            var server = (string)line["server"]!;
            servers[(string)line["outbound_audience"]!] = server;
            var sent = (string)line["outbound_token_id"]!;
            outbound.TryAdd(sent, ($"token {(char)('A' + outbound.Count)}", server));
            var client = Regex.IsMatch((string)line["client_id"]!, "^[a-z-]+$") ? "assistant" : "somebody";
            return $"{line["subject"]}'s {client} {((string?)line["method"] == "tools/call" ? $"called {line["operation"]}" : $"sent {line["method"]}")} at {server} with {Presented(line)}"
                + $"; sent on: {outbound[sent].Name} for {servers[(string)line["outbound_audience"]!]}'s server";
        }

        private string Refused(JsonObject line)
        {
            var detail = line["detail"] is { } text ? $" ({text})" : "";
            Assert.Null(line["outbound_token_id"]);
            return $"REFUSED {line["status"]} {line["reason"]}{detail}: {Whose(line)}, presented at {line["server"]}, which is {PathOf((string)line["resource"]!)}; nothing was sent on";
        }

        private string Whose(JsonObject line) => (string?)line["token_id"] switch
        {
            null => "no token",
            { } id when outbound.TryGetValue(id, out var hop) => $"{hop.Name} for {servers[(string)line["presented_audience"]![0]!]}'s server, which had been sent to {hop.Server}",
            _ => $"{line["subject"]}'s {Presented(line)}",
        };

        private string Presented(JsonObject line)
        {
            var id = (string)line["token_id"]!;
            if (!inbound.Contains(id))
            {
                inbound.Add(id);
            }

            return $"token {inbound.IndexOf(id) + 1} for {PathOf((string)line["presented_audience"]![0]!)}";
        }

        private static string PathOf(string resource) => new Uri(resource).AbsolutePath;
    }
}
