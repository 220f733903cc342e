using Harness;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Logging.Abstractions;
using TokenExchange.Inbound;
using TokenExchange.Issuers;

namespace Gateway.Benchmarks.Stages;

/// <summary>An issuer on loopback whose keys are fetched once, a token of it, and validators for the token's server.</summary>
internal sealed class Stage : IAsyncDisposable
{
    public const string Resource = "https://mcp.example.com/weather";

    private readonly WebApplication app;
    private readonly AuthorizationServer server;

    private Stage(WebApplication app, AuthorizationServer server, string issuer, string token)
    {
        (this.app, this.server, Issuer, Token) = (app, server, issuer, token);
    }

    public string Token { get; }

    public string Issuer { get; }

    public static async Task<Stage> StartAsync(TestKey key)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.MapGet("/jwks", () => Results.Text(TestKey.Jwks([key.Jwk()]), "application/json"));
        await app.StartAsync();
        var issuer = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        var server = new AuthorizationServer(
            new AuthorizationServerSettings { Name = "bench", Issuer = issuer, JwksUrl = new Uri(issuer + "/jwks") },
            TimeProvider.System,
            NullLoggerFactory.Instance);
        var token = TokenForge.AccessToken(key, issuer, Resource, TimeProvider.System.GetUtcNow(), (_, payload) => payload["exp"] = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() + 3600);
        return new Stage(app, server, issuer, token);
    }

    /// <summary>A validator that remembers as many accepted tokens as said; 0 makes every validation a cold one.</summary>
    public TokenValidator Validator(int remembered) => new(
        new ResourceAudience(Resource, [Resource], false),
        [
            new TrustedIssuer
            {
                Server = server,
                Algorithms = ["ES256", "RS256"],
                TokenTypes = ["at+jwt"],
                ClockSkew = TimeSpan.FromSeconds(30),
                MaxTokenLifetime = TimeSpan.FromDays(1),
                CompanionAudiences = [],
            },
        ],
        TimeProvider.System,
        remembered);

    public async ValueTask DisposeAsync()
    {
        server.Dispose();
        await app.DisposeAsync();
    }
}
