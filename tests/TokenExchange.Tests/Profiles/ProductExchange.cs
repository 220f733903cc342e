using System.Collections.Frozen;
using System.Text.Json.Nodes;
using Harness;
using Harness.Products;
using Microsoft.Extensions.Logging.Abstractions;
using TokenExchange.Inbound;
using TokenExchange.Issuers;
using TokenExchange.Outbound;
using TokenExchange.Outbound.Exchange;
using TokenExchange.Outbound.Profiles;

namespace TokenExchange.Tests.Profiles;

/// <summary>
/// The gateway's client at a product, with the defaults of a profile as the gateway resolves them, and one request ready
/// to be exchanged. What a test changes, it changes before the first run.
/// </summary>
internal sealed class ProductExchange : IAsyncDisposable
{
    private readonly ClientFiles files = new();
    private readonly List<AuthorizationServer> servers = [];
    private readonly Lazy<TokenExchangeClient> client;

    public ProductExchange(Func<TimeProvider, Product> create, string? profile = null)
    {
        Product = create(Clock);
        Profile = ExchangeProfile.Find(profile ?? Product.Profile)!;
        Settings = new AuthorizationServerSettings { Name = "corp", Issuer = Product.Stub.Issuer, Dialect = Profile.Dialect };
        Client = Product.Client(files);
        Target = new OutboundTarget
        {
            InboundResource = Product.Server,
            InboundAudiences = FrozenDictionary<string, FrozenSet<string>>.Empty,
            Resource = Product.Resource,
            Audience = Product.Target,
            ResultAudiences = [Product.ResultAudience],
            SettingsDigest = "digest",
            ClientId = Client.Id,
            ExtraResultScopes = Profile.ExtraResultScopes,
            SubjectClaims = Profile.SubjectClaims,
            MaxLifetime = Profile.MaxLifetime,
        };
        Subject = Token("the-token");
        client = new(Build);
    }

    public Product Product { get; }

    public ExchangeProfile Profile { get; }

    public ClientFiles Files => files;

    public EagerClock Clock { get; } = new();

    public AuthorizationServerSettings Settings { get; set; }

    public ClientSettings Client { get; set; }

    public OutboundTarget Target { get; set; }

    public ValidatedToken Subject { get; set; }

    /// <summary>Whether results are verified with the keys of whoever the product's page says signs them.</summary>
    public bool ResultIssuerConfigured { get; set; } = true;

    public string Scopes { get; set; } = "weather.read";

    public Task<ExchangeResult> RunAsync() => client.Value.ExchangeAsync(new TokenExchangeRequest(Subject, Target, ScopeSet.Parse(Scopes)), CancellationToken.None).AsTask();

    /// <summary>A subject token that the product knows.</summary>
    public ValidatedToken Token(string value, Action<JsonObject>? change = null)
    {
        var claims = Product.SubjectClaims;
        change?.Invoke(claims);
        var token = Subjects.Token(value: value, issuer: Product.InboundIssuer.Issuer, resource: Product.Server, scope: Product.SubjectScope, expiresAt: Clock.GetUtcNow() + TimeSpan.FromMinutes(5), claims: claims);
        Product.Knows(value, JsonNode.Parse(token.Claims.GetRawText())!.AsObject());
        return token;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in servers)
        {
            server.Dispose();
        }

        await Product.DisposeAsync();
        files.Dispose();
        if (Product.Mistake is { } mistake)
        {
            throw new InvalidOperationException("The stub failed.", mistake);
        }
    }

    private TokenExchangeClient Build()
    {
        var asked = Add(Settings);
        var signer = Product.ResultIssuer == Product.Stub || !ResultIssuerConfigured
            ? asked
            : Add(new AuthorizationServerSettings { Name = "weather", Issuer = Product.ResultIssuer.Issuer });
        return new TokenExchangeClient(asked, Client, signer, new Dictionary<string, string>(), Clock);
    }

    private AuthorizationServer Add(AuthorizationServerSettings settings)
    {
        var server = new AuthorizationServer(settings, Clock, NullLoggerFactory.Instance);
        servers.Add(server);
        return server;
    }
}
