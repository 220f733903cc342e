using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Harness;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Gateway.Tests.HopTokens;

/// <summary>An MCP server with JwtBearer: what it takes as it comes, and what it takes as docs/mcp-servers.md shows it.</summary>
public sealed class JwtBearerTests : IAsyncLifetime
{
    private readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false });
    private readonly MovedClock clock = new();
    private TestAuthorizationServer issuer = null!;
    private RecentKeys keys = null!;
    private WebApplication shown = null!;
    private WebApplication plain = null!;

    public async ValueTask InitializeAsync()
    {
        issuer = new TestAuthorizationServer();
        keys = new RecentKeys(new Uri(issuer.JwksUrl), http, clock);
        shown = await StartAsync(services => JwtBearerServer.Add(services, issuer.Issuer, HopServer.Resource, keys));
        plain = await StartAsync(services => services.AddAuthentication("Bearer").AddJwtBearer(o =>
        {
            o.Authority = issuer.Issuer;
            o.Audience = HopServer.Resource;
            o.RequireHttpsMetadata = false;
        }));
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await shown.DisposeAsync();
        await plain.DisposeAsync();
        keys.Dispose();
        await issuer.DisposeAsync();
    }

    [Fact]
    public async Task It_takes_a_hop_token_for_itself() => Assert.Equal((true, true), await TakenAsync(Token()));

    [Theory]
    [InlineData("aud", "\"https://notes.internal/mcp\"")]
    [InlineData("iss", "\"https://mcp.example.com/other\"")]
    [InlineData("exp", "1")]
    [InlineData("exp", null)]
    public async Task It_refuses_a_token_with(string claim, string? json) => Assert.Equal((false, false), await TakenAsync(Token(payload => payload[claim] = json is null ? null : JsonNode.Parse(json))));

    [Theory]
    [InlineData("aud", """["https://weather.internal/mcp","https://notes.internal/mcp"]""", "at+jwt", 0)]
    [InlineData("aud", "\"https://weather.internal/mcp/\"", "at+jwt", 0)]
    [InlineData("nonce", "\"n\"", "JWT", 0)]
    [InlineData("cnf", """{"jkt":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}""", "at+jwt", 0)]
    [InlineData("jti", "\"late\"", "at+jwt", 240)]
    public async Task It_takes_as_it_comes_what_it_must_not_take(string claim, string json, string type, int secondsAfterItsEnd)
    {
        var token = Token(payload =>
        {
            payload[claim] = JsonNode.Parse(json);
            payload["iat"] = payload["iat"]!.GetValue<long>() - (secondsAfterItsEnd > 0 ? 600 : 0);
            payload["exp"] = payload["exp"]!.GetValue<long>() - (secondsAfterItsEnd > 0 ? 300 + secondsAfterItsEnd : 0);
        }, type);

        Assert.Equal((false, true), await TakenAsync(token));
    }

    [Fact]
    public async Task A_removed_key_is_forgotten_within_a_minute_and_a_new_one_taken_at_once_which_as_it_comes_they_are_not()
    {
        var first = Token();
        Assert.Equal((true, true), await TakenAsync(first));

        clock.Moved = TimeSpan.FromSeconds(1);
        issuer.Keys = [TestKeys.Stranger];
        Assert.Equal((true, false), await TakenAsync(Token(key: TestKeys.Stranger)));

        clock.Moved = TimeSpan.FromSeconds(60);
        Assert.Equal((false, true), await TakenAsync(first));
    }

    [Fact]
    public async Task Made_up_keys_cost_the_issuer_one_request_a_second()
    {
        await TakenAsync(Token());
        var before = issuer.JwksFetches;

        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(401, await StatusAsync(shown, Token(key: TestKeys.Stranger)));
        }

        Assert.Equal(before, issuer.JwksFetches);
    }

    private async Task<(bool Shown, bool AsItComes)> TakenAsync(string token) => (await StatusAsync(shown, token) == 200, await StatusAsync(plain, token) == 200);

    private async Task<int> StatusAsync(WebApplication app, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single() + "/mcp");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        return (int)response.StatusCode;
    }

    private string Token(Action<JsonObject>? change = null, string type = "at+jwt", TestKey? key = null) =>
        TokenForge.AccessToken(key ?? TestKeys.Es256, issuer.Issuer, HopServer.Resource, TimeProvider.System.GetUtcNow(), (header, payload) =>
        {
            header["typ"] = type;
            change?.Invoke(payload);
            if (payload["exp"] is null)
            {
                payload.Remove("exp");
            }
        });

    private static async Task<WebApplication> StartAsync(Action<IServiceCollection> add)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddAuthorization();
        add(builder.Services);
        var app = builder.Build();
        app.MapPost("/mcp", () => "").RequireAuthorization();
        await app.StartAsync();
        return app;
    }

    /// <summary>Stands still until it is moved: JwtBearer's own judgement of times knows the system's clock alone.</summary>
    private sealed class MovedClock : TimeProvider
    {
        private readonly DateTimeOffset began = System.GetUtcNow();

        public TimeSpan Moved { get; set; }

        public override DateTimeOffset GetUtcNow() => began + Moved;
    }
}
