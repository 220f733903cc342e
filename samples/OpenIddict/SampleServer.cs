using System.Security.Claims;
using System.Security.Cryptography;
using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace OpenIddictSample;

/// <summary>
/// OpenIddict with two clients: <c>mcp-client</c>, with which users sign in (authorization code with PKCE, or a name in
/// place of a password), and <c>mcp-gateway</c>, which may exchange their tokens for the MCP server behind the gateway.
/// Keys and clients live in memory. What is not fit for use anywhere is that nobody is asked for a password.
/// </summary>
internal sealed class SampleServer : IAsyncDisposable
{
    public const string UserClient = "mcp-client";
    public const string GatewayClient = "mcp-gateway";
    public const string Scope = "mcp";
    private static readonly TimeSpan HopLifetime = TimeSpan.FromMinutes(2);

    private readonly WebApplication app;
    private readonly SampleOptions options;

    private SampleServer(WebApplication app, SampleOptions options)
    {
        this.app = app;
        this.options = options;
    }

    public string Issuer { get; private set; } = "";

    public static async Task<SampleServer> StartAsync(SampleOptions options)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(options.Url);
        builder.Services.AddDbContext<DbContext>(database => database.UseInMemoryDatabase("openiddict").UseOpenIddict());
        builder.Services.AddOpenIddict()
            .AddCore(core => core.UseEntityFrameworkCore().UseDbContext<DbContext>())
            .AddServer(server =>
            {
                server.SetAuthorizationEndpointUris("connect/authorize").SetTokenEndpointUris("connect/token");
                server.AllowAuthorizationCodeFlow().RequireProofKeyForCodeExchange().AllowPasswordFlow().AllowTokenExchangeFlow();

                // Encrypted access tokens are for the authorization server's own APIs; the gateway refuses them.
                server.AddEphemeralEncryptionKey().DisableAccessTokenEncryption();
                server.AddSigningKey(new ECDsaSecurityKey(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = "sample" });
                server.RegisterScopes(Scope).RegisterResources(options.Public, options.Internal);
                server.UseAspNetCore().EnableAuthorizationEndpointPassthrough().EnableTokenEndpointPassthrough().DisableTransportSecurityRequirement();
            });
        var started = new SampleServer(builder.Build(), options);
        started.app.UseAuthentication();
        started.app.MapMethods("/connect/authorize", ["GET", "POST"], started.AuthorizeAsync);
        started.app.MapPost("/connect/token", started.IssueAsync);
        await started.app.StartAsync();
        started.Issuer = started.app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single() + "/";
        await started.RegisterAsync();
        return started;
    }

    public Task StoppedAsync() => app.WaitForShutdownAsync();

    public ValueTask DisposeAsync() => app.DisposeAsync();

    /// <summary>Where a user would sign in and consent: here everybody is alice, or whom <c>login_hint</c> names.</summary>
    private Task AuthorizeAsync(HttpContext context)
    {
        var request = context.GetOpenIddictServerRequest()!;
        return SignInAsync(context, request.LoginHint ?? "alice", [.. request.GetResources(), GatewayClient], request.GetScopes());
    }

    private async Task IssueAsync(HttpContext context)
    {
        var request = context.GetOpenIddictServerRequest()!;
        if (request.IsPasswordGrantType())
        {
            // The gateway is a second audience, since OpenIddict exchanges only what names the client that asks.
            await SignInAsync(context, request.Username!, [.. request.GetResources(), GatewayClient], request.GetScopes());
            return;
        }

        var earlier = (await context.AuthenticateAsync(OpenIddictServerAspNetCoreDefaults.AuthenticationScheme)).Principal!;
        if (request.IsTokenExchangeGrantType())
        {
            // OpenIddict has verified the subject token, and that this client may ask for this resource and scope. What it
            // cannot know is that an exchange must not widen.
            var scopes = request.GetScopes().Intersect(earlier.GetScopes());
            await SignInAsync(context, earlier.GetClaim(Claims.Subject)!, request.GetResources(), scopes, HopLifetime);
            return;
        }

        await SignInAsync(context, earlier.GetClaim(Claims.Subject)!, earlier.GetResources(), earlier.GetScopes());
    }

    private static Task SignInAsync(HttpContext context, string user, IEnumerable<string> resources, IEnumerable<string> scopes, TimeSpan? lifetime = null)
    {
        var identity = new ClaimsIdentity("sample", Claims.Name, Claims.Role);
        identity.SetClaim(Claims.Subject, user).SetResources(resources).SetScopes(scopes).SetDestinations(_ => [Destinations.AccessToken]);
        var principal = new ClaimsPrincipal(identity);
        principal.SetAccessTokenLifetime(lifetime);
        return context.SignInAsync(OpenIddictServerAspNetCoreDefaults.AuthenticationScheme, principal);
    }

    private async Task RegisterAsync()
    {
        using var scope = app.Services.CreateScope();
        var applications = scope.ServiceProvider.GetRequiredService<IOpenIddictApplicationManager>();
        await applications.CreateAsync(new()
        {
            ClientId = UserClient,
            ClientType = ClientTypes.Public,
            ApplicationType = ApplicationTypes.Native,
            RedirectUris = { new("http://127.0.0.1/callback"), new("http://localhost/callback") },
            Permissions =
            {
                Permissions.Endpoints.Authorization, Permissions.Endpoints.Token, Permissions.GrantTypes.AuthorizationCode, Permissions.GrantTypes.Password,
                Permissions.ResponseTypes.Code, Permissions.Prefixes.Scope + Scope, Permissions.Prefixes.Resource + options.Public,
            },
        });
        await applications.CreateAsync(new()
        {
            ClientId = GatewayClient,
            ClientSecret = await SecretAsync(),
            ClientType = ClientTypes.Confidential,
            Permissions =
            {
                Permissions.Endpoints.Token, Permissions.GrantTypes.TokenExchange, Permissions.Prefixes.Scope + Scope, Permissions.Prefixes.Resource + options.Internal,
            },
        });
    }

    /// <summary>The secret in the file; a new one, readable by this user alone, where there is no file.</summary>
    private async Task<string> SecretAsync()
    {
        if (File.Exists(options.SecretFile))
        {
            return (await File.ReadAllTextAsync(options.SecretFile)).Trim();
        }

        var secret = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        var file = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            file.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        await using var writer = new StreamWriter(options.SecretFile, file);
        await writer.WriteAsync(secret);
        return secret;
    }
}
