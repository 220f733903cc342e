using Gateway.Configuration.Options;
using Gateway.Generations;
using TokenExchange.Issuers;
using TokenExchange.Outbound.Profiles;

namespace Gateway.Configuration.Rules;

/// <summary>Warnings for every setting that weakens a default, so that <c>check --strict</c> leaves none unnoticed.</summary>
internal static class WeakenedDefaults
{
    public static void AuthorizationServers(RuleContext context)
    {
        var usual = new AuthorizationServerOptions();
        foreach (var (name, server) in context.Options.AuthorizationServers)
        {
            string Key(string member) => RuleContext.KeyOf(name, member);
            Warn(server.AllowHttp, "allow-http", Key("AllowHttp"), "Keys, tokens and credentials may travel in the clear; use https.");
            Warn(server.AllowMissingIssuedTokenType, "allow-missing-issued-token-type", Key("AllowMissingIssuedTokenType"), "Answers need not say what kind of token they hold (RFC 8693 §2.2.1); remove this when the authorization server says it.");
            Warn(server.TokenTypes?.Contains("JWT") == true && ExchangeProfile.Find(server.Profile)?.TokenTypes.Contains("JWT") == false, "token-types", Key("TokenTypes"), "Tokens that are not stamped as access tokens are admitted; let the authorization server stamp at+jwt (RFC 9068).");
            Warn(ExchangeProfile.Find(server.Profile)?.IsExperimental == true, "profile-experimental", Key("Profile"), $"'{server.Profile}' follows a specification that is not finished; expect it to change.");
            Longer(context, Key("ClockSkew"), server.ClockSkew, usual.ClockSkew);
            Longer(context, Key("MaxTokenLifetime"), server.MaxTokenLifetime, usual.MaxTokenLifetime);
            Longer(context, Key("KeyRefresh"), server.KeyRefresh, usual.KeyRefresh);
            Longer(context, Key("Introspection:MaxAge"), server.Introspection?.MaxAge, new IntrospectionOptions().MaxAge);
        }

        foreach (var (key, client) in context.Clients)
        {
            Warn(client.Secret is not null, "secret-inline", $"{key}:Secret", "The secret stands in the configuration, where backups and version control see it; write SecretFile.");
            Warn(client.Authentication == ClientAuthenticationMethod.None, "client-public", $"{key}:Authentication", "Anybody can ask for exchanges in the gateway's name; authenticate the client.");
        }

        void Warn(bool weaker, string rule, string key, string message) => WarnIf(context, weaker, rule, key, message);
    }

    public static void Servers(RuleContext context)
    {
        foreach (var server in context.Servers)
        {
            string Key(string member) => RuleContext.KeyOf(server, member);
            var outbound = server.Outbound;
            Warn(server.Options.MultipleAudiences == MultipleAudiences.Allow, "multiple-audiences", Key("MultipleAudiences"), "Tokens that other servers accept too are admitted, and those servers could replay them here; write 'refuse'.");
            Warn(server.Options.ResourceUris == ResourceUris.AsIs, "resource-uris", Key("ResourceUris"), "Rules judge the spelling of a URI, and servers serve what they make of it: 'file:///public/../secret' passes a rule that denies 'file:///secret*'. Write 'strict'.");
            Warn(server.Options.Policy?.AllowHttp == true, "allow-http", Key("Policy:AllowHttp"), "Claims and arguments could be read, and decisions replaced, on the way; use https.");
            Warn(outbound.AllowRemote, "allow-remote", Key("Outbound:AllowRemote"), "The client's own token leaves this machine; take mode 'exchange' or 'local' where the MCP server is not this very resource.");
            Warn(outbound is { Mode: OutboundMode.SameToken, AllowRemote: true }, "bound-token-remote", Key("Outbound:AllowRemote"), "A token that is bound to a client's key leaves this machine as a bearer token, without a proof; take mode 'exchange' or 'local' with Bind 'dpop'.");
            Warn(server.Options.SenderConstraint == SenderConstraint.Required && outbound is { Mode: OutboundMode.Exchange } && ProfileOf(server).Name == "keycloak", "dpop-profile", Key("SenderConstraint"), "Keycloak does not exchange a token that is bound to another client's key; take mode 'local', or see docs/sender-constraint.md.");
            Warn(outbound.ForeignSubjects, "foreign-subjects", Key("Outbound:ForeignSubjects"), "The authorization server asked must know that these subjects are another issuer's.");
            Warn(outbound.ResultFormat == ResultFormat.Opaque, "opaque-result", Key("Outbound:ResultFormat"), "An opaque result cannot be verified: its audience, subject and scope are what the authorization server says; let it issue JWTs.");
            if (outbound.Mode == OutboundMode.Exchange)
            {
                Longer(context, Key("Outbound:MaxLifetime"), outbound.MaxLifetime, ProfileOf(server).MaxLifetime);
                Longer(context, Key("Outbound:MaxOutlive"), outbound.MaxOutlive, ProfileOf(server).MaxOutlive ?? outbound.MaxLifetime ?? ProfileOf(server).MaxLifetime);
                Warn(outbound.AuthorizationDetails == AuthorityChange.Any, "authority-unchecked", Key("Outbound:AuthorizationDetails"), "A result may hold other authorization details than the inbound token, or have lost them; write 'keep'.");
                Warn(outbound.ActorChain == AuthorityChange.Any, "authority-unchecked", Key("Outbound:ActorChain"), "A result may have lost who acted before the gateway; write 'keep'.");
                CheckSubjectClaims(server);
            }

            Longer(context, Key("Outbound:Lifetime"), outbound.Lifetime, OutboundOptions.UsualLifetime);
            Warn(server.Options.MaxRequestBody > new ServerOptions().MaxRequestBody, "weak-size", Key("MaxRequestBody"), "Bodies are held in memory while they are checked; larger ones cost memory for every request.");
            Longer(context, Key("RequestBodyTimeout"), server.Options.RequestBodyTimeout, new ServerOptions().RequestBodyTimeout);
            Longer(context, Key("MaxResponseDuration"), server.Options.MaxResponseDuration, new ServerOptions().MaxResponseDuration);
            Longer(context, Key("DPoP:MaxAge"), server.Options.DPoP.MaxAge, new DPoPOptions().MaxAge);
            Longer(context, Key("StreamIdleTimeout"), server.Options.StreamIdleTimeout, new ServerOptions().StreamIdleTimeout);
        }

        void CheckSubjectClaims(ServerTopology server)
        {
            var usual = ProfileOf(server).SubjectClaims;
            Warn(server.Outbound.SubjectClaims is { Count: > 0 } given && usual.Except(given).Any(), "subject-claims", RuleContext.KeyOf(server, "Outbound:SubjectClaims"), $"A result is not held against {string.Join(", ", usual)} of the inbound token; a result about somebody else could pass.");
        }

        ExchangeProfile ProfileOf(ServerTopology server) =>
            ExchangeProfile.Find(context.Options.AuthorizationServers.GetValueOrDefault(server.Outbound.AuthorizationServer ?? "")?.Profile ?? "rfc8693")!;

        void Warn(bool weaker, string rule, string key, string message) => WarnIf(context, weaker, rule, key, message);
    }

    public static void Process(RuleContext context)
    {
        var usual = new CacheOptions();
        Longer(context, "Gateway:Cache:MaxAge", context.Options.Cache.MaxAge, usual.MaxAge);
        Longer(context, "Gateway:SharedState:MaxStaleness", context.Options.SharedState?.MaxStaleness, new SharedStateOptions().MaxStaleness);
        WarnIf(context, context.Options.Cache.Capacity > usual.Capacity, "weak-size", "Gateway:Cache:Capacity", "More hop tokens are held in memory than by default; every one is a credential.");
        WarnIf(context, context.Options.Audit.OnFull == AuditOnFull.Drop, "audit-drop", "Gateway:Audit:OnFull", "Audit events can be lost under load, which an attacker can make; write 'block'.");
    }

    private static void Longer(RuleContext context, string key, TimeSpan? value, TimeSpan usual) =>
        WarnIf(context, value > usual, "weak-lifetime", key, $"{key[(key.LastIndexOf(':') + 1)..]} is {value:c}, longer than the default {usual:c}; what is stolen, revoked or changed stays good for longer.");

    private static void WarnIf(RuleContext context, bool weaker, string rule, string key, string message)
    {
        if (weaker)
        {
            context.Warn(rule, key, message);
        }
    }
}
