using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Xunit;

namespace Gateway.Tests.Observe;

/// <summary>Where a reason alone does not say what to look at, the audit's <c>detail</c> does, in words that hold no secret.</summary>
public sealed class AuditDetailTests
{
    [Fact]
    public async Task Scopes_that_lack_are_named_and_those_held_or_implied_are_not()
    {
        await using var world = await World.StartAsync(options =>
        {
            var weather = options["Servers"]!["weather"]!;
            weather["RequiredScopes"] = new JsonArray("base", "more");
            weather["ImpliedScopes"] = new JsonArray(new JsonObject { ["Scope"] = "all", ["Implies"] = new JsonArray("base", "more", "write") });
            weather["Operations"] = new JsonArray(new JsonObject { ["Method"] = "tools/call", ["Scopes"] = new JsonArray("write", "admin", "audit") });
        });

        Assert.Equal("base more", await DetailAsync(world, payload => payload["scope"] = "other", "insufficient_scope"));
        Assert.Equal("more", await DetailAsync(world, payload => payload["scope"] = "base", "insufficient_scope"));
        Assert.Equal("admin audit", await DetailAsync(world, payload => payload["scope"] = "all", "insufficient_scope"));
    }

    [Theory]
    [InlineData("http://127.0.0.1:1/jwks", "connect")]
    [InlineData("/nothing-here", "status 404")]
    public async Task Keys_that_cannot_be_had_are_told_with_the_kind_of_outage(string url, string kind)
    {
        await using var world = await World.StartAsync(options =>
        {
            var corp = options["AuthorizationServers"]!["corp"]!;
            corp["JwksUrl"] = url.StartsWith('/') ? corp["Issuer"] + url : url;
        });

        Assert.Equal(kind, await DetailAsync(world, _ => { }, "keys_unavailable"));
    }

    [Theory]
    [InlineData("opaque")]
    [InlineData("always")]
    public async Task An_introspection_that_is_not_to_be_had_is_told_with_the_kind_of_outage(string mode)
    {
        await using var world = await World.StartAsync(options => options["AuthorizationServers"]!["corp"]!["Introspection"] = new JsonObject { ["Mode"] = mode });
        world.As.Handle("/introspect", context =>
        {
            context.Response.StatusCode = 503;
            return Task.CompletedTask;
        });

        var answer = await world.Gateway.CallAsync("/weather", mode == "opaque" ? "opaque-0123456789" : world.WeatherToken());

        Assert.Equal("introspection_unavailable", answer.Reason);
        Assert.Equal("status 503", (string?)world.Gateway.Audit[^1]["detail"]);
    }

    [Fact]
    public async Task A_claim_that_is_not_admitted_is_named_without_its_value()
    {
        await using var world = await World.StartAsync(options =>
        {
            var weather = options["Servers"]!["weather"]!;
            weather["RequiredClaims"] = new JsonArray(new JsonObject { ["Claim"] = "tid", ["AnyOf"] = new JsonArray("acme") });
            weather["IdentityHeaders"] = new JsonArray(new JsonObject { ["Header"] = "X-Forwarded-User", ["Claim"] = "email" });
        });

        Assert.Equal("tid", await DetailAsync(world, payload => (payload["tid"], payload["email"]) = ("other", "a@b.example"), "claim_refused"));
        Assert.Equal("email", await DetailAsync(world, payload => (payload["tid"], payload["email"]) = ("acme", "a\nb"), "claim_refused"));
    }

    [Theory]
    [InlineData("Bearer error=\"insufficient_scope\", error_description=\"weather:write is needed\", scope=\"weather:write\"", "insufficient_scope: weather:write is needed")]
    [InlineData("bearer scope=\"weather:write\", error=\"insufficient_scope\"", "insufficient_scope")]
    [InlineData("Bearer error=\"insufficient_scope\", error_description=\"not with <token>\"", "insufficient_scope: not with [redacted]")]
    [InlineData("Bearer scope=\"weather:write\"", null)]
    public async Task What_the_MCP_server_asks_for_is_told_in_its_own_words(string challenge, string? detail)
    {
        await using var world = await World.StartAsync();
        world.Weather.Answer = context =>
        {
            context.Response.StatusCode = 403;
            context.Response.Headers.WWWAuthenticate = challenge.Replace("<token>", context.Request.Headers.Authorization.ToString()["Bearer ".Length..], StringComparison.Ordinal);
            return Task.CompletedTask;
        };

        Assert.Equal(detail, await DetailAsync(world, _ => { }, "upstream_insufficient_scope"));
    }

    [Theory]
    [InlineData("/wether", "/wether")]
    [InlineData("/weather%2fx?access_token=0123456789abcdef", "/weather%2fx")]
    [InlineData("/x%0a%1b[2J", "/x%0a%1b[2J")]
    [InlineData("/eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.sig", "/[redacted]")]
    public async Task A_path_that_leads_nowhere_is_told_as_it_was_written_without_its_query(string target, string detail)
    {
        await using var world = await World.StartAsync();

        Assert.Equal(404, (await world.Gateway.CallAsync(target, null, Messages.Call("echo"))).Status);
        Assert.Equal(("not_found", detail), ((string?)world.Gateway.Audit[^1]["reason"], (string?)world.Gateway.Audit[^1]["detail"]));
    }

    [Fact]
    public async Task What_a_client_wrote_is_cut()
    {
        await using var world = await World.StartAsync();
        await world.Gateway.CallAsync("/" + new string('x', 2000), null, Messages.Call("echo"));

        Assert.Equal(512, ((string?)world.Gateway.Audit[^1]["detail"])!.Length);
    }

    [Fact]
    public async Task An_origin_that_is_not_allowed_is_told()
    {
        await using var world = await World.StartAsync();
        await world.Gateway.CallAsync("/weather", world.WeatherToken(), Messages.Call("echo"), request => request.Headers.TryAddWithoutValidation("Origin", "https://elsewhere.example.com"));

        Assert.Equal(("origin_not_allowed", "https://elsewhere.example.com"), ((string?)world.Gateway.Audit[^1]["reason"], (string?)world.Gateway.Audit[^1]["detail"]));
    }

    [Fact]
    public async Task A_body_that_is_too_large_is_told_with_the_limit()
    {
        await using var world = await World.StartAsync(options => options["Servers"]!["weather"]!["MaxRequestBody"] = 64);
        await world.Gateway.CallAsync("/weather", world.WeatherToken(), Messages.Call(new string('x', 100)));

        Assert.Equal(("body_too_large", "over 64 bytes"), ((string?)world.Gateway.Audit[^1]["reason"], (string?)world.Gateway.Audit[^1]["detail"]));
    }

    private static async Task<string?> DetailAsync(World world, Action<JsonObject> claims, string reason)
    {
        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken((_, payload) => claims(payload)));
        Assert.Equal(reason, answer.Reason);
        return (string?)world.Gateway.Audit[^1]["detail"];
    }
}
