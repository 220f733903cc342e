using Gateway.Configuration.Options;
using Gateway.Generations;
using TokenExchange.Outbound.Profiles;

namespace Gateway.Configuration.Rules;

/// <summary>Who is trusted where, and whether a subject can be mistaken for another issuer's.</summary>
internal static class IssuerRules
{
    private const string AuthorizationServers = "Gateway:AuthorizationServers";

    /// <summary><c>issuer-duplicate</c>: settings for one issuer in two places; a slash more or less is a slip, not another issuer.</summary>
    public static void IssuersDiffer(RuleContext context)
    {
        foreach (var same in context.Options.AuthorizationServers.Where(server => server.Value.Issuer is not null).GroupBy(server => Comparable(server.Value.Issuer!), StringComparer.OrdinalIgnoreCase))
        {
            foreach (var (name, server) in same.Skip(1))
            {
                context.Error("issuer-duplicate", RuleContext.KeyOf(name, "Issuer"), $"Issuer {ConfiguredUrl.Show(server.Issuer)} is that of '{same.First().Key}' too; one issuer has one entry.");
            }
        }
    }

    /// <summary><c>local-issuer-trusted</c>: a hop token must never come back in as an inbound token.</summary>
    public static void LocalIssuerIsNotTrusted(RuleContext context)
    {
        if (context.Options.LocalIssuer?.Issuer is not { } local)
        {
            return;
        }

        foreach (var (name, server) in context.Options.AuthorizationServers)
        {
            if (server.Issuer is { } issuer && Comparable(issuer).Equals(Comparable(local), StringComparison.OrdinalIgnoreCase))
            {
                context.Error("local-issuer-trusted", RuleContext.KeyOf(name, "Issuer"), $"Issuer {ConfiguredUrl.Show(issuer)} is the gateway's own LocalIssuer; its hop tokens must never be accepted from clients. Give LocalIssuer another Issuer, or remove this entry.");
            }
        }
    }

    /// <summary><c>authorization-servers</c>: with several, every server says whom it trusts; with none, nobody could come in.</summary>
    public static void ServersSayWhomTheyTrust(RuleContext context)
    {
        var inbound = context.Options.AuthorizationServers.Where(server => server.Value.Inbound).Select(server => server.Key).ToArray();
        foreach (var server in context.Servers)
        {
            var key = RuleContext.KeyOf(server, "AuthorizationServers");
            if (server.Options.AuthorizationServers is not null || context.IsDoubtful(AuthorizationServers))
            {
                continue;
            }

            if (inbound.Length > 1)
            {
                context.Error("authorization-servers", key, $"AuthorizationServers is missing, and several are inbound ({string.Join(", ", inbound)}); write those whose tokens are accepted here.");
            }
            else if (inbound.Length == 0)
            {
                context.Error("authorization-servers", key, $"No authorization server is inbound, so that no token could be accepted here; write one under {AuthorizationServers}.");
            }
        }
    }

    /// <summary><c>reference</c>: names that refer to nothing.</summary>
    public static void NamesReferToSomething(RuleContext context)
    {
        foreach (var server in context.Servers)
        {
            var trusted = server.Options.AuthorizationServers ?? [];
            for (var i = 0; i < trusted.Count; i++)
            {
                CheckName(RuleContext.KeyOf(server, $"AuthorizationServers:{i}"), trusted[i], mustBeInbound: true);
            }

            if (server.Outbound.Mode == OutboundMode.Exchange)
            {
                CheckName(RuleContext.KeyOf(server, "Outbound:AuthorizationServer"), server.Outbound.AuthorizationServer);
                CheckName(RuleContext.KeyOf(server, "Outbound:ResultIssuer"), server.Outbound.ResultIssuer);
            }

            if (server.Outbound.Mode == OutboundMode.Local && context.Options.LocalIssuer is null)
            {
                context.Error("reference", RuleContext.KeyOf(server, "Outbound:Mode"), "Mode 'local' mints tokens at Gateway:LocalIssuer, which is missing; write it, or take another mode.");
            }
        }

        void CheckName(string key, string? name, bool mustBeInbound = false)
        {
            if (name is null || context.IsDoubtful(AuthorizationServers))
            {
                return;
            }

            if (!context.Options.AuthorizationServers.TryGetValue(name, out var found))
            {
                var nearest = Read.NearestName.Of(name, context.Options.AuthorizationServers.Keys);
                context.Error("reference", key, $"'{name}' is no entry of {AuthorizationServers}{(nearest is null ? context.Options.AuthorizationServers.Count == 0 ? "; there are none." : $"; there are {string.Join(", ", context.Options.AuthorizationServers.Keys)}." : $"; did you mean '{nearest}'?")}");
            }
            else if (mustBeInbound && !found.Inbound)
            {
                context.Error("reference", key, $"'{name}' is not inbound, so that its tokens are not accepted; remove it here, or set its Inbound to true.");
            }
        }
    }

    /// <summary><c>subject-issuer</c>: the MCP server, or the authorization server asked, would take one issuer's subject for another's.</summary>
    public static void SubjectsAreNotConfused(RuleContext context)
    {
        foreach (var server in context.Servers)
        {
            if (server.Outbound.Mode == OutboundMode.Local && server.Outbound.Subject != LocalSubject.IssuerQualified)
            {
                CheckLocal(context, server);
            }

            if (server.Outbound is { Mode: OutboundMode.Exchange, AuthorizationServer: { } asked, ForeignSubjects: false }
                && context.Options.AuthorizationServers.ContainsKey(asked)
                && !TellsIssuersApart(context, server)
                && server.InboundServers.FirstOrDefault(name => name != asked && context.Options.AuthorizationServers.ContainsKey(name)) is { } foreign)
            {
                context.Error("subject-issuer", RuleContext.KeyOf(server, "Outbound:AuthorizationServer"), $"Tokens of '{foreign}' are accepted here, but '{asked}' is asked for exchanges and may take their subject for one of its own; ask '{foreign}', or set ForeignSubjects to true where both mean the same people.");
            }
        }
    }

    /// <summary>Servers whose hop tokens are alike count as one: their MCP server sees the subjects of all.</summary>
    private static void CheckLocal(RuleContext context, ServerTopology server)
    {
        var issuers = context.Servers
            .Where(other => other.Outbound.Mode == OutboundMode.Local && other.Outbound.Subject != LocalSubject.IssuerQualified
                && (other.Id == server.Id || other.ResultAudiences.Intersect(server.ResultAudiences, StringComparer.OrdinalIgnoreCase).Any()))
            .SelectMany(other => other.InboundServers)
            .Where(context.Options.AuthorizationServers.ContainsKey)
            .Distinct(StringComparer.Ordinal)
            .ToArray();
        if (issuers.Length > 1)
        {
            context.Error("subject-issuer", RuleContext.KeyOf(server, "Outbound:Subject"), $"Tokens of several issuers ({string.Join(", ", issuers)}) would become hop tokens with subjects that cannot be told apart; write Subject 'issuer-qualified'.");
        }
    }

    /// <summary>
    /// <c>subject-qualified</c>: where tokens of several issuers become hop tokens of one issuer for one MCP server, by whichever
    /// servers, all subjects are qualified. An issuer could else choose a <c>sub</c> that equals another's, qualified or not.
    /// </summary>
    public static void AlikeSubjectsAreQualified(RuleContext context)
    {
        var plain = context.Servers.Where(server => server.Outbound is { Mode: OutboundMode.Local, Subject: not LocalSubject.IssuerQualified } or { Mode: OutboundMode.Exchange } && !TellsIssuersApart(context, server));
        foreach (var server in plain)
        {
            var alike = context.Servers.Where(other => other.Id != server.Id && other.ResultIssuer == server.ResultIssuer
                && other.ResultAudiences.Intersect(server.ResultAudiences, StringComparer.OrdinalIgnoreCase).Any()).ToArray();
            var issuers = alike.Append(server).SelectMany(other => other.InboundServers).Where(context.Options.AuthorizationServers.ContainsKey).Distinct(StringComparer.Ordinal).ToArray();
            if (alike.Length > 0 && issuers.Length > 1)
            {
                var (key, remedy) = server.Outbound.Mode == OutboundMode.Local
                    ? ("Outbound:Subject", "write Subject 'issuer-qualified' at each of these servers")
                    : ("Outbound:AuthorizationServer", "ask an authorization server of its own for each issuer, or take mode 'local' with Subject 'issuer-qualified' at each of these servers");
                context.Error("subject-qualified", RuleContext.KeyOf(server, key), $"The MCP server behind gets hop tokens by way of {string.Join(", ", alike.Select(other => $"'{other.Id}'"))} too, and by both ways of several issuers ({string.Join(", ", issuers)}), any of which could choose a subject that is another's there; {remedy}.");
            }
        }
    }

    private static bool TellsIssuersApart(RuleContext context, ServerTopology server) =>
        context.Options.AuthorizationServers.TryGetValue(server.Outbound.AuthorizationServer ?? "", out var asked) && ExchangeProfile.Find(asked.Profile)?.TakesForeignSubjects == true;

    /// <summary><c>introspection-ambiguous</c>: an opaque token does not say whom to ask.</summary>
    public static void OpaqueTokensHaveOneIssuer(RuleContext context)
    {
        foreach (var server in context.Servers)
        {
            var asked = server.InboundServers.Where(name => context.Options.AuthorizationServers.TryGetValue(name, out var found) && found.Introspection is not null).ToArray();
            if (asked.Length > 1)
            {
                context.Error("introspection-ambiguous", RuleContext.KeyOf(server, "AuthorizationServers"), $"Opaque tokens could be of {string.Join(" or ", asked)}, and a token must not be shown to an authorization server that did not issue it; keep Introspection at one of them, or part the server in two.");
            }
        }
    }

    private static string Comparable(string issuer) => CanonicalUri.Of(issuer).TrimEnd('/');
}
