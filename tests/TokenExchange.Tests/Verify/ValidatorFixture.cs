using System.Text.Json.Nodes;
using Harness;
using Microsoft.Extensions.Logging.Abstractions;
using TokenExchange.Inbound;
using TokenExchange.Inbound.Proof;
using TokenExchange.Issuers;
using TokenExchange.Jose;

namespace TokenExchange.Tests.Verify;

/// <summary>A validator for one server that trusts one issuer, or two, whose keys are on a real socket.</summary>
public sealed class ValidatorFixture : ITokenSource, IAsyncDisposable
{
    public const string Resource = InboundTokenCases.Resource;
    public const string Alias = InboundTokenCases.Alias;
    public const string Companion = InboundTokenCases.Companion;

    private readonly AuthorizationServer server;

    private ValidatorFixture(TestAuthorizationServer issuer, ManualClock clock, AuthorizationServer server, TrustedIssuer trusted, bool allowOthers, int capacity, bool keepClaims, SenderPolicy? sender)
    {
        (Issuer, Clock, this.server, Trusted) = (issuer, clock, server, trusted);
        Validator = new TokenValidator(new ResourceAudience(Resource, [Resource, Alias], allowOthers), [trusted], clock, capacity, keepClaims: keepClaims, sender: sender);
    }

    public TestAuthorizationServer Issuer { get; }

    public ManualClock Clock { get; }

    public TrustedIssuer Trusted { get; }

    public TokenValidator Validator { get; }

    public IssuerKeys Keys => server.Keys;

    public static Task<ValidatorFixture> StartAsync(
        string[]? types = null,
        string[]? algorithms = null,
        bool allowOthers = false,
        int capacity = 0,
        bool keepClaims = false,
        Func<AuthorizationServerSettings, AuthorizationServerSettings>? change = null,
        ManualClock? clock = null,
        SenderPolicy? sender = null,
        params TestKey[] keys)
    {
        var issuer = new TestAuthorizationServer("", keys);
        clock ??= new ManualClock();
        var settings = new AuthorizationServerSettings { Name = "corp", Issuer = issuer.Issuer };
        var server = new AuthorizationServer(change?.Invoke(settings) ?? settings, clock, NullLoggerFactory.Instance);
        var trusted = new TrustedIssuer
        {
            Server = server,
            Algorithms = [.. algorithms ?? ["ES256", "PS256", "RS256"]],
            TokenTypes = [.. types ?? ["at+jwt"]],
            ClockSkew = TimeSpan.FromSeconds(30),
            MaxTokenLifetime = TimeSpan.FromDays(1),
            CompanionAudiences = [Companion],
        };
        return Task.FromResult(new ValidatorFixture(issuer, clock, server, trusted, allowOthers, capacity, keepClaims, sender));
    }

    /// <summary>A sound token for the server, after a test changed it.</summary>
    public string Token(Action<JsonObject, JsonObject>? change = null, TestKey? key = null) =>
        TokenForge.AccessToken(key ?? TestKeys.Es256, Issuer.Issuer, Resource, Clock.GetUtcNow(), change);

    public ValueTask<TokenValidation> ValidateAsync(string token) => Validator.ValidateAsync(token.AsMemory(), CancellationToken.None);

    /// <summary>The refusal's reason, or "accepted".</summary>
    public async Task<string> ReasonAsync(string token)
    {
        var validation = await ValidateAsync(token);
        return validation.Token is null ? validation.Refusal.ToReason() : "accepted";
    }

    public async ValueTask DisposeAsync()
    {
        server.Dispose();
        await Issuer.DisposeAsync();
    }
}
