using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.IdentityModel.Tokens;

namespace Demo.AuthorizationServer;

/// <summary>
/// An authorization server FOR DEVELOPMENT ONLY: it gives a token in anybody's name to whoever asks, keeps its key and
/// its clients in memory, and can be told to misbehave. It listens on loopback. What is right about it is what the
/// gateway needs: RFC 8414 metadata, a JWK set, and token exchange with an authenticated client.
/// </summary>
internal sealed class DevelopmentAuthorizationServer : IAsyncDisposable
{
    private readonly SigningKey _key = new();
    private readonly DevelopmentUserGrant _userGrant;
    private readonly TokenExchangeGrant _exchangeGrant;
    private readonly Logout _logout;
    private readonly Dictionary<string, ResourceRegistration> _resources = [];
    private readonly Dictionary<string, JsonWebKey> _clients = [];
    private WebApplication? _app;
    private readonly ConcurrentQueue<string> _exchanges = [];
    private readonly IssuedTokens _issued = new();

    private DevelopmentAuthorizationServer(AuthorizationServerBehaviour behaviour, TimeProvider clock)
    {
        _userGrant = new DevelopmentUserGrant(_key, _issued, clock);
        _exchangeGrant = new TokenExchangeGrant(_key, _issued, behaviour, clock);
        _logout = new Logout(_key, clock);
    }

    /// <summary>The value of <c>iss</c> in every token.</summary>
    public string Issuer { get; private set; } = "";

    public string TokenEndpoint => Issuer + "/token";

    public string JwksUrl => Issuer + "/jwks";

    /// <summary>The token exchanges that were asked for, whatever came of them: the parameters, without what is secret.</summary>
    public IReadOnlyCollection<string> Exchanges => _exchanges;

    /// <summary>What the tokens say that this server gave out, by their <c>jti</c>.</summary>
    public IssuedTokens Issued => _issued;

    public static async Task<DevelopmentAuthorizationServer> StartAsync(AuthorizationServerBehaviour behaviour, TimeProvider clock, CancellationToken cancellationToken)
    {
        var server = new DevelopmentAuthorizationServer(behaviour, clock);
        server._app = await Loopback.StartAsync(
            app =>
            {
                app.MapGet("/.well-known/oauth-authorization-server", server.MetadataAsync);
                app.MapGet("/jwks", server.KeysAsync);
                app.MapPost("/token", server.TokenAsync);
            },
            cancellationToken);
        server.Issuer = server._app.Urls.First();
        return server;
    }

    /// <summary>Makes a resource known. Done before anything is asked of this server.</summary>
    public void Register(ResourceRegistration resource) => _resources[resource.Name] = resource;

    /// <summary>Makes a client known that authenticates with this key (RFC 7523). Done before anything is asked of this server.</summary>
    public void Register(string clientId, JsonWebKey publicKey) => _clients.Add(clientId, publicKey);

    /// <summary>A user's token for a resource that nobody registered, such as a server elsewhere.</summary>
    public string TokenFor(string user, string resource, string scope) =>
        _userGrant.Issue(Issuer, user, "demo-client", resource, scope).Body["access_token"]!.GetValue<string>();

    /// <summary>What says to a client at its back-channel logout endpoint that this user has logged out.</summary>
    public string LogoutTokenFor(string user, string clientId) => _logout.TokenFor(Issuer, user, clientId);

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.DisposeAsync();
        }

        _key.Dispose();
    }

    private Task MetadataAsync(HttpContext context) => WriteAsync(context, new JsonObject
    {
        ["issuer"] = Issuer,
        ["token_endpoint"] = TokenEndpoint,
        ["jwks_uri"] = JwksUrl,
        ["response_types_supported"] = new JsonArray(),
        ["grant_types_supported"] = new JsonArray(DevelopmentUserGrant.GrantType, TokenExchangeGrant.GrantType),
        ["token_endpoint_auth_methods_supported"] = new JsonArray("private_key_jwt", "none"),
        ["token_endpoint_auth_signing_alg_values_supported"] = new JsonArray("ES256"),
    });

    private Task KeysAsync(HttpContext context) => WriteAsync(context, new JsonObject { ["keys"] = new JsonArray(_key.PublicJwk) });

    private async Task TokenAsync(HttpContext context)
    {
        if (!context.Request.HasFormContentType)
        {
            await TokenAnswer.Refused("invalid_request", "The token endpoint takes a form.").WriteAsync(context.Response);
            return;
        }

        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        var answer = (string?)form["grant_type"] switch
        {
            _ when form.Any(parameter => parameter.Value.Count != 1) => TokenAnswer.Refused("invalid_request", "A parameter is repeated."),
            DevelopmentUserGrant.GrantType => _userGrant.Answer(Issuer, form, _resources.Values),
            TokenExchangeGrant.GrantType => await ExchangeAsync(form),
            _ => TokenAnswer.Refused("unsupported_grant_type", "This grant is not offered."),
        };
        await answer.WriteAsync(context.Response);
    }

    private async Task<TokenAnswer> ExchangeAsync(IFormCollection form)
    {
        _exchanges.Enqueue(string.Join(' ', form.Select(parameter => $"{parameter.Key}={(parameter.Key is "subject_token" or "client_assertion" ? "..." : parameter.Value)}")));
        return await _exchangeGrant.AnswerAsync(Issuer, form, _clients, _resources);
    }

    private static Task WriteAsync(HttpContext context, JsonObject document)
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(document.ToJsonString(), context.RequestAborted);
    }
}
