using System.Text.RegularExpressions;
using Gateway.Management;
using Gateway.Tests.Harness;
using Gateway.Tests.Observe.Harness;
using Xunit;

namespace Gateway.Tests.Observe.Management;

/// <summary>The guide on the management listener: every reason on the page leads to a place that is there.</summary>
public sealed partial class GuideTests
{
    [Fact]
    public async Task Every_reason_on_the_page_leads_to_its_place()
    {
        await using var world = await World.StartAsync(Operator.Management());
        var gateway = world.Gateway;
        await gateway.CallAsync("/weather", null);
        await gateway.CallAsync("/notes", world.WeatherToken());
        await gateway.CallAsync("/weather", "not-a-token");
        await gateway.CallAsync("/nowhere", null);
        await gateway.CallAsync("/weather", world.WeatherToken(), "{");
        await gateway.CallAsync("/weather", world.WeatherToken(), change: request => request.Headers.Add("Origin", "https://evil.example.com"));
        world.As.TokenAnswer = context =>
        {
            context.Response.StatusCode = 503;
            return Task.CompletedTask;
        };
        await gateway.CallAsync("/weather", world.WeatherToken());

        var page = await gateway.PageAsync();
        var guide = await gateway.GetAsync("/troubleshooting");

        var places = Link().Matches(page).Select(link => link.Groups[1].Value).ToHashSet();
        Assert.Superset(new HashSet<string> { "token_missing", "audience_invalid", "malformed", "not_found", "body_invalid", "origin_not_allowed", "exchange_unavailable" }, places);
        Assert.Equal((200, "text/html; charset=utf-8"), (guide.Status, guide.Headers["Content-Type"]));
        Assert.All(places, place => Assert.Contains($"<span id=\"{place}\"></span>", guide.Body, StringComparison.Ordinal));
    }

    [Fact]
    public void It_holds_every_place_of_the_document_once_and_links_only_to_these()
    {
        var document = File.ReadAllText(Path.Combine(Commands.CommandTests.Repository(), "docs", "troubleshooting.md"));
        var places = Anchor().Matches(document).Select(anchor => anchor.Groups[1].Value).ToList();

        var shown = Place().Matches(Guide.Page).Select(place => place.Groups[1].Value).ToList();

        Assert.True(places.Count > 100, $"{places.Count} places");
        Assert.Equal(places, shown);
        Assert.Empty(Within().Matches(Guide.Page).Select(link => link.Groups[1].Value).Where(to => to != "main").Except(shown));
        Assert.DoesNotContain("<!--", Guide.Page, StringComparison.Ordinal);
        Assert.DoesNotContain("**", Guide.Page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("# A <b>title</b>", "<h1>A &lt;b&gt;title&lt;/b&gt;</h1>")]
    [InlineData("### <a id=\"x_y\"></a>`x_y`", "<h3><span id=\"x_y\"></span><code>x_<wbr>y</code></h3>")]
    [InlineData("one\ntwo *three* **four**", "<p>one&#xA;two <em>three</em> <strong>four</strong></p>")]
    [InlineData("1. one\n2. two\n   lines", "<ol><li>one&#xA;</li><li>two&#xA;   lines</li></ol>")]
    [InlineData("see [there](#x), [policy.md](policy.md)", "<p>see <a href=\"#x\">there</a>, policy.md (<code>docs/<wbr>policy.<wbr>md</code>)</p>")]
    [InlineData("```sh\na | b\n```", "<pre tabindex=\"0\"><code>a | b</code></pre>")]
    [InlineData("<!-- test: skip\nthis -->\ntext", "<p>text</p>")]
    public void It_reads_the_Markdown_that_it_is_written_in(string markdown, string markup) => Assert.Equal(markup, Guide.Render(markdown).ToString());

    [Fact]
    public void A_table_has_headings()
    {
        var table = Guide.Render("## T\n\n| a | b |\n|---|---|\n| `x\\|y` | z |\n").ToString();

        Assert.Contains("<caption>T: a, b</caption>", table, StringComparison.Ordinal);
        Assert.Contains("<th role=\"rowheader\" scope=\"row\" data-label=\"a\"><code>x|<wbr>y</code></th><td role=\"cell\" data-label=\"b\">z</td>", table, StringComparison.Ordinal);
    }

    [GeneratedRegex("""href="/troubleshooting#([a-z_-]+)">""")]
    private static partial Regex Link();

    [GeneratedRegex("""<a id="([^"]+)"></a>""")]
    private static partial Regex Anchor();

    [GeneratedRegex("""<span id="([^"]+)"></span>""")]
    private static partial Regex Place();

    [GeneratedRegex("""href="#([^"]+)">""")]
    private static partial Regex Within();
}
