using System.Net;
using System.Text.Json.Nodes;
using Gateway.Generations;
using Gateway.Observe;
using Gateway.Revoke;
using Gateway.Tests.Harness;
using Gateway.Tests.Observe.Harness;
using Harness;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using TokenExchange.Inbound.Revocation;
using Xunit;

namespace Gateway.Tests.Observe.Management;

/// <summary>The page and its explain form, as a browser asks for them; nothing of a token is ever on it.</summary>
public sealed class PageTests
{
    [Fact]
    public async Task It_shows_servers_hop_tokens_and_refusals_with_who_and_what_would_have_been_accepted()
    {
        await using var world = await World.StartAsync(Operator.Management());
        var token = world.WeatherToken();
        await world.Gateway.CallAsync("/weather", token);
        await world.Gateway.CallAsync("/notes", token);

        var page = await world.Gateway.PageAsync();

        Assert.Contains($"<code>{World.WeatherResource}</code>", page, StringComparison.Ordinal);
        Assert.Contains($"<code>{world.Weather.Url}</code>", page, StringComparison.Ordinal);
        Assert.Contains(">available</span>", page, StringComparison.Ordinal);
        Assert.Contains(">exchange</td>", page, StringComparison.Ordinal);
        var group = Row(page, "audience_invalid");
        Assert.Contains(">notes</td>", group, StringComparison.Ordinal);
        Assert.Contains(">corp</td>", group, StringComparison.Ordinal);
        Assert.Contains("401, authorization", group, StringComparison.Ordinal);
        var refusal = Row(page, "audience_invalid", last: true);
        Assert.Contains("<dt>subject</dt><dd><code>alice</code>", refusal, StringComparison.Ordinal);
        Assert.Contains($"<dt>for</dt><dd><code>{World.WeatherResource}</code>", refusal, StringComparison.Ordinal);
        Assert.Contains($"<dt>not</dt><dd><code>{World.NotesResource}</code>", refusal, StringComparison.Ordinal);
        Assert.Contains(">weather</th>", page[page.IndexOf("id=\"hop-tokens\"", StringComparison.Ordinal)..], StringComparison.Ordinal);
        Assert.Contains("<svg", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_of_a_token_is_on_it_and_no_subject_that_was_not_refused()
    {
        await using var world = await World.StartAsync(Operator.Management());
        var token = world.WeatherToken((_, payload) => payload["sub"] = "canary-subject");
        await world.Gateway.CallAsync("/weather", token);
        await world.Gateway.CallAsync("/notes", world.WeatherToken((_, payload) => payload["sub"] = "refused-subject"));
        await world.Gateway.CallAsync("/notes", TokenForge.AccessToken(TestKeys.Stranger, world.As.Issuer, World.NotesResource, world.As.Clock.GetUtcNow(), (_, payload) => payload["sub"] = "canary-forged"));
        var hop = world.Weather.Requests[0].Token!;

        var pages = (await world.Gateway.GetAsync("/")).Body
            + (await world.Gateway.ExplainAsync("weather", token)).Body
            + (await world.Gateway.ExplainAsync("notes", hop)).Body;

        Assert.Contains("refused-<wbr>subject", pages, StringComparison.Ordinal);
        foreach (var part in token.Split('.').Concat(hop.Split('.')).Append("canary-subject").Append("canary-forged").Append(World.Secret))
        {
            Assert.DoesNotContain(part, pages, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Its_policy_allows_no_script_no_frame_and_nothing_from_elsewhere()
    {
        await using var world = await World.StartAsync(Operator.Management());

        foreach (var answer in new[] { await world.Gateway.GetAsync("/"), await world.Gateway.ExplainAsync("weather", "x"), await world.Gateway.GetAsync("/metrics") })
        {
            var policy = answer.Headers["Content-Security-Policy"];
            Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
            Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
            Assert.DoesNotContain("script-src", policy, StringComparison.Ordinal);
            Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
            Assert.Equal("no-store", answer.Headers["Cache-Control"]);
            Assert.Equal("nosniff", answer.Headers["X-Content-Type-Options"]);
            Assert.False(answer.Headers.ContainsKey("Access-Control-Allow-Origin"));
            Assert.False(answer.Headers.ContainsKey("Server"));
        }

        var page = (await world.Gateway.GetAsync("/")).Body;
        Assert.DoesNotContain("<script", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(" style=", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(" on", System.Text.RegularExpressions.Regex.Replace(page, ">[^<]*<", "><"), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task What_a_caller_wrote_cannot_become_markup()
    {
        await using var world = await World.StartAsync(Operator.Management());
        const string Markup = "<b id=canary>\"'&";
        await world.Gateway.CallAsync("/weather", world.As.Token(Markup));

        var page = (await world.Gateway.GetAsync("/")).Body + (await world.Gateway.ExplainAsync(Markup, Markup)).Body;

        Assert.Contains("&lt;b id=canary&gt;", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<b id", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Explain_says_that_a_good_token_passes_and_sends_it_nowhere()
    {
        await using var world = await World.StartAsync(Operator.Management());

        var answer = await world.Gateway.ExplainAsync("weather", $"  {world.WeatherToken()}\r\n");

        Assert.Equal(200, answer.Status);
        Assert.Contains("The token passes at weather", answer.Body, StringComparison.Ordinal);
        world.AssertNothingWasSent();
        Assert.Empty(world.Gateway.Audit);
    }

    [Fact]
    public async Task Explain_names_the_check_that_refuses_and_what_would_be_right()
    {
        await using var world = await World.StartAsync(Operator.Management());

        var answer = await world.Gateway.ExplainAsync("notes", world.WeatherToken());

        Assert.Contains("The token is refused at notes", answer.Body, StringComparison.Ordinal);
        Assert.Contains("<code>audience_<wbr>invalid</code>", answer.Body, StringComparison.Ordinal);
        Assert.Contains($"ask the authorization server with resource={World.NotesResource}", answer.Body, StringComparison.Ordinal);
        Assert.Contains("<li class=\"good\">signature: passed</li>", answer.Body, StringComparison.Ordinal);
        Assert.Contains("<li class=\"bad\">audience: refused</li>", answer.Body, StringComparison.Ordinal);
        Assert.Contains("<dt>Presented audience</dt><dd><code>" + World.WeatherResource, answer.Body.Replace("<wbr>", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Explain_shows_no_claim_of_a_token_whose_signature_does_not_verify()
    {
        await using var world = await World.StartAsync(Operator.Management());
        var token = TokenForge.AccessToken(TestKeys.Stranger, world.As.Issuer, "https://canary.example.net", world.As.Clock.GetUtcNow(), (header, _) => header["kid"] = TestKeys.Es256.Kid);

        var answer = await world.Gateway.ExplainAsync("weather", token);

        Assert.Contains("<code>signature_<wbr>invalid</code>", answer.Body, StringComparison.Ordinal);
        Assert.Contains("not shown: the signature was not verified", answer.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", answer.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("not a token")]
    [InlineData("a.b.c")]
    public async Task Explain_survives_anything_that_is_pasted(string pasted)
    {
        await using var world = await World.StartAsync(Operator.Management());

        var answer = await world.Gateway.ExplainAsync("weather", pasted);

        Assert.Equal(200, answer.Status);
        Assert.Contains("The token is refused at weather", answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Explain_at_a_server_that_does_not_exist_is_a_404_that_says_so()
    {
        await using var world = await World.StartAsync(Operator.Management());

        var answer = await world.Gateway.ExplainAsync("nowhere", world.WeatherToken());

        Assert.Equal(404, answer.Status);
        Assert.Contains("There is no server nowhere", answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_explained_token_is_in_no_log_and_among_no_refusals()
    {
        await using var world = await World.StartAsync(Operator.Management());
        var token = world.WeatherToken();

        await world.Gateway.ExplainAsync("notes", token);

        Assert.DoesNotContain(token.Split('.')[1], world.Gateway.Log, StringComparison.Ordinal);
        Assert.Empty(world.Gateway.Audit);
        Assert.Contains("No refusal since the start.", (await world.Gateway.GetAsync("/")).Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("evil.example.com")]
    [InlineData("localhost.evil.example.com")]
    [InlineData("127.0.0.1.evil.example.com:9090")]
    public async Task A_name_that_was_rebound_to_this_address_gets_neither_page_nor_explanation(string host)
    {
        await using var world = await World.StartAsync(Operator.Management());

        var page = await world.Gateway.AskAsync(HttpMethod.Get, "/", change: request => request.Headers.Host = host);
        var explained = await world.Gateway.ExplainAsync("weather", world.WeatherToken(), request => request.Headers.Host = host);

        Assert.Equal((421, ""), (page.Status, page.Body));
        Assert.Equal((421, ""), (explained.Status, explained.Body));
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("127.0.0.1:1234")]
    [InlineData("[::1]:9090")]
    public async Task Addresses_and_localhost_are_answered(string host)
    {
        await using var world = await World.StartAsync(Operator.Management());

        Assert.Equal(200, (await world.Gateway.AskAsync(HttpMethod.Get, "/", change: request => request.Headers.Host = host)).Status);
    }

    [Theory]
    [InlineData("Origin", "https://evil.example.com")]
    [InlineData("Origin", "null")]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    [InlineData("Sec-Fetch-Site", "same-site")]
    public async Task A_form_on_another_page_is_refused(string header, string value)
    {
        await using var world = await World.StartAsync(Operator.Management());

        var answer = await world.Gateway.ExplainAsync("weather", world.WeatherToken(), request =>
        {
            request.Headers.Remove(header);
            request.Headers.TryAddWithoutValidation(header, value);
        });

        Assert.Equal((403, ""), (answer.Status, answer.Body));
    }

    [Fact]
    public async Task A_body_that_is_no_form_or_too_large_is_refused()
    {
        await using var world = await World.StartAsync(Operator.Management());

        var json = await world.Gateway.AskAsync(HttpMethod.Post, "/explain", new StringContent("{}", mediaType: new("application/json")));
        var large = await world.Gateway.ExplainAsync("weather", new string('a', 70_000));

        Assert.Equal(415, json.Status);
        Assert.Equal(413, large.Status);
    }

    [Theory]
    [InlineData("multipart/form-data", "x", 415)]
    [InlineData("multipart/form-data; boundary=x", "--x\r\nno part", 415)]
    [InlineData("application/x-www-form-urlencoded; charset=utf-7", "server=weather&token=x", 400)]
    [InlineData("application/x-www-form-urlencoded", "server=weather&NAME=x", 400)]
    [InlineData("Application/X-WWW-Form-URLEncoded; charset=UTF-8", "server=weather&token=x", 200)]
    public async Task A_form_that_cannot_be_read_is_the_fault_of_whoever_sent_it(string type, string form, int status)
    {
        await using var world = await World.StartAsync(Operator.Management());
        var content = new StringContent(form.Replace("NAME", new string('n', 3000), StringComparison.Ordinal));
        content.Headers.Remove("Content-Type");
        content.Headers.TryAddWithoutValidation("Content-Type", type);

        Assert.Equal(status, (await world.Gateway.AskAsync(HttpMethod.Post, "/explain", content)).Status);
    }

    [Fact]
    public async Task It_refreshes_only_when_its_address_says_so()
    {
        await using var world = await World.StartAsync(Operator.Management());

        Assert.DoesNotContain("http-equiv=\"refresh\"", (await world.Gateway.GetAsync("/")).Body, StringComparison.Ordinal);
        Assert.DoesNotContain("http-equiv=\"refresh\"", (await world.Gateway.GetAsync("/?refresh=0%3Burl%3Dhttps%3A%2F%2Fevil")).Body, StringComparison.Ordinal);
        Assert.Contains("http-equiv=\"refresh\" content=\"10\"", (await world.Gateway.GetAsync("/?refresh=10")).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_shows_what_it_was_asked_and_answered_and_when_it_last_answered_well()
    {
        var clock = new ManualClock();
        await using var world = await World.StartAsync(Operator.Management(), clock);
        var status = 200;
        world.Weather.Answer = context =>
        {
            context.Response.StatusCode = status;
            return Task.CompletedTask;
        };
        await world.Gateway.CallAsync("/weather", world.WeatherToken());
        await world.Gateway.CallAsync("/weather", null);
        Assert.Contains("serving", Row(await world.Gateway.PageAsync(), "/weather"), StringComparison.Ordinal);
        status = 404;
        clock.Advance(TimeSpan.FromMinutes(2));
        await world.Gateway.CallAsync("/weather", world.WeatherToken());
        await world.Gateway.CallAsync("/weather", world.WeatherToken());

        var page = await world.Gateway.PageAsync();
        var row = Row(page, "/weather");

        Assert.Contains("answers 4xx", row, StringComparison.Ordinal);
        Assert.Contains("<span class=\"number\">4</span> <small>4 in all</small>", row, StringComparison.Ordinal);
        Assert.Contains("<span class=\"number\">0</span> and 1 asked to sign in", row, StringComparison.Ordinal);
        Assert.Contains("1 well", row, StringComparison.Ordinal);
        Assert.Contains("2 4xx", row, StringComparison.Ordinal);
        Assert.Contains("404: 2", row, StringComparison.Ordinal);
        Assert.Contains("2\u00A0min ago", WebUtility.HtmlDecode(row), StringComparison.Ordinal);
        Assert.Contains("quiet", Row(page, "/notes"), StringComparison.Ordinal);
        Assert.Contains("weather: answers 4xx", page[..page.IndexOf("id=\"servers\"", StringComparison.Ordinal)], StringComparison.Ordinal);

        clock.Advance(TimeSpan.FromMinutes(16));
        Assert.Contains("quiet", Row(await world.Gateway.PageAsync(), "/weather"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_authorization_server_that_is_away_shows_its_cause_and_its_next_try()
    {
        await using var world = await World.StartAsync(Operator.Management(change: options =>
            options["AuthorizationServers"]!["away"] = new JsonObject
            {
                ["Issuer"] = "http://127.0.0.1:9/away",
                ["Inbound"] = false,
                ["Client"] = new JsonObject { ["Id"] = "mcp-gateway", ["Authentication"] = "client_secret_basic", ["Secret"] = World.Secret },
            }));
        world.As.TokenAnswer = context =>
        {
            context.Response.StatusCode = 503;
            return Task.CompletedTask;
        };
        await world.Gateway.CallAsync("/weather", world.WeatherToken());

        string page;
        do
        {
            page = await world.Gateway.PageAsync();
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
        }
        while (!Row(page, "http://127.0.0.1:9/away").Contains("connect", StringComparison.Ordinal));

        Assert.Contains("away: no keys", page, StringComparison.Ordinal);
        Assert.Matches("in \\d+\u00A0s|now", WebUtility.HtmlDecode(Row(page, "http://127.0.0.1:9/away")));
        var corp = Row(page, world.As.Issuer + "</small>");
        Assert.Contains("at hand", corp, StringComparison.Ordinal);
        Assert.Contains("token endpoint", corp, StringComparison.Ordinal);
        Assert.Contains("status 503", corp, StringComparison.Ordinal);
        Assert.Contains("corp: no exchanges", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_change_of_the_configuration_shows_what_changed_and_no_value()
    {
        var clock = new ManualClock();
        await using var world = await World.StartAsync(Operator.Management(), clock);
        var options = World.Options(world.As, world.Weather, world.Notes);
        options["Management"] = new JsonObject { ["Url"] = "http://127.0.0.1:0", ["Page"] = true };
        options["AuthorizationServers"]!["corp"]!["Client"]!["Secret"] = "canary-new-secret";
        options["Servers"]!["weather"]!["RequiredScopes"] = new JsonArray("canary-scope");
        options["Servers"]!.AsObject().Remove("notes");
        Assert.Contains("It has not changed since the start.", await world.Gateway.PageAsync(), StringComparison.Ordinal);
        world.Gateway.Write(options);

        string page;
        do
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            page = await world.Gateway.PageAsync();
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
        }
        while (!page.Contains("generation 2", StringComparison.Ordinal) || page.Contains("It has not changed since the start.", StringComparison.Ordinal));

        foreach (var key in new[] { "~ Gateway:AuthorizationServers:corp:Client:Secret", "~ Gateway:Servers:weather:RequiredScopes", "- Gateway:Servers:notes" })
        {
            Assert.Contains($"<code>{key}</code>", page, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("canary", page, StringComparison.Ordinal);
        Assert.Contains($"<code>{world.Gateway.ConfigPath}</code>", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_revocation_shows_who_asked_for_it_and_names_nobody()
    {
        await using var world = await World.StartAsync(Operator.Management());
        var revoker = world.Gateway.Services.GetRequiredService<Revoker>();
        await revoker.RevokeAsync([TokenExchange.Inbound.Revocation.Revocation.Of(revoker.Revocations.Keys, RevocationSelector.Subject, world.As.Issuer, "canary-subject", TimeProvider.System.GetUtcNow(), TimeSpan.FromHours(1), RevocationSource.Command)]);

        var row = Row(await world.Gateway.PageAsync(), ">command</td>");

        Assert.Contains(">corp</td>", row, StringComparison.Ordinal);
        Assert.Contains(">subject</td>", row, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", row, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_shared_state_that_cannot_be_asked_shows_where_it_is_and_since_when()
    {
        var keys = Directory.CreateTempSubdirectory("page-state-");
        await File.WriteAllTextAsync(Path.Combine(keys.FullName, "keys"), Convert.ToBase64String(new byte[32]), TestContext.Current.CancellationToken);
        await using var world = await World.StartAsync(Operator.Management(change: options =>
        {
            options["SessionKeyFile"] = Path.Combine(keys.FullName, "keys");
            options["SharedState"] = new JsonObject { ["Redis"] = new JsonObject { ["Endpoints"] = new JsonArray("127.0.0.1:9"), ["Tls"] = false } };
        }));

        string page;
        do
        {
            page = await world.Gateway.PageAsync();
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
        }
        while (!page.Contains("The shared state cannot be asked", StringComparison.Ordinal));

        Assert.Contains("not to be asked</span>", page, StringComparison.Ordinal);
        Assert.Contains("<code>127.0.0.1:9</code>", page, StringComparison.Ordinal);
        Assert.Contains("href=\"/troubleshooting#state_unavailable\"", page, StringComparison.Ordinal);
        Assert.Contains("<dt>Revocations in force</dt><dd>0</dd>", page, StringComparison.Ordinal);
        keys.Delete(recursive: true);
    }

    [Fact]
    public async Task Open_streams_are_counted_while_they_are_open()
    {
        await using var world = await World.StartAsync(Operator.Management());
        var end = new TaskCompletionSource();
        world.Weather.Answer = async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync("data: {}\n\n");
            await context.Response.Body.FlushAsync();
            await end.Task;
        };
        using var request = new HttpRequestMessage(HttpMethod.Get, world.Gateway.Url + "/weather") { Headers = { Authorization = new("Bearer", world.WeatherToken()), Accept = { new("text/event-stream") } } };
        using var response = await world.Gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Contains(Streams(1), Row(await world.Gateway.PageAsync(), "/weather"), StringComparison.Ordinal);
        end.SetResult();
        while (!Row(await world.Gateway.PageAsync(), "/weather").Contains(Streams(0), StringComparison.Ordinal))
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
        }

        static string Streams(int open) => $"data-label=\"Streams\"><span class=\"number\">{open}</span>";
    }

    [Fact]
    public async Task Without_Page_nothing_is_counted_for_it()
    {
        await using var with = await World.StartAsync(Operator.Management());
        await using var without = await World.StartAsync(Operator.Management(page: false));

        Assert.All(with.Gateway.Services.GetRequiredService<LiveGenerations>().Current.Servers, server => Assert.NotNull(server.Traffic));
        Assert.All(without.Gateway.Services.GetRequiredService<LiveGenerations>().Current.Servers, server => Assert.Null(server.Traffic));
        Assert.Null(without.Gateway.Services.GetService<RefusalGroups>());
    }

    private static string Row(string page, string text, bool last = false)
    {
        var at = last ? page.LastIndexOf(text, StringComparison.Ordinal) : page.IndexOf(text, StringComparison.Ordinal);
        Assert.True(at >= 0, page);
        return page[page.LastIndexOf("<tr ", at, StringComparison.Ordinal)..page.IndexOf("</tr>", at, StringComparison.Ordinal)];
    }
}
