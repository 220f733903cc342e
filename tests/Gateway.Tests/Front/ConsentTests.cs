using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Harness.Products;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Gateway.Tests.Front;

/// <summary>Nobody is sent on but by the consent that was given in this browser to exactly this.</summary>
public sealed class ConsentTests
{
    [Fact]
    public async Task By_consent_a_user_is_sent_on_with_what_the_front_lets_pass_and_nothing_else()
    {
        await using var world = await FrontWorld.StartAsync();
        var asked = FrontWorld.Asked();
        asked["login_hint"] = "alice@example.com";
        asked["prompt"] = "select_account";
        foreach (var dropped in new[] { "request", "request_uri", "response_mode", "id_token_hint", "claims", "nonce", "dpop_jkt", "authorization_details", "acr_values", "domain_hint", "client_secret" })
        {
            asked[dropped] = "canary-" + dropped;
        }

        var page = await world.AskAsync(asked);
        var answer = await world.ConsentAsync(FrontWorld.FieldsOf(page), FrontWorld.CookieOf(page));

        Assert.Equal(303, answer.Status);
        Assert.StartsWith(world.SignIn + "?", answer.Headers["Location"], StringComparison.Ordinal);
        Assert.Equal(
            new Dictionary<string, string>
            {
                ["response_type"] = "code",
                ["client_id"] = FrontWorld.ClientId,
                ["redirect_uri"] = FrontWorld.RedirectUri,
                ["state"] = "canary-state",
                ["code_challenge"] = FrontWorld.Challenge,
                ["code_challenge_method"] = "S256",
                ["login_hint"] = "alice@example.com",
                ["prompt"] = "select_account",
                ["scope"] = "api://weather/access offline_access",
            }.OrderBy(field => field.Key, StringComparer.Ordinal),
            FrontWorld.QueryOf(answer.Headers["Location"]).OrderBy(field => field.Key, StringComparer.Ordinal));
        Assert.Equal("no-store", answer.Headers["Cache-Control"]);
    }

    [Fact]
    public async Task The_resource_goes_on_where_that_is_configured()
    {
        await using var world = await FrontWorld.StartAsync(registration => registration["ForwardResource"] = true);

        var page = await world.AskAsync();
        var answer = await world.ConsentAsync(FrontWorld.FieldsOf(page), FrontWorld.CookieOf(page));

        Assert.Equal(World.WeatherResource, FrontWorld.QueryOf(answer.Headers["Location"])["resource"]);
    }

    [Fact]
    public async Task State_arrives_as_the_client_wrote_it()
    {
        await using var world = await FrontWorld.StartAsync();
        const string state = "a&b=c d+e%20\"<'>äé#?";

        var page = await world.AskAsync(AuthorizeTests.Changed("state", state));
        var answer = await world.ConsentAsync(FrontWorld.FieldsOf(page), FrontWorld.CookieOf(page));

        Assert.Equal(state, FrontWorld.QueryOf(answer.Headers["Location"])["state"]);
    }

    [Fact]
    public async Task A_query_of_the_authorization_endpoint_stays()
    {
        await using var world = await FrontWorld.StartAsync(metadata: document => document["authorization_endpoint"] = document["issuer"]!.GetValue<string>() + "/sign-in?p=policy");

        var page = await world.AskAsync();
        var answer = await world.ConsentAsync(FrontWorld.FieldsOf(page), FrontWorld.CookieOf(page));

        Assert.Equal("policy", FrontWorld.QueryOf(answer.Headers["Location"])["p"]);
    }

    [Fact]
    public async Task Who_has_no_cookie_has_seen_no_page()
    {
        await using var world = await FrontWorld.StartAsync();
        var page = await world.AskAsync();

        FrontWorld.AssertRefused(await world.ConsentAsync(FrontWorld.FieldsOf(page), cookie: null), "consent");
    }

    [Fact]
    public async Task A_page_that_somebody_else_was_shown_is_worth_nothing_in_another_browser()
    {
        await using var world = await FrontWorld.StartAsync();
        var attackers = await world.AskAsync(AuthorizeTests.Changed("state", "attacker"));
        var victims = await world.AskAsync();

        FrontWorld.AssertRefused(await world.ConsentAsync(FrontWorld.FieldsOf(attackers), FrontWorld.CookieOf(victims)), "consent");
    }

    [Fact]
    public async Task A_captured_authorization_url_shows_a_page_to_whoever_opens_it()
    {
        await using var world = await FrontWorld.StartAsync();
        var consented = await world.AskAsync();
        Assert.Equal(303, (await world.ConsentAsync(FrontWorld.FieldsOf(consented), FrontWorld.CookieOf(consented))).Status);

        var again = await world.AskAsync(cookie: FrontWorld.CookieOf(consented));

        Assert.Equal(200, again.Status);
        Assert.False(again.Headers.ContainsKey("Location"));
    }

    [Fact]
    public async Task Two_tabs_of_one_browser_do_not_spoil_each_other()
    {
        await using var world = await FrontWorld.StartAsync();
        var first = await world.AskAsync();
        var second = await world.AskAsync(AuthorizeTests.Changed("state", "second"), cookie: FrontWorld.CookieOf(first));

        Assert.Equal(303, (await world.ConsentAsync(FrontWorld.FieldsOf(first), FrontWorld.CookieOf(second))).Status);
    }

    [Theory]
    [InlineData("%0A", 42)]
    [InlineData("%0D%0A", 41)]
    [InlineData("%20", 42)]
    [InlineData("%09", 43)]
    [InlineData("%3D", 42)]
    [InlineData("%3B", 42)]
    [InlineData("\"", 42)]
    [InlineData("", 44)]
    public async Task A_cookie_that_is_none_of_ours_is_not_sent_back(string start, int more)
    {
        await using var world = await FrontWorld.StartAsync();

        var page = await world.AskAsync(cookie: $"__Host-mcp-sign-in={start}{new string('A', more)}");

        Assert.Equal(200, page.Status);
        Assert.Matches("^__Host-mcp-sign-in=[A-Za-z0-9_-]{43};", page.Headers["Set-Cookie"]);
        Assert.DoesNotContain("AAAA", page.Headers["Set-Cookie"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("redirect_uri", "http://127.0.0.1:9999/callback")]
    [InlineData("state", "another")]
    [InlineData("code_challenge", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("prompt", "none")]
    [InlineData("login_hint", "mallory")]
    [InlineData("consent", "")]
    [InlineData("consent", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public async Task What_was_changed_after_it_was_shown_is_not_consented_to(string name, string value)
    {
        await using var world = await FrontWorld.StartAsync();
        var page = await world.AskAsync();
        var form = FrontWorld.FieldsOf(page);
        form[name] = value;

        FrontWorld.AssertRefused(await world.ConsentAsync(form, FrontWorld.CookieOf(page)), "consent");
    }

    [Fact]
    public async Task A_consent_to_one_server_is_none_to_another_of_the_same_front()
    {
        await using var world = await FrontWorld.StartAsync(registration => registration["Scopes"]!["notes"] = new JsonArray("api://weather/access", "offline_access"));
        var page = await world.AskAsync();
        var form = FrontWorld.FieldsOf(page);
        form["resource"] = World.NotesResource;

        // Alike in everything that is sent on; what was shown is what counts.
        FrontWorld.AssertRefused(await world.ConsentAsync(form, FrontWorld.CookieOf(page)), "consent");
    }

    [Fact]
    public async Task What_is_sent_is_checked_once_more_as_if_nothing_had_been_shown()
    {
        await using var world = await FrontWorld.StartAsync();
        var page = await world.AskAsync();
        var form = FrontWorld.FieldsOf(page);
        form["redirect_uri"] = "https://evil.example/callback";

        FrontWorld.AssertRefused(await world.ConsentAsync(form, FrontWorld.CookieOf(page)), "redirect_uri");
        FrontWorld.AssertRefused(await world.ConsentAsync(FrontWorld.FieldsOf(page), FrontWorld.CookieOf(page), more: "&state=b"), "parameter_twice");
    }

    [Fact]
    public async Task A_query_beside_the_form_is_refused()
    {
        await using var world = await FrontWorld.StartAsync();
        var page = await world.AskAsync();

        FrontWorld.AssertRefused(await world.ConsentAsync(FrontWorld.FieldsOf(page), FrontWorld.CookieOf(page), query: "?redirect_uri=x"), "form");
    }

    [Theory]
    [InlineData("Origin", "https://evil.example")]
    [InlineData("Origin", "null")]
    [InlineData("Origin", "https://mcp.example.com.evil.example")]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    [InlineData("Sec-Fetch-Site", "same-site")]
    public async Task Another_page_cannot_consent_for_a_user(string header, string value)
    {
        await using var world = await FrontWorld.StartAsync();
        var page = await world.AskAsync();

        FrontWorld.AssertRefused(await world.ConsentAsync(FrontWorld.FieldsOf(page), FrontWorld.CookieOf(page), request => request.Headers.Add(header, value)), "elsewhere");
    }

    [Fact]
    public async Task A_browser_that_says_it_was_this_page_is_believed()
    {
        await using var world = await FrontWorld.StartAsync();
        var page = await world.AskAsync();

        var answer = await world.ConsentAsync(FrontWorld.FieldsOf(page), FrontWorld.CookieOf(page), request =>
        {
            request.Headers.Add("Origin", TestGateway.PublicUrl);
            request.Headers.Add("Sec-Fetch-Site", "same-origin");
        });

        Assert.Equal(303, answer.Status);
    }

    [Fact]
    public async Task A_consent_is_good_for_ten_minutes()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(60));
        await using var world = await FrontWorld.StartAsync(clock: clock);
        var page = await world.AskAsync();

        clock.Advance(TimeSpan.FromSeconds(599));
        Assert.Equal(303, (await world.ConsentAsync(FrontWorld.FieldsOf(page), FrontWorld.CookieOf(page))).Status);
        clock.Advance(TimeSpan.FromSeconds(1));
        FrontWorld.AssertRefused(await world.ConsentAsync(FrontWorld.FieldsOf(page), FrontWorld.CookieOf(page)), "consent");
    }

    [Fact]
    public async Task Replicas_with_one_key_file_take_each_others_pages_and_those_without_do_not()
    {
        using var files = new ClientFiles();
        var file = files.Write("session-keys", Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
        void Shared(JsonObject options) => options["SessionKeyFile"] = file;
        await using var first = await FrontWorld.StartAsync(change: Shared);
        void AtTheSamePlace(JsonObject document) => document["authorization_endpoint"] = first.SignIn;
        await using var second = await FrontWorld.StartAsync(change: Shared, metadata: AtTheSamePlace);
        await using var stranger = await FrontWorld.StartAsync(metadata: AtTheSamePlace);
        var page = await first.AskAsync();

        Assert.Equal(303, (await second.ConsentAsync(FrontWorld.FieldsOf(page), FrontWorld.CookieOf(page))).Status);
        FrontWorld.AssertRefused(await stranger.ConsentAsync(FrontWorld.FieldsOf(page), FrontWorld.CookieOf(page)), "consent");
    }
}
