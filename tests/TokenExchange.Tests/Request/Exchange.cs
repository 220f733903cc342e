using System.Collections.Frozen;
using System.Text.Json.Nodes;
using Harness;
using Microsoft.Extensions.Logging.Abstractions;
using TokenExchange.Inbound;
using TokenExchange.Issuers;
using TokenExchange.Outbound;
using TokenExchange.Outbound.Exchange;
using TokenExchange.Outbound.Profiles;

namespace TokenExchange.Tests.Request;

/// <summary>One client of a stub, with a request ready to be exchanged.</summary>
internal sealed class Exchange : IAsyncDisposable
{
    public const string Resource = "https://weather.internal/mcp";

    private readonly Lazy<AuthorizationServer> server;
    private readonly Lazy<TokenExchangeClient> client;

    public Exchange(string profile = "rfc8693")
    {
        Settings = new AuthorizationServerSettings { Name = "corp", Issuer = Stub.Issuer, Dialect = ExchangeProfile.Find(profile)!.Dialect, TokenEndpoint = new Uri(Stub.TokenEndpoint), JwksUrl = new Uri(Stub.Issuer + "/jwks") };
        Target = new OutboundTarget { InboundResource = "https://mcp.example/weather", Resource = Resource, InboundAudiences = FrozenDictionary<string, FrozenSet<string>>.Empty, ResultAudiences = [Resource], SettingsDigest = "digest", ClientId = "mcp-gateway" };
        server = new(() => new AuthorizationServer(Settings, Clock, NullLoggerFactory.Instance));
        client = new(() => new TokenExchangeClient(Server, Client, ResultIssuer ?? Server, ExtraParameters, Clock));
        Stub.WireAnswer = Issue;
    }

    public TestAuthorizationServer Stub { get; } = new();

    public EagerClock Clock { get; } = new();

    public AuthorizationServerSettings Settings { get; set; }

    public ClientSettings Client { get; set; } = new() { Id = "mcp-gateway", Authentication = ClientAuthenticationMethod.ClientSecretBasic, Secret = new ClientSecret("s3cret") };

    public OutboundTarget Target { get; set; }

    public Dictionary<string, string> ExtraParameters { get; } = [];

    public ValidatedToken Subject { get; set; } = Subjects.Token();

    public string Scopes { get; set; } = "mcp:read";

    public AuthorizationServer? ResultIssuer { get; set; }

    public AuthorizationServer Server => server.Value;

    public TokenExchangeRequest Request => new(Subject, Target, ScopeSet.Parse(Scopes));

    public Task<ExchangeResult> RunAsync(CancellationToken cancellationToken = default) => client.Value.ExchangeAsync(Request, cancellationToken).AsTask();

    /// <summary>Runs the exchange of another subject.</summary>
    public Task<ExchangeResult> RunAsync(string subject)
    {
        Subject = Subjects.Token(subject);
        return RunAsync();
    }

    /// <summary>Runs the exchange against one answer.</summary>
    public Task<ExchangeResult> RunAsync(StubAnswer answer)
    {
        Stub.WireAnswer = _ => answer;
        return RunAsync();
    }

    /// <summary>A sound answer to any request: a token for the target.</summary>
    public StubAnswer Issue(RecordedRequest request) => StubAnswer.Token(Token());

    /// <summary>A token as the stub signs it.</summary>
    public string Token(string? audience = null, Action<JsonObject, JsonObject>? change = null) =>
        TokenForge.AccessToken(Stub.Key, Stub.Issuer, audience ?? Target.ResultAudiences[0], Clock.GetUtcNow(), (header, payload) =>
        {
            payload["sub"] = Subject.Subject;
            payload["client_id"] = "mcp-gateway";
            payload["scope"] = Scopes;
            change?.Invoke(header, payload);
        });

    public async ValueTask DisposeAsync()
    {
        await Stub.DisposeAsync();
        if (server.IsValueCreated)
        {
            server.Value.Dispose();
        }
    }
}
