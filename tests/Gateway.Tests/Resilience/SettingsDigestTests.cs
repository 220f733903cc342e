using System.Collections.Frozen;
using System.Reflection;
using Gateway.Configuration.Options;
using Gateway.Generations;
using TokenExchange.Issuers;
using Xunit;

namespace Gateway.Tests.Resilience;

/// <summary>
/// Every option there is, found by reflection: a change of it makes another cache key, or hop tokens that are held stay
/// good. An option that is added later fails until somebody has said which.
/// </summary>
public sealed class SettingsDigestTests
{
    /// <summary>What decides which hop token is asked for, from whom, and what is accepted.</summary>
    private static readonly FrozenSet<string> Covered = FrozenSet.Create(
        StringComparer.Ordinal,
        "GatewayOptions.PublicUrl",
        "AuthorizationServerOptions.Issuer",
        "AuthorizationServerOptions.MetadataUrl",
        "AuthorizationServerOptions.JwksUrl",
        "AuthorizationServerOptions.TokenEndpoint",
        "AuthorizationServerOptions.Profile",
        "AuthorizationServerOptions.Client",
        "AuthorizationServerOptions.AllowMissingIssuedTokenType",
        "AuthorizationServerOptions.ClockSkew", // results are judged by it
        "AuthorizationServerOptions.ExtraParameters",
        "ClientOptions.Id",
        "ClientOptions.Authentication",
        "ServerOptions.Path",
        "ServerOptions.Destinations", // its only one is the resource
        "ServerOptions.Outbound",
        "OutboundOptions.Mode",
        "OutboundOptions.AuthorizationServer",
        "OutboundOptions.Client",
        "OutboundOptions.Resource",
        "OutboundOptions.Audience",
        "OutboundOptions.Scopes",
        "OutboundOptions.ScopeMap",
        "OutboundOptions.NarrowToOperation",
        "OutboundOptions.ResultIssuer",
        "OutboundOptions.ResultAudiences",
        "OutboundOptions.ResultFormat",
        "OutboundOptions.ExtraResultScopes",
        "OutboundOptions.SubjectClaims",
        "OutboundOptions.ForeignSubjects",
        "OutboundOptions.MaxLifetime",
        "OutboundOptions.MaxOutlive",
        "OutboundOptions.AuthorizationDetails",
        "OutboundOptions.ActorChain",
        "OutboundOptions.ActorToken",
        "ActorTokenOptions.File",
        "ActorTokenOptions.Type",
        "OutboundOptions.Lifetime",
        "OutboundOptions.BindCall",
        "ServerOptions.RequireCallBinding",
        "OutboundOptions.Claims",
        "OutboundOptions.Subject",
        "OutboundOptions.Bind",
        "ScopeMapOptions.Inbound",
        "ScopeMapOptions.Outbound");

    /// <summary>
    /// What says nothing of a hop token that is held: credentials, which may be rotated; what is checked on every request
    /// whatever is held; other servers; and what is about the connection.
    /// </summary>
    private static readonly FrozenSet<string> Survived = FrozenSet.Create(
        StringComparer.Ordinal,
        "GatewayOptions.AuthorizationServers",
        "GatewayOptions.Servers",
        "GatewayOptions.LocalIssuer",
        "GatewayOptions.Cache",
        "GatewayOptions.SessionKeyFile",
        "GatewayOptions.Audit",
        "GatewayOptions.Management",
        "GatewayOptions.TrustedProxies",
        "GatewayOptions.ClientCertProxies",
        "GatewayOptions.SenderKeyFile", // its thumbprint is a field of the key
        "GatewayOptions.DrainDelay",
        "GatewayOptions.InlineScheduling",
        "GatewayOptions.MaxBodyBytesHeld",
        "AuthorizationServerOptions.Inbound",
        "AuthorizationServerOptions.KeyRefresh",
        "AuthorizationServerOptions.AllowHttp",
        "AuthorizationServerOptions.Algorithms",
        "AuthorizationServerOptions.TokenTypes",
        "AuthorizationServerOptions.MaxTokenLifetime",
        "AuthorizationServerOptions.CompanionAudiences",
        "AuthorizationServerOptions.Introspection",
        "AuthorizationServerOptions.BackchannelLogout",
        "AuthorizationServerOptions.Timeout",
        "ClientOptions.SecretFile",
        "ClientOptions.Secret",
        "ClientOptions.KeyFile",
        "ClientOptions.KeyId",
        "ClientOptions.CertificateFile",
        "ClientOptions.AssertionFile",
        "ClientOptions.AssertionAudience",
        "ClientOptions.AssertionType",
        "LocalIssuerOptions.Issuer",
        "LocalIssuerOptions.KeyDirectory",
        "LocalIssuerOptions.Algorithm",
        "ServerOptions.Transport",
        "ServerOptions.AuthorizationServers",
        "ServerOptions.AcceptedAudiences",
        "ServerOptions.MultipleAudiences",
        "ServerOptions.AllowedClients",
        "ServerOptions.RequiredClaims",
        "ServerOptions.RequiredScopes",
        "ServerOptions.Operations",
        "ServerOptions.OtherOperations",
        "ServerOptions.ResourceUris",
        "ServerOptions.ImpliedScopes", // the scopes that follow are a field of the key
        "ServerOptions.FilterLists",
        "ServerOptions.ScopePrefix",
        "ServerOptions.AdvertisedScopes",
        "ServerOptions.AllowedOrigins",
        "ServerOptions.ForwardHeaders",
        "ServerOptions.MaxRequestBody",
        "ServerOptions.SenderConstraint",
        "ServerOptions.DPoP",
        "ServerOptions.RequestBodyTimeout",
        "ServerOptions.StreamIdleTimeout",
        "ServerOptions.MaxResponseDuration",
        "ServerOptions.Tls",
        "ServerOptions.IdentityHeaders",
        "ServerOptions.Cluster",
        "ServerOptions.Policy",
        "AuthorizationServerOptions.Registration",

        // Says who is refused, and never what is asked for.
        "AuthorizationServerOptions.SecurityEvents",
        "GatewayOptions.SharedState",
        "OutboundOptions.Header",
        "OutboundOptions.Prefix",
        "OutboundOptions.File",
        "OutboundOptions.AllowRemote");

    private static readonly Type[] Types =
        [typeof(GatewayOptions), typeof(AuthorizationServerOptions), typeof(ClientOptions), typeof(LocalIssuerOptions), typeof(ServerOptions), typeof(OutboundOptions), typeof(ScopeMapOptions)];

    public static readonly TheoryData<string> Options = [.. Types.SelectMany(type => type.GetProperties().Select(property => $"{type.Name}.{property.Name}"))];

    [Theory]
    [MemberData(nameof(Options))]
    public void An_option_changes_the_digest_exactly_when_hop_tokens_depend_on_it(string option)
    {
        Assert.True(Covered.Contains(option) != Survived.Contains(option), $"{option} is new: does the outcome of an exchange depend on it?");
        Assert.Equal(Covered.Contains(option), DigestOf(Changed(option, OutboundMode.Exchange)) != DigestOf(Sound(OutboundMode.Exchange)));
    }

    [Theory]
    [InlineData("LocalIssuerOptions.Issuer")]
    [InlineData("LocalIssuerOptions.KeyDirectory")]
    [InlineData("LocalIssuerOptions.Algorithm")]
    [InlineData("OutboundOptions.Lifetime")]
    [InlineData("OutboundOptions.Claims")]
    [InlineData("OutboundOptions.Subject")]
    [InlineData("OutboundOptions.Resource")]
    public void Tokens_that_are_minted_here_depend_on_the_local_issuer(string option) =>
        Assert.NotEqual(DigestOf(Sound(OutboundMode.Local)), DigestOf(Changed(option, OutboundMode.Local)));

    [Fact]
    public void Of_two_authorization_servers_the_one_that_signs_counts_as_well()
    {
        var digests = new HashSet<string>();
        foreach (var change in new Action<AuthorizationServerOptions>[] { _ => { }, server => server.Issuer += "/x", server => server.JwksUrl = "https://x.example", server => server.MetadataUrl = "https://x.example", server => server.TokenEndpoint = "https://x.example", server => server.AllowMissingIssuedTokenType = true })
        {
            var options = Sound(OutboundMode.Exchange);
            options.Servers["weather"].Outbound!.ResultIssuer = "other";
            change(options.AuthorizationServers["other"]);
            Assert.True(digests.Add(DigestOf(options)));
        }
    }

    [Fact]
    public void An_audience_that_is_accepted_inbound_counts_when_a_result_could_carry_it()
    {
        var options = Sound(OutboundMode.Exchange);
        options.Servers["notes"].AcceptedAudiences.Add("http://weather:8080/mcp");
        Assert.NotEqual(DigestOf(Sound(OutboundMode.Exchange)), DigestOf(options));
    }

    private static GatewayOptions Sound(OutboundMode mode) => new()
    {
        PublicUrl = "https://mcp.example.com",
        AuthorizationServers = { ["corp"] = AuthorizationServer("https://corp.example"), ["other"] = AuthorizationServer("https://other.example") },
        LocalIssuer = new LocalIssuerOptions { Issuer = "https://mcp.example.com/hop", KeyDirectory = "keys" },
        Servers =
        {
            ["weather"] = Server("http://weather:8080/mcp", mode),
            ["notes"] = Server("http://notes:8080/mcp", OutboundMode.Exchange),
        },
    };

    private static AuthorizationServerOptions AuthorizationServer(string issuer) =>
        new() { Issuer = issuer, Client = new ClientOptions { Id = "gateway", Authentication = ClientAuthenticationMethod.ClientSecretBasic } };

    private static ServerOptions Server(string destination, OutboundMode mode) => new()
    {
        Destinations = [destination],
        AuthorizationServers = ["corp"],
        Outbound = new OutboundOptions { Mode = mode, AuthorizationServer = mode == OutboundMode.Exchange ? "corp" : null, ScopeMap = [new() { Inbound = "a", Outbound = ["b"] }] },
    };

    private static string DigestOf(GatewayOptions options)
    {
        var topology = ServerTopology.Of(options);
        return TargetMapping.Of(topology.Single(server => server.Id == "weather"), options, ServerTopology.InboundAudiences(options, topology), null).SettingsDigest;
    }

    private static GatewayOptions Changed(string option, OutboundMode mode)
    {
        var options = Sound(mode);
        var server = options.Servers["weather"];
        object[] owners = [options, options.AuthorizationServers["corp"], options.AuthorizationServers["corp"].Client!, options.LocalIssuer!, server, server.Outbound!, server.Outbound!.ScopeMap![0]];
        var owner = owners.Single(owner => option.StartsWith(owner.GetType().Name + ".", StringComparison.Ordinal));
        var property = owner.GetType().GetProperty(option.Split('.')[1])!;
        property.SetValue(owner, Another(option, property.GetValue(owner), property));
        return options;
    }

    private static object Another(string option, object? value, PropertyInfo property)
    {
        var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        return (option, value) switch
        {
            ("OutboundOptions.AuthorizationServer" or "OutboundOptions.ResultIssuer", _) => "other",
            ("ServerOptions.AuthorizationServers", _) => new List<string> { "other" },
            ("AuthorizationServerOptions.Profile", _) => "keycloak",
            ("OutboundOptions.Mode", _) => OutboundMode.Local,
            (_, Dictionary<string, ServerOptions> servers) => new Dictionary<string, ServerOptions>(servers) { ["x"] = Server("http://x:8080/mcp", OutboundMode.Exchange) },
            (_, Dictionary<string, AuthorizationServerOptions> servers) => new Dictionary<string, AuthorizationServerOptions>(servers) { ["x"] = AuthorizationServer("https://x.example") },
            (_, Dictionary<string, string>) => new Dictionary<string, string> { ["x"] = "y" },
            (_, ClientOptions) => new ClientOptions { Id = "x", Authentication = ClientAuthenticationMethod.None },
            (_, OutboundOptions) => new OutboundOptions { Mode = OutboundMode.None },
            (_, string text) => text + "x",
            (_, bool flag) => !flag,
            (_, int number) => number + 1,
            (_, long number) => number + 1,
            (_, TimeSpan time) => time + TimeSpan.FromSeconds(1),
            (_, List<string> items) => items.Append("x").ToList(),
            (_, List<ScopeMapOptions> maps) => maps.Append(new ScopeMapOptions { Inbound = "x", Outbound = ["y"] }).ToList(),
            _ when type == typeof(string) => "https://x.example",
            _ when type == typeof(TimeSpan) => TimeSpan.FromSeconds(7),
            _ when type == typeof(List<string>) => new List<string> { "x" },
            _ when type.IsEnum => Enum.GetValues(type).Cast<object>().First(other => !other.Equals(value)),
            _ => Activator.CreateInstance(type)!,
        };
    }
}
