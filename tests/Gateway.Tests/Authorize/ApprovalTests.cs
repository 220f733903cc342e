using System.Text.Json.Nodes;
using Gateway.Generations;
using Gateway.Tests.Harness;
using Harness;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Gateway.Tests.Authorize;

/// <summary>A token to look is none to act: what needs an approval passes once, with the user's approval of exactly that call.</summary>
public sealed class ApprovalTests
{
    private const string Pay = """{"jsonrpc":"2.0","id":"p1","method":"tools/call","params":{"name":"pay_bill","arguments":{"to":"bob","amount":10.0}}}""";

    [Fact]
    public async Task A_call_is_refused_with_what_would_be_enough_then_approved_then_passes_once()
    {
        await using var world = await StartAsync();

        var asked = await world.Gateway.CallAsync("/weather", world.WeatherToken(), Pay);

        Assert.Equal((403, "approval_required"), (asked.Status, asked.Reason));
        var error = asked.Json!["error"]!;
        Assert.Equal((-32001, "p1"), ((int)error["code"]!, (string?)asked.Json["id"]));
        Assert.Equal(["reason", "request_id", "authorization_details"], error["data"]!.AsObject().Select(member => member.Key));
        var element = Assert.Single(error["data"]!["authorization_details"]!.AsArray())!;
        Assert.Equal(["type", "locations", "method", "name", "arguments", "arguments_digest", "identifier"], element.AsObject().Select(member => member.Key));
        Assert.Equal("""{"to":"bob","amount":10.0}""", element["arguments"]!.ToJsonString());
        Assert.Contains("Bearer error=\"insufficient_authorization\"", asked.Challenge, StringComparison.Ordinal);
        var remediation = asked.Challenge!.Split("authorization_remediation=\"")[1].Split('"')[0];
        Assert.True(JsonNode.DeepEquals(element, JsonNode.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(remediation))!["authorization_details"]![0]));
        world.AssertNothingWasSent();

        // Another order of members and another spelling of the number, as an authorization server may write them.
        var approved = Approved(world, element, reordered: true);
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", approved, Pay)).Status);
        Assert.Single(world.Weather.Requests);

        Assert.Equal((403, "approval_required"), await ReasonAsync(world, approved, Pay));
        Assert.Equal((403, "approval_required"), await ReasonAsync(world, Approved(world, element, jti: "another"), Pay));
        Assert.Single(world.Weather.Requests);

        // The operator finds the call that an approval was asked for by one digest, which is not the identifier itself.
        var audited = world.Gateway.Audit.Select(line => (string?)line["approval"]).ToArray();
        Assert.Equal(audited[0], audited[1]);
        Assert.All(audited, digest => Assert.Equal(43, digest?.Length));
        Assert.DoesNotContain((string)element["identifier"]!, string.Join('\n', world.Gateway.Audit.Select(line => line.ToJsonString())), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_approval_is_for_that_call_and_caller_alone()
    {
        await using var world = await StartAsync();
        var element = await AskAsync(world, Pay);

        foreach (var body in new[]
        {
            Pay.Replace("10.0", "10.1", StringComparison.Ordinal),
            Pay.Replace("10.0", "10.00", StringComparison.Ordinal),
            Pay.Replace("\"bob\"", "\"eve\"", StringComparison.Ordinal),
            Pay.Replace("pay_bill", "pay_all", StringComparison.Ordinal),
            Pay.Replace("\"amount\":10.0}", "\"amount\":10.0},\"task\":{\"ttl\":1}", StringComparison.Ordinal),
            Pay.Replace(",\"arguments\":{\"to\":\"bob\",\"amount\":10.0}", "", StringComparison.Ordinal),
        })
        {
            Assert.Equal((403, "approval_required"), await ReasonAsync(world, Approved(world, element), body));
        }

        Assert.Equal((403, "approval_required"), await ReasonAsync(world, Approved(world, element, subject: "eve"), Pay));
        Assert.Equal((403, "approval_required"), await ReasonAsync(world, Approved(world, element, client: "other-agent"), Pay));
        Assert.Equal((403, "approval_required"), await ReasonAsync(world, Approved(world, element, change: changed => changed["amount"] = 1), Pay));
        Assert.Equal((403, "approval_required"), await ReasonAsync(world, Approved(world, element, change: changed => changed.AsObject().Remove("arguments")), Pay));
        Assert.Equal((403, "approval_required"), await ReasonAsync(world, Approved(world, element, change: changed => changed["identifier"] = Other((string)changed["identifier"]!)), Pay));
        world.AssertNothingWasForwarded();

        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", Approved(world, element), Pay)).Status);
    }

    [Fact]
    public async Task An_approval_ends_after_ten_minutes()
    {
        var clock = new ManualClock();
        await using var world = await StartAsync(clock);
        var (early, late) = (await AskAsync(world, Pay), await AskAsync(world, Pay));

        clock.Advance(TimeSpan.FromMinutes(10) - TimeSpan.FromSeconds(1));
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", Approved(world, early), Pay)).Status);
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal((403, "approval_required"), await ReasonAsync(world, Approved(world, late), Pay));
    }

    [Fact]
    public async Task An_approval_is_not_used_up_by_a_call_whose_token_runs_out_meanwhile()
    {
        var clock = new ManualClock();
        await using var world = await StartAsync(clock);
        var element = await AskAsync(world, Pay);
        var runningOut = world.WeatherToken((_, payload) =>
        {
            // With the skew of 30 s, good for two more seconds; the exchange takes four.
            payload["authorization_details"] = new JsonArray(element.DeepClone());
            payload["iat"] = clock.GetUtcNow().ToUnixTimeSeconds() - 300;
            payload["exp"] = clock.GetUtcNow().ToUnixTimeSeconds() - 28;
        });
        world.As.ChangeToken = (_, _) => clock.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal((401, "expired"), await ReasonAsync(world, runningOut, Pay));
        world.AssertNothingWasForwarded();
        world.As.ChangeToken = null;

        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", Approved(world, element), Pay)).Status);
    }

    [Fact]
    public async Task An_approval_passes_once_over_reloads_too()
    {
        await using var world = await StartAsync();
        var approved = Approved(world, await AskAsync(world, Pay));
        Reload(world, "00:01:01");
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", approved, Pay)).Status);
        Reload(world, "00:01:02");

        Assert.Equal((403, "approval_required"), await ReasonAsync(world, approved, Pay));
        Assert.Single(world.Weather.Requests);
    }

    [Theory]
    [InlineData("""{"a":1,"a":2}""")]
    [InlineData("""{"deep":[{"b":1,"b":1}]}""")]
    [InlineData("""{"deep":[{"b":1e99999999999}]}""")]
    [InlineData("-1E-2147483649")]
    [InlineData("large")]
    public async Task What_could_not_be_shown_to_the_user_is_no_call_to_approve(string arguments)
    {
        await using var world = await StartAsync();
        arguments = arguments == "large" ? $$"""{"text":"{{new string('x', 4096)}}"}""" : arguments;

        Assert.Equal((400, "body_invalid"), await ReasonAsync(world, world.WeatherToken(), $$$"""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"pay_bill","arguments":{{{arguments}}}}}"""));
        world.AssertNothingWasSent();
    }

    /// <summary>What is subscribed to is part of the call: no URI takes the approval away, and none is added to it.</summary>
    [Theory]
    [InlineData("""[{ "Method": "*", "Approval": true }]""")]
    [InlineData("""[{ "Method": "subscriptions/listen", "Approval": true }]""")]
    [InlineData("""[{ "Method": "resources/subscribe", "Approval": true }]""")]
    [InlineData("""[{ "Method": "resources/subscribe", "Name": "file:///b", "Approval": true }]""")]
    public async Task A_subscription_is_approved_with_all_that_it_subscribes_to(string rules)
    {
        await using var world = await StartAsync(rules: rules);
        var listen = Listen("\"file:///a\",\"file:///b\"");

        Assert.Equal((403, "approval_required"), await ReasonAsync(world, world.WeatherToken(), listen));
        var element = await AskAsync(world, listen);
        Assert.Equal("""{"notifications":{"toolsListChanged":true,"resourceSubscriptions":["file:///a","file:///b"]}}""", element["params"]!.ToJsonString());
        foreach (var other in new[] { Listen("\"file:///a\",\"file:///b\",\"file:///c\""), Listen("\"file:///b\""), listen.Replace("true", "false", StringComparison.Ordinal) })
        {
            Assert.Equal((403, "approval_required"), await ReasonAsync(world, Approved(world, element), other));
        }

        world.AssertNothingWasForwarded();
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", Approved(world, element), listen)).Status);
    }

    /// <summary>Wherever a server may look for what it should do: nothing of <c>params</c> is left out but <c>_meta</c>.</summary>
    [Theory]
    [InlineData("completion/complete", """{"ref":{"type":"ref/prompt","name":"a"},"argument":{"name":"x","value":"y"}}""", "\"y\"", "\"z\"")]
    [InlineData("completion/complete", """{"ref":{"type":"ref/prompt","name":"file:///a"}}""", "\"ref/prompt\",\"name\"", "\"ref/resource\",\"uri\"")]
    [InlineData("logging/setLevel", """{"level":"error"}""", "error", "debug")]
    [InlineData("vendor/delete", """{"type":"file","name":"a","locations":[1]}""", "\"a\"", "\"b\"")]
    [InlineData("tools/call", """{"name":"pay_bill","Arguments":{"to":"bob"}}""", "bob", "eve")]
    [InlineData("tools/call", """{"name":"pay_bill","uri":"file:///a"}""", "file:///a", "file:///b")]
    public async Task All_that_a_call_says_is_approved(string method, string parameters, string shown, string other)
    {
        await using var world = await StartAsync(rules: """[{ "Method": "*", "Approval": true }]""");
        var call = $$"""{"jsonrpc":"2.0","id":1,"method":"{{method}}","params":{{parameters}}}""";
        var element = await AskAsync(world, call);

        Assert.Contains(shown, element.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal((403, "approval_required"), await ReasonAsync(world, Approved(world, element), call.Replace(shown, other, StringComparison.Ordinal)));
        world.AssertNothingWasForwarded();

        // A client counts its requests and names its progress anew when it comes back with the approval.
        var again = call.Replace("\"id\":1", "\"id\":2", StringComparison.Ordinal).Replace("\"params\":{", "\"params\":{\"_meta\":{\"progressToken\":2},", StringComparison.Ordinal);
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", Approved(world, element), again)).Status);
    }

    [Fact]
    public async Task A_subscription_to_more_than_could_be_shown_is_no_call_to_approve()
    {
        await using var world = await StartAsync(rules: """[{ "Method": "resources/subscribe", "Approval": true }]""");

        Assert.Equal((400, "body_invalid"), await ReasonAsync(world, world.WeatherToken(), Listen($"\"file:///{new string('x', 4096)}\"")));
        world.AssertNothingWasSent();
    }

    [Fact]
    public async Task An_approval_counts_neither_for_other_calls_nor_for_what_goes_out()
    {
        await using var world = await StartAsync();
        var element = await AskAsync(world, Pay);

        // At a rule that asks for none, it is not handed on; where it is taken, the result needs not hold it.
        Assert.Equal((403, "claim_refused"), await ReasonAsync(world, Approved(world, element), Messages.Call("echo")));
        world.AssertNothingWasSent();
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", Approved(world, element), Pay)).Status);
        Assert.DoesNotContain("mcp_call_approval", System.Text.Encoding.UTF8.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(world.Weather.Requests[^1].Token!.Split('.')[1])), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_remediation_over_4_KiB_is_in_the_body_alone()
    {
        await using var world = await StartAsync();

        var asked = await world.Gateway.CallAsync("/weather", world.WeatherToken(), Pay.Replace("10.0", $"\"{new string('x', 4000)}\"", StringComparison.Ordinal));

        Assert.Equal((403, "approval_required"), (asked.Status, asked.Reason));
        Assert.DoesNotContain("authorization_remediation", asked.Challenge, StringComparison.Ordinal);
        Assert.NotNull(asked.Json!["error"]!["data"]!["authorization_details"]);
    }

    private static string Other(string identifier) => identifier[..20] + (identifier[20] == 'A' ? 'B' : 'A') + identifier[21..];

    private static string Listen(string uris) =>
        $$$"""{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true,"resourceSubscriptions":[{{{uris}}}]} } }""";

    private const string PayNeedsApproval = """[{ "Method": "tools/call", "Name": "pay_*", "Approval": true }]""";

    /// <summary>Applies the configuration again, with something changed that has nothing to do with approvals.</summary>
    private static void Reload(World world, string maxAge)
    {
        var options = World.Options(world.As, world.Weather, world.Notes);
        options["Servers"]!["weather"]!["Operations"] = JsonNode.Parse(PayNeedsApproval);
        options["Servers"]!["weather"]!["DPoP"] = new JsonObject { ["MaxAge"] = maxAge };
        world.Gateway.Write(options);
        var before = world.Gateway.Services.GetRequiredService<LiveGenerations>().Current;
        world.Gateway.Services.GetRequiredService<Reload>().Poll();
        Assert.NotSame(before, world.Gateway.Services.GetRequiredService<LiveGenerations>().Current);
    }

    private static Task<World> StartAsync(TimeProvider? clock = null, string rules = PayNeedsApproval) =>
        World.StartAsync(options => options["Servers"]!["weather"]!["Operations"] = JsonNode.Parse(rules), clock);

    private static async Task<JsonNode> AskAsync(World world, string body) =>
        (await world.Gateway.CallAsync("/weather", world.WeatherToken(), body)).Json!["error"]!["data"]!["authorization_details"]![0]!;

    private static string Approved(World world, JsonNode element, string? jti = null, string? subject = null, string? client = null, bool reordered = false, Action<JsonNode>? change = null) =>
        world.WeatherToken((_, payload) =>
        {
            var copy = element.DeepClone();
            if (reordered)
            {
                copy = new JsonObject(copy.AsObject().Reverse().Select(member => KeyValuePair.Create(member.Key, member.Value?.DeepClone())));
                copy["arguments"] = JsonNode.Parse("""{"amount":1e1,"to":"bob"}""");
            }

            change?.Invoke(copy);
            payload["authorization_details"] = new JsonArray(copy);
            payload["jti"] = jti ?? Guid.NewGuid().ToString();
            payload["sub"] = subject ?? payload["sub"]!.GetValue<string>();
            payload["client_id"] = client ?? payload["client_id"]!.GetValue<string>();
        });

    private static async Task<(int Status, string? Reason)> ReasonAsync(World world, string token, string body)
    {
        var answer = await world.Gateway.CallAsync("/weather", token, body);
        return (answer.Status, answer.Reason);
    }
}
