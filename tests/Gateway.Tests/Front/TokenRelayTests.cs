using System.Text;
using Gateway.Tests.Harness;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Gateway.Tests.Front;

/// <summary>What is passed on to the token endpoint, and what comes back from it.</summary>
public sealed class TokenRelayTests
{
    [Fact]
    public async Task A_code_is_passed_on_with_what_belongs_to_it_and_nothing_else()
    {
        await using var world = await FrontWorld.StartAsync();
        var form = FrontWorld.Code();
        foreach (var dropped in new[] { "resource", "scope", "client_secret", "client_assertion", "client_assertion_type", "audience", "refresh_token", "requested_token_use", "assertion", "subject_token" })
        {
            form[dropped] = "canary-" + dropped;
        }

        var answer = await world.TokenAsync(form, change: request =>
        {
            request.Headers.TryAddWithoutValidation("Authorization", "Basic Y2FuYXJ5");
            request.Headers.TryAddWithoutValidation("Cookie", "canary=1");
            request.Headers.TryAddWithoutValidation("baggage", "canary=1");
            request.Headers.TryAddWithoutValidation("Origin", "https://inspector.example");
        });

        Assert.Equal((200, "application/json", "no-store", "*"), (answer.Status, answer.Headers["Content-Type"], answer.Headers["Cache-Control"], answer.Headers["Access-Control-Allow-Origin"]));
        Assert.Equal(FrontWorld.Tokens, answer.Body);
        var relayed = Assert.Single(world.Relayed);
        Assert.Equal(FrontWorld.Code().OrderBy(field => field.Key, StringComparer.Ordinal), relayed.Where(field => field.Key[0] != '(').OrderBy(field => field.Key, StringComparer.Ordinal));
        Assert.Equal("", relayed["(authorization)"]);
    }

    [Fact]
    public async Task A_refresh_token_is_passed_on_alone()
    {
        await using var world = await FrontWorld.StartAsync();
        var form = Refresh();
        form["code"] = "canary-code";
        form["scope"] = "more";

        Assert.Equal(200, (await world.TokenAsync(form)).Status);
        Assert.Equal(Refresh().OrderBy(field => field.Key, StringComparer.Ordinal), Assert.Single(world.Relayed).Where(field => field.Key[0] != '(').OrderBy(field => field.Key, StringComparer.Ordinal));
    }

    /// <summary>A parameter, what it becomes (null: it is left out), and the error.</summary>
    public static TheoryData<string, string?, string> Refused { get; } = new()
    {
        { "grant_type", null, "invalid_request" },
        { "grant_type", "client_credentials", "unsupported_grant_type" },
        { "grant_type", "urn:ietf:params:oauth:grant-type:token-exchange", "unsupported_grant_type" },
        { "grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer", "unsupported_grant_type" },
        { "grant_type", "password", "unsupported_grant_type" },
        { "client_id", null, "invalid_client" },
        { "client_id", "another-client", "invalid_client" },
        { "client_id", "mcp-gateway", "invalid_client" },
        { "code", null, "invalid_request" },
        { "code", "a\nb", "invalid_request" },
        { "redirect_uri", null, "invalid_grant" },
        { "redirect_uri", "https://evil.example/callback", "invalid_grant" },
        { "code_verifier", null, "invalid_request" },
        { "code_verifier", "short", "invalid_request" },
        { "code_verifier", "a verifier with blanks, of more than 43 characters", "invalid_request" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task What_is_not_as_it_must_be_is_not_passed_on(string name, string? value, string error)
    {
        await using var world = await FrontWorld.StartAsync();
        var form = FrontWorld.Code();
        form.Remove(name);
        if (value is not null)
        {
            form[name] = value;
        }

        var answer = await world.TokenAsync(form);

        Assert.Equal((400, error, "no-store"), (answer.Status, answer.Json!["error"]!.GetValue<string>(), answer.Headers["Cache-Control"]));
        Assert.Empty(world.Relayed);
    }

    [Fact]
    public async Task The_refresh_of_another_client_is_not_passed_on()
    {
        await using var world = await FrontWorld.StartAsync();
        var form = Refresh();
        form["client_id"] = "another-client";

        Assert.Equal((400, "invalid_client"), Of(await world.TokenAsync(form)));
        form.Remove("client_id");
        Assert.Equal((400, "invalid_client"), Of(await world.TokenAsync(form)));
        Assert.Empty(world.Relayed);
    }

    [Fact]
    public async Task A_parameter_twice_is_not_passed_on()
    {
        await using var world = await FrontWorld.StartAsync();

        Assert.Equal((400, "invalid_request"), Of(await world.TokenAsync(FrontWorld.Code(), "&client_id=" + FrontWorld.ClientId)));
        Assert.Equal((400, "invalid_request"), Of(await world.TokenAsync(FrontWorld.Code(), "&resource=a&resource=b")));
        Assert.Empty(world.Relayed);
    }

    [Fact]
    public async Task Nothing_but_a_form_of_16_KiB_at_most_is_read()
    {
        await using var world = await FrontWorld.StartAsync();
        var large = FrontWorld.Code();
        large["x"] = new string('x', 16 * 1024);

        Assert.Equal(400, (await world.TokenAsync(large)).Status);
        Assert.Equal(400, (await world.TokenAsync(FrontWorld.Code(), change: request => request.Content!.Headers.ContentType = new("application/json"))).Status);
        Assert.Equal(400, (await world.TokenAsync(FrontWorld.Code(), change: request => request.RequestUri = new Uri(request.RequestUri + "?code=canary"))).Status);
        Assert.Empty(world.Relayed);
    }

    [Theory]
    [InlineData(400, """{"error":"invalid_grant","error_description":"AADSTS70008: expired","error_codes":[70008],"suberror":"x"}""")]
    [InlineData(400, """{"error":"invalid_grant","error_description":"cut in the midst of a character: \ud83d"}""")]
    [InlineData(200, """{ "access_token": "a+b/c==", "token_type": "Bearer", "expires_in": 3.6e3, "name": ["\udc00", "\u00e9é<"] }""")]
    public async Task What_the_authorization_server_says_reaches_the_client_as_it_is(int status, string body)
    {
        await using var world = await FrontWorld.StartAsync();
        world.World.As.TokenAnswer = Answer(status, "application/json; charset=utf-8", body);

        var answer = await world.TokenAsync(FrontWorld.Code());

        Assert.Equal((status, body), (answer.Status, answer.Body));
    }

    [Theory]
    [InlineData("%FF")]
    [InlineData("a%C0%80b")]
    [InlineData("%C2%85")]
    public async Task A_code_that_would_become_another_is_not_passed_on(string code)
    {
        await using var world = await FrontWorld.StartAsync();
        var form = FrontWorld.Code();
        form.Remove("code");

        Assert.Equal((400, "invalid_request"), Of(await world.TokenAsync(form, "&code=" + code)));
        Assert.Empty(world.Relayed);
    }

    [Theory]
    [InlineData(302, "application/json", "{}")]
    [InlineData(307, "application/json", "{}")]
    [InlineData(200, "text/html", "<script>")]
    [InlineData(200, "application/json", "{}")]
    [InlineData(200, "application/json", """{"access_token":"a","access_token":"b","token_type":"Bearer"}""")]
    [InlineData(200, "application/json", """{"access_token":1,"token_type":"Bearer"}""")]
    [InlineData(201, "application/json", FrontWorld.Tokens)]
    [InlineData(400, "application/json", """{"message":"no"}""")]
    public async Task What_no_token_endpoint_says_is_not_passed_back(int status, string type, string body)
    {
        await using var world = await FrontWorld.StartAsync();
        var elsewhere = world.World.Weather.Url;
        world.World.As.TokenAnswer = context =>
        {
            context.Response.Headers.Location = elsewhere;
            return Answer(status, type, body)(context);
        };

        var answer = await world.TokenAsync(FrontWorld.Code());

        Assert.Equal((502, "server_error"), Of(answer));
        Assert.False(answer.Headers.ContainsKey("Location"));
        Assert.Empty(world.World.Weather.Requests);
    }

    [Fact]
    public async Task An_answer_of_more_than_64_KiB_is_not_passed_back()
    {
        await using var world = await FrontWorld.StartAsync();
        world.World.As.TokenAnswer = Answer(200, "application/json", $$"""{"access_token":"{{new string('x', 64 * 1024)}}","token_type":"Bearer"}""");

        Assert.Equal((502, "server_error"), Of(await world.TokenAsync(FrontWorld.Code())));
    }

    [Fact]
    public async Task A_code_is_never_sent_twice_whatever_fails()
    {
        await using var world = await FrontWorld.StartAsync();
        world.World.As.TokenAnswer = Answer(500, "application/json", "{}");

        var answer = await world.TokenAsync(FrontWorld.Code());

        Assert.Equal((503, "temporarily_unavailable"), Of(answer));
        Assert.True(answer.Headers.ContainsKey("Retry-After"));
        Assert.Single(world.Relayed);
    }

    [Fact]
    public async Task Those_who_fail_here_do_not_keep_others_from_exchanges()
    {
        await using var world = await FrontWorld.StartAsync();
        world.World.As.TokenAnswer = Answer(500, "application/json", "{}");
        for (var i = 0; i < 10; i++)
        {
            await world.TokenAsync(FrontWorld.Code());
        }

        world.World.As.TokenAnswer = null;
        Assert.Equal(200, (await world.Gateway.CallAsync("/weather", world.World.WeatherToken())).Status);
    }

    [Fact]
    public async Task Who_sends_a_body_without_end_holds_no_more_than_anybody_may()
    {
        await using var world = await FrontWorld.StartAsync(change: options => options["MaxBodyBytesHeld"] = 64 * 1024);
        var form = FrontWorld.Form(FrontWorld.Code());

        // All who come here are one principal, which may hold a quarter.
        var answer = await world.TokenAsync(FrontWorld.Code(), "&x=" + new string('x', (16 * 1024) - form.Length - 3));

        Assert.Equal((503, "temporarily_unavailable"), Of(answer));
    }

    private static Dictionary<string, string> Refresh() => new() { ["grant_type"] = "refresh_token", ["client_id"] = FrontWorld.ClientId, ["refresh_token"] = "canary-refresh" };

    private static (int, string?) Of(Answer answer) => (answer.Status, answer.Json?["error"]?.GetValue<string>());

    private static RequestDelegate Answer(int status, string type, string body) => context =>
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = type;
        return context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(body)).AsTask();
    };
}
