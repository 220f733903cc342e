using Gateway.Front;
using Gateway.Tests.Harness;
using Xunit;

namespace Gateway.Tests.Front;

/// <summary>What a front shows a user, and what it refuses to.</summary>
public sealed class AuthorizeTests
{
    [Fact]
    public async Task A_user_is_asked_first_and_shown_who_gets_the_answer_for_which_server_and_scopes()
    {
        await using var world = await FrontWorld.StartAsync();

        var page = await world.AskAsync();

        Assert.Equal((200, "text/html; charset=utf-8"), (page.Status, page.Headers["Content-Type"]));
        Assert.False(page.Headers.ContainsKey("Location"));
        Assert.Contains("<strong>client.example.net</strong>", page.Body, StringComparison.Ordinal);
        Assert.Contains("<strong>weather</strong>", page.Body, StringComparison.Ordinal);
        Assert.Contains("<code>api://weather/access</code>", page.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("whatever the client likes", page.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page.Body, StringComparison.OrdinalIgnoreCase);
        Assert.Matches("^__Host-[a-z-]+=[A-Za-z0-9_-]{43}; Path=/; Max-Age=600; Secure; HttpOnly; SameSite=Lax$", page.Headers["Set-Cookie"]);
    }

    [Fact]
    public async Task No_page_may_frame_it_and_it_runs_no_script_of_anybody()
    {
        await using var world = await FrontWorld.StartAsync();

        var page = await world.AskAsync();

        Assert.Equal(
            $"default-src 'none'; style-src 'self'; img-src data:; form-action 'self' https: {world.World.As.Issuer} https:; base-uri 'none'; frame-ancestors 'none'",
            page.Headers["Content-Security-Policy"]);
        Assert.Equal("DENY", page.Headers["X-Frame-Options"]);
        Assert.Equal("nosniff", page.Headers["X-Content-Type-Options"]);
        Assert.Equal("same-origin", page.Headers["Referrer-Policy"]);
        Assert.Equal("no-store", page.Headers["Cache-Control"]);
        var style = await world.Gateway.SendAsync(HttpMethod.Get, "/oauth/corp/page.css");
        Assert.Equal((200, "text/css; charset=utf-8"), (style.Status, style.Headers["Content-Type"]));
    }

    [Theory]
    [InlineData("http://127.0.0.1:8123/callback", "a program on this computer (127.0.0.1:8123)")]
    [InlineData("http://127.0.0.1/callback", "a program on this computer (127.0.0.1:80)")]
    [InlineData("cursor://anysphere.cursor-retrieval/oauth/callback", "whichever app on this computer opens cursor: addresses")]
    public async Task It_says_who_gets_the_answer_also_where_that_is_no_website(string redirectUri, string shown)
    {
        await using var world = await FrontWorld.StartAsync();

        var page = await world.AskAsync(Changed("redirect_uri", redirectUri));

        Assert.Equal(200, page.Status);
        Assert.Contains(shown, page.Body, StringComparison.Ordinal);
    }

    /// <summary>A parameter, what it becomes (null: it is left out), and the reason.</summary>
    public static TheoryData<string, string?, string> Refused { get; } = new()
    {
        { "response_type", null, "response_type" },
        { "response_type", "token", "response_type" },
        { "response_type", "code id_token", "response_type" },
        { "response_type", "CODE", "response_type" },
        { "client_id", null, "client_id" },
        { "client_id", "another-client", "client_id" },
        { "client_id", "mcp-gateway", "client_id" },
        { "client_id", "https://client.example.net/metadata.json", "client_id" },
        { "redirect_uri", null, "redirect_uri" },
        { "redirect_uri", "https://evil.example/callback", "redirect_uri" },
        { "redirect_uri", "javascript:alert(1)", "redirect_uri" },
        { "resource", null, "resource" },
        { "resource", World.NotesResource, "resource" },
        { "resource", World.WeatherResource + "/", "resource" },
        { "resource", TestGateway.PublicUrl, "resource" },
        { "resource", "https://weather.internal/mcp", "resource" },
        { "resource", World.WeatherResource + " " + World.NotesResource, "resource" },
        { "code_challenge", null, "pkce" },
        { "code_challenge", "short", "pkce" },
        { "code_challenge", FrontWorld.Challenge + "A", "pkce" },
        { "code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeKEc6Qgq9kRvX2xq7S=", "pkce" },
        { "code_challenge_method", null, "pkce" },
        { "code_challenge_method", "plain", "pkce" },
        { "code_challenge_method", "s256", "pkce" },
        { "state", null, "state" },
        { "state", "", "state" },
        { "state", "a\r\nLocation: https://evil.example", "characters" },
        { "state", "a\u0085b", "characters" },
        { "unknown", "\0", "characters" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task What_is_not_as_it_must_be_ends_on_a_page(string name, string? value, string reason)
    {
        await using var world = await FrontWorld.StartAsync();

        FrontWorld.AssertRefused(await world.AskAsync(Changed(name, value)), reason);
    }

    /// <summary>It would be sent on as another value, and a client would not know its own state again.</summary>
    [Theory]
    [InlineData("%FF")]
    [InlineData("a%C0%80b")]
    [InlineData("%ED%A0%80")]
    public async Task What_is_no_UTF_8_is_refused(string state)
    {
        await using var world = await FrontWorld.StartAsync();

        FrontWorld.AssertRefused(await world.AskAsync(Changed("state", null), $"&state={state}"), "characters");
    }

    [Theory]
    [InlineData("redirect_uri", "https://evil.example/")]
    [InlineData("redirect_uri", FrontWorld.RedirectUri)]
    [InlineData("resource", World.NotesResource)]
    [InlineData("state", "b")]
    [InlineData("scope", "b")]
    [InlineData("%73tate", "b")]
    [InlineData("state", "")]
    public async Task A_parameter_twice_is_refused_whichever_it_is(string name, string value)
    {
        await using var world = await FrontWorld.StartAsync();

        FrontWorld.AssertRefused(await world.AskAsync(more: $"&{name}={Uri.EscapeDataString(value)}"), "parameter_twice");
    }

    [Theory]
    [InlineData("https://client.example.net/callback/")]
    [InlineData("https://client.example.net/callback/../evil")]
    [InlineData("https://client.example.net/Callback")]
    [InlineData("https://client.example.net/callback?x=1")]
    [InlineData("https://client.example.net/callback#x")]
    [InlineData("https://client.example.net.evil.example/callback")]
    [InlineData("https://client.example.net@evil.example/callback")]
    [InlineData("https://client.example.net:443/callback")]
    [InlineData("https://CLIENT.example.net/callback")]
    [InlineData("http://client.example.net/callback")]
    [InlineData("https://client.example.net%2ecallback")]
    [InlineData("https://clìent.example.net/callback")]
    [InlineData("http://127.0.0.1:80@evil.example/callback")]
    [InlineData("http://127.0.0.1:8123@evil.example:80/callback")]
    [InlineData("http://127.0.0.1.evil.example/callback")]
    [InlineData("http://127.0.0.1:8123/callback/")]
    [InlineData("http://127.0.0.1:8123/callback?x=1")]
    [InlineData("http://127.0.0.1:8123/callback#")]
    [InlineData("http://127.0.0.1:8123/x/callback")]
    [InlineData("http://127.0.0.1:*/callback")]
    [InlineData("http://127.0.0.1:/callback")]
    [InlineData("http://127.0.0.1:0/callback")]
    [InlineData("http://127.0.0.1:08123/callback")]
    [InlineData("http://127.0.0.1:65536/callback")]
    [InlineData("http://127.0.0.1:+80/callback")]
    [InlineData("http://127.0.0.1:８０/callback")]
    [InlineData("https://127.0.0.1:8123/callback")]
    [InlineData("http://localhost:8123/callback")]
    [InlineData("http://[::1]:8123/callback")]
    [InlineData("http://127.1:8123/callback")]
    [InlineData("http://2130706433:8123/callback")]
    [InlineData("cursor://anysphere.cursor-retrieval/oauth/callback/")]
    [InlineData("cursor://evil/oauth/callback")]
    public void An_address_that_looks_like_a_listed_one_is_not_listed(string redirectUri)
    {
        var listed = new RedirectUris(["https://client.example.net/callback", "http://127.0.0.1:*/callback", "cursor://anysphere.cursor-retrieval/oauth/callback"]);

        Assert.False(listed.Lists(redirectUri));
    }

    [Theory]
    [InlineData("http://127.0.0.1:1/callback")]
    [InlineData("http://127.0.0.1:65535/callback")]
    [InlineData("http://127.0.0.1/callback")]
    [InlineData("http://[::1]:8123/")]
    [InlineData("http://localhost:8123/a?b=c")]
    public void Any_port_of_loopback_is_listed_where_the_entry_says_so(string redirectUri)
    {
        var listed = new RedirectUris(["http://127.0.0.1:*/callback", "http://[::1]:*/", "http://localhost:*/a?b=c"]);

        Assert.True(listed.Lists(redirectUri));
    }

    [Fact]
    public async Task Without_a_front_there_is_nothing_at_its_addresses()
    {
        await using var world = await World.StartAsync();

        foreach (var path in new[] { "/oauth/corp/authorize", "/oauth/corp/page.css", "/.well-known/oauth-authorization-server/oauth/corp" })
        {
            Assert.Equal(404, (await world.Gateway.SendAsync(HttpMethod.Get, path)).Status);
        }
    }

    [Theory]
    [InlineData("/oauth/partner/authorize")]
    [InlineData("/oauth/CORP/authorize")]
    [InlineData("/oauth/corp/callback")]
    [InlineData("/oauth/corp/authorize/")]
    [InlineData("/oauth/corp")]
    [InlineData("/oauth/corp/x/authorize")]
    public async Task There_is_nothing_beside_its_endpoints_and_no_place_that_takes_answers(string path)
    {
        await using var world = await FrontWorld.StartAsync();

        Assert.Equal(404, (await world.Gateway.SendAsync(HttpMethod.Get, path + "?code=canary&state=canary-state")).Status);
    }

    [Theory]
    [InlineData("DELETE", "authorize", "GET, HEAD, POST")]
    [InlineData("GET", "token", "POST, OPTIONS")]
    [InlineData("GET", "register", "POST, OPTIONS")]
    public async Task Other_methods_are_refused(string method, string endpoint, string allow)
    {
        await using var world = await FrontWorld.StartAsync();

        var answer = await world.Gateway.SendAsync(new HttpMethod(method), "/oauth/corp/" + endpoint);

        Assert.Equal((405, allow), (answer.Status, answer.Headers["Allow"]));
    }

    internal static Dictionary<string, string> Changed(string name, string? value)
    {
        var asked = FrontWorld.Asked();
        if (value is null)
        {
            asked.Remove(name);
        }
        else
        {
            asked[name] = value;
        }

        return asked;
    }
}
