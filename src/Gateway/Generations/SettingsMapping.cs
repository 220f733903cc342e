using Gateway.Configuration.Options;
using TokenExchange.Issuers;
using TokenExchange.Outbound.Exchange;
using TokenExchange.Outbound.Profiles;

namespace Gateway.Generations;

/// <summary>From options as written to the settings of the library.</summary>
internal static class SettingsMapping
{
    public static AuthorizationServerSettings Of(string name, AuthorizationServerOptions options) => new()
    {
        Name = name,
        Issuer = options.Issuer!,
        MetadataUrl = UriOf(options.MetadataUrl),
        JwksUrl = UriOf(options.JwksUrl),
        TokenEndpoint = UriOf(options.TokenEndpoint),
        AllowHttp = options.AllowHttp,
        KeyRefresh = options.KeyRefresh,
        Timeout = options.Timeout,
        ClockSkew = options.ClockSkew,
        Dialect = ExchangeProfile.Find(options.Profile)!.Dialect,
        AllowMissingIssuedTokenType = options.AllowMissingIssuedTokenType,
        SignsIn = options.Registration is not null,
    };

    /// <summary>The connection to whoever signs security events in an authorization server's place.</summary>
    public static AuthorizationServerSettings Transmitter(string name, AuthorizationServerOptions server, SecurityEventsOptions events) => new()
    {
        Name = $"{name} (events)",
        Issuer = events.Issuer ?? server.Issuer!,
        MetadataUrl = events.Issuer is null ? UriOf(server.MetadataUrl) : null,
        JwksUrl = UriOf(events.JwksUrl),
        TokenEndpoint = null,
        AllowHttp = server.AllowHttp,
        KeyRefresh = server.KeyRefresh,
        Timeout = server.Timeout,
        ClockSkew = server.ClockSkew,
        AllowMissingIssuedTokenType = false,
    };

    public static ClientSettings Client(ClientOptions options) => new()
    {
        Id = options.Id!,
        Authentication = options.Authentication!.Value,
        SecretFile = options.SecretFile,
        Secret = options.Secret is { } secret ? new ClientSecret(secret) : null,
        KeyFile = options.KeyFile,
        KeyId = options.KeyId,
        CertificateFile = options.CertificateFile,
        AssertionFile = options.AssertionFile,
        AssertionAudience = options.AssertionAudience,
        AssertionType = options.AssertionType,
    };

    public static IntrospectionSettings Introspection(AuthorizationServer server, AuthorizationServerOptions options) =>
        new(server, Client(options.Client!), UriOf(options.Introspection!.Endpoint), options.Introspection.Mode == IntrospectionMode.Always, options.Introspection.MaxAge);

    public static ActorTokenSettings? Actor(ActorTokenOptions? options) => options is null ? null : new(options.File!, options.Type switch
    {
        ActorTokenType.AccessToken => "access_token",
        ActorTokenType.IdToken => "id_token",
        _ => "jwt",
    });

    public static Uri? UriOf(string? value) => value is null ? null : new Uri(value);
}
