using Gateway.Tests.Harness;
using Gateway.Tests.Observe.Harness;
using Microsoft.AspNetCore.Http;
using TokenExchange.Tests.Harness;
using Xunit;

namespace Gateway.Tests.Observe.Management;

/// <summary>The page and its explain form, as a browser asks for them; nothing of a token is ever on it.</summary>
public sealed class PageTests
{
    [Fact]
    public async Task It_shows_servers_hop_tokens_and_refusals_with_what_would_have_been_accepted()
    {
        await using var world = await World.StartAsync(Operator.Management());
        var token = world.WeatherToken();
        await world.Gateway.CallAsync("/weather", token);
        await world.Gateway.CallAsync("/notes", token);

        var page = (await world.Gateway.GetAsync("/")).Body;

        Assert.Contains($"<code>{World.WeatherResource}</code>", page, StringComparison.Ordinal);
        Assert.Contains($"<code>{world.Weather.Url}</code>", page, StringComparison.Ordinal);
        Assert.Contains(">available</span>", page, StringComparison.Ordinal);
        Assert.Contains("<td>exchange</td>", page, StringComparison.Ordinal);
        var refusal = Row(page, "audience_invalid");
        Assert.Contains("<td>notes</td><td>401</td>", refusal, StringComparison.Ordinal);
        Assert.Contains($"<code>{World.WeatherResource}</code>", refusal, StringComparison.Ordinal);
        Assert.Contains($"<code>{World.NotesResource}</code>", refusal, StringComparison.Ordinal);
        Assert.Contains("<td>weather</td>", page[page.IndexOf("id=\"hop-tokens\"", StringComparison.Ordinal)..], StringComparison.Ordinal);
        Assert.Contains("<svg", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_of_a_token_and_no_subject_is_on_it()
    {
        await using var world = await World.StartAsync(Operator.Management());
        var token = world.WeatherToken((_, payload) => payload["sub"] = "canary-subject");
        await world.Gateway.CallAsync("/weather", token);
        await world.Gateway.CallAsync("/notes", token);
        var hop = world.Weather.Requests[0].Token!;

        var pages = (await world.Gateway.GetAsync("/")).Body
            + (await world.Gateway.ExplainAsync("weather", token)).Body
            + (await world.Gateway.ExplainAsync("notes", hop)).Body;

        foreach (var part in token.Split('.').Concat(hop.Split('.')).Append("canary-subject").Append(World.Secret))
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
        Assert.Contains("<code>audience_invalid</code>", answer.Body, StringComparison.Ordinal);
        Assert.Contains($"ask the authorization server with resource={World.NotesResource}", answer.Body, StringComparison.Ordinal);
        Assert.Contains("<li class=\"good\">signature: passed</li>", answer.Body, StringComparison.Ordinal);
        Assert.Contains("<li class=\"bad\">audience: refused</li>", answer.Body, StringComparison.Ordinal);
        Assert.Contains("<dt>Presented audience</dt><dd><code>" + World.WeatherResource, answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Explain_shows_no_claim_of_a_token_whose_signature_does_not_verify()
    {
        await using var world = await World.StartAsync(Operator.Management());
        var token = TokenForge.AccessToken(TestKeys.Stranger, world.As.Issuer, "https://canary.example.net", world.As.Clock.GetUtcNow(), (header, _) => header["kid"] = TestKeys.Es256.Kid);

        var answer = await world.Gateway.ExplainAsync("weather", token);

        Assert.Contains("<code>signature_invalid</code>", answer.Body, StringComparison.Ordinal);
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
        Assert.Contains("Newest first: none.", (await world.Gateway.GetAsync("/")).Body, StringComparison.Ordinal);
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

    [Fact]
    public async Task It_refreshes_only_when_its_address_says_so()
    {
        await using var world = await World.StartAsync(Operator.Management());

        Assert.DoesNotContain("http-equiv=\"refresh\"", (await world.Gateway.GetAsync("/")).Body, StringComparison.Ordinal);
        Assert.DoesNotContain("http-equiv=\"refresh\"", (await world.Gateway.GetAsync("/?refresh=0%3Burl%3Dhttps%3A%2F%2Fevil")).Body, StringComparison.Ordinal);
        Assert.Contains("http-equiv=\"refresh\" content=\"10\"", (await world.Gateway.GetAsync("/?refresh=10")).Body, StringComparison.Ordinal);
    }

    private static string Row(string page, string text)
    {
        var at = page.IndexOf(text, StringComparison.Ordinal);
        Assert.True(at >= 0, page);
        return page[page.LastIndexOf("<tr>", at, StringComparison.Ordinal)..page.IndexOf("</tr>", at, StringComparison.Ordinal)];
    }
}
