using System.Collections.Concurrent;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using OpenIddict.Server.AspNetCore;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Gateway.Tests.Peers;

/// <summary>A real OpenIddict server on a free port, with its applications in memory: <c>agent</c> gets tokens for users, the others exchange.</summary>
internal sealed class OpenIddictServer : IAsyncDisposable
{
    public const string Secret = "s3cret-of-the-gateway";
    public const string Weather = "https://weather.internal/mcp";
    public const string Unpermitted = "https://unpermitted.internal/mcp";
    public const string Audience = "weather";
    public const string Scope = "mcp:read";
    private const string OfTheUser = "X-Of-The-User";

    private readonly WebApplication app;
    private readonly ConcurrentQueue<string> requests = new();
    private readonly HttpClient client = new(new SocketsHttpHandler { UseProxy = false });

    private OpenIddictServer(WebApplication app) => this.app = app;

    public string Issuer { get; private set; } = "";

    /// <summary>The paths of all requests of the gateway to the token and introspection endpoints.</summary>
    public IReadOnlyList<string> Requests => [.. requests];

    /// <summary>The key of the application <c>keyed</c>, as PEM.</summary>
    public string ClientKey { get; private set; } = "";

    public static async Task<OpenIddictServer> StartAsync(bool references = false)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var name = Guid.NewGuid().ToString();
        builder.Services.AddDbContext<DbContext>(options => options.UseInMemoryDatabase(name).UseOpenIddict());
        builder.Services.AddOpenIddict()
            .AddCore(core => core.UseEntityFrameworkCore().UseDbContext<DbContext>())
            .AddServer(server =>
            {
                server.SetTokenEndpointUris("connect/token").SetIntrospectionEndpointUris("connect/introspect");
                server.AllowPasswordFlow().AllowTokenExchangeFlow();
                server.AddEphemeralEncryptionKey().AddSigningKey(EcKey("ec-1")).DisableAccessTokenEncryption();
                server.RegisterScopes(Scope).RegisterResources("https://mcp.example.com/weather", Weather, Unpermitted).RegisterAudiences(Audience);
                if (references)
                {
                    server.UseReferenceAccessTokens();
                }

                server.UseAspNetCore().EnableTokenEndpointPassthrough().DisableTransportSecurityRequirement();
            });
        var started = new OpenIddictServer(builder.Build());
        started.app.Use(async (context, next) =>
        {
            if (HttpMethods.IsPost(context.Request.Method) && !context.Request.Headers.ContainsKey(OfTheUser))
            {
                started.requests.Enqueue(context.Request.Path);
            }

            await next(context);
        });

        // After what counts: it answers what it refuses.
        started.app.UseAuthentication();
        started.app.MapPost("/connect/token", IssueAsync);
        await started.app.StartAsync();
        started.Issuer = started.app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single() + "/";
        await started.RegisterAsync();
        return started;
    }

    /// <summary>Forgets what was asked so far.</summary>
    public void Forget() => requests.Clear();

    /// <summary>An access token of a user, for these audiences.</summary>
    public async Task<string> TokenAsync(params string[] audiences)
    {
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "password",
            ["username"] = "alice",
            ["password"] = string.Join(' ', audiences),
            ["client_id"] = "agent",
            ["client_secret"] = "agent-secret",
            ["scope"] = Scope,
        });
        using var request = new HttpRequestMessage(HttpMethod.Post, Issuer + "connect/token") { Content = form, Headers = { { OfTheUser, "yes" } } };
        using var response = await client.SendAsync(request);
        return JsonNode.Parse(await response.Content.ReadAsStringAsync())!["access_token"]!.GetValue<string>();
    }

    /// <summary>Signs with another key, of another algorithm, and publishes it alone.</summary>
    public void Rotate()
    {
        var credentials = app.Services.GetRequiredService<IOptionsMonitor<OpenIddictServerOptions>>().CurrentValue.SigningCredentials;
        credentials.Clear();
        credentials.Add(new SigningCredentials(new RsaSecurityKey(RSA.Create(2048)) { KeyId = "rsa-1" }, SecurityAlgorithms.RsaSha256));
    }

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        await app.DisposeAsync();
    }

    private static async Task IssueAsync(HttpContext context)
    {
        var request = context.GetOpenIddictServerRequest()!;
        var identity = new ClaimsIdentity("test", Claims.Name, Claims.Role);
        if (request.IsTokenExchangeGrantType())
        {
            var subject = await context.AuthenticateAsync(OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
            identity.SetClaim(Claims.Subject, subject.Principal!.GetClaim(Claims.Subject));
            identity.SetResources(request.GetResources().Concat(request.GetAudiences()));
        }
        else
        {
            identity.SetClaim(Claims.Subject, request.Username);
            identity.SetResources(request.Password!.Split(' '));
        }

        identity.SetScopes(request.GetScopes());
        identity.SetDestinations(_ => [Destinations.AccessToken]);
        await context.SignInAsync(OpenIddictServerAspNetCoreDefaults.AuthenticationScheme, new ClaimsPrincipal(identity));
    }

    private async Task RegisterAsync()
    {
        using var scope = app.Services.CreateScope();
        var applications = scope.ServiceProvider.GetRequiredService<IOpenIddictApplicationManager>();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        ClientKey = key.ExportPkcs8PrivateKeyPem();
        var keys = new JsonWebKeySet();
        keys.Keys.Add(JsonWebKeyConverter.ConvertFromECDsaSecurityKey(new ECDsaSecurityKey(ECDsa.Create(key.ExportParameters(false))) { KeyId = "gateway-1" }));
        string[] all =
        [
            Permissions.Endpoints.Token, Permissions.Endpoints.Introspection, Permissions.GrantTypes.TokenExchange, Permissions.Prefixes.Scope + Scope,
            Permissions.Prefixes.Resource + Weather, Permissions.Prefixes.Audience + Audience,
        ];
        await applications.CreateAsync(Application("agent", "agent-secret", [Permissions.Endpoints.Token, Permissions.GrantTypes.Password, Permissions.Prefixes.Scope + Scope]));
        await applications.CreateAsync(Application("mcp-gateway", Secret, all));
        await applications.CreateAsync(Application("no-grant", Secret, all.Except([Permissions.GrantTypes.TokenExchange])));
        await applications.CreateAsync(Application("no-endpoint", Secret, all.Except([Permissions.Endpoints.Token])));
        await applications.CreateAsync(Application("no-resource", Secret, all.Except([Permissions.Prefixes.Resource + Weather])));
        await applications.CreateAsync(Application("no-scope", Secret, all.Except([Permissions.Prefixes.Scope + Scope])));
        await applications.CreateAsync(Application("no-introspection", Secret, all.Except([Permissions.Endpoints.Introspection])));
        var keyed = Application("keyed", null, all);
        (keyed.ClientType, keyed.JsonWebKeySet) = (ClientTypes.Confidential, keys);
        await applications.CreateAsync(keyed);
    }

    private static OpenIddictApplicationDescriptor Application(string id, string? secret, IEnumerable<string> permissions)
    {
        var application = new OpenIddictApplicationDescriptor { ClientId = id, ClientSecret = secret };
        application.Permissions.UnionWith(permissions);
        return application;
    }

    private static ECDsaSecurityKey EcKey(string id) => new(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = id };
}
