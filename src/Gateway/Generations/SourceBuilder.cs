using System.Collections.Frozen;
using System.Diagnostics;
using Gateway.Configuration.Options;
using Gateway.Exchange;
using TokenExchange.Issuers;
using TokenExchange.Outbound;
using TokenExchange.Outbound.Cache;
using TokenExchange.Outbound.Exchange;
using TokenExchange.Outbound.Local;

namespace Gateway.Generations;

/// <summary>Builds where what a server gets in place of the inbound token comes from.</summary>
internal sealed class SourceBuilder(BuildContext context, ExchangeCache cache, bool inboundOnly, TimeProvider clock)
{
    public CredentialSource Build(OutboundOptions outbound, OutboundTarget target)
    {
        return outbound.Mode!.Value switch
        {
            OutboundMode.None => CredentialSource.Nothing.Instance,
            OutboundMode.Credential => new CredentialSource.Static(new StaticCredential(outbound.Header ?? "Authorization", outbound.Prefix ?? "", outbound.File!, clock)),
            OutboundMode.Exchange => Token(TokenSourceKind.Exchange, Exchanger(outbound)),
            OutboundMode.Local when inboundOnly => CredentialSource.Nothing.Instance,
            OutboundMode.Local => Token(TokenSourceKind.Local, LocalExchanger(outbound, context.LocalIssuer!)),
            OutboundMode.SameToken => Token(TokenSourceKind.SameToken, new SameTokenExchanger()),
            _ => throw new UnreachableException(),
        };

        CredentialSource.Token Token(TokenSourceKind kind, ITokenExchanger exchanger) => new(kind, exchanger, target) { BindsCall = outbound.BindCall };
    }

    /// <summary>The client that asks for a server's hop tokens, without a cache before it.</summary>
    public static TokenExchangeClient Client(OutboundOptions outbound, GatewayOptions options, FrozenDictionary<string, AuthorizationServer> connections, TimeProvider clock)
    {
        var name = outbound.AuthorizationServer!;
        var asked = options.AuthorizationServers[name];
        return new TokenExchangeClient(connections[name], SettingsMapping.Client(ClientAt(asked, outbound)), connections[outbound.ResultIssuer ?? name], asked.ExtraParameters, clock, SettingsMapping.Actor(outbound.ActorToken));
    }

    private static ClientOptions ClientAt(AuthorizationServerOptions asked, OutboundOptions outbound) => outbound.Client ?? asked.Client!;

    private ITokenExchanger Exchanger(OutboundOptions outbound)
    {
        var asked = context.Options.AuthorizationServers[outbound.AuthorizationServer!];
        var exchange = Client(outbound, context.Options, context.Connections, clock);
        return cache.Wrap(exchange, new CachePartition(outbound.AuthorizationServer!, asked.TokenEndpoint ?? asked.MetadataUrl ?? asked.Issuer!, ClientAt(asked, outbound).Id!, "access_token") { Actor = outbound.ActorToken is null ? null : () => exchange.ActorDigest });
    }

    private ITokenExchanger LocalExchanger(OutboundOptions outbound, LocalIssuer issuer)
    {
        var settings = new LocalTokenSettings(
            outbound.Lifetime ?? OutboundOptions.UsualLifetime,
            outbound.Claims,
            outbound.Subject == LocalSubject.IssuerQualified);
        if (outbound.BindCall)
        {
            // For one call alone: there is nobody to share it with.
            return issuer.For(settings);
        }

        return cache.Wrap(issuer.For(settings), new CachePartition("local", context.Options.LocalIssuer!.Issuer!, "", "access_token"));
    }
}
