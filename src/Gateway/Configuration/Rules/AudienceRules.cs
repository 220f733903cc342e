using Gateway.Configuration.Options;
using Gateway.Generations;

namespace Gateway.Configuration.Rules;

/// <summary>
/// That a token means one server and no other: <c>audience-shared</c>, <c>outbound-audience-shared</c>, <c>boomerang</c>,
/// <c>account-audience</c>.
/// Case is ignored here although tokens are compared exactly: what looks alike will one day be mixed up.
/// </summary>
internal static class AudienceRules
{
    private const string Account = "account";
    private static readonly StringComparer Alike = StringComparer.OrdinalIgnoreCase;

    public static void AcceptedAudiencesAreNotShared(RuleContext context)
    {
        for (var i = 0; i < context.Servers.Length; i++)
        {
            var server = context.Servers[i];
            foreach (var other in context.Servers.Take(i))
            {
                // Equal paths share the identifier by necessity; that is said once, as server-path.
                var shared = server.AcceptedAudiences.Intersect(other.AcceptedAudiences, Alike).FirstOrDefault(audience => !(Alike.Equals(audience, server.Resource) && Alike.Equals(audience, other.Resource)));
                if (shared is not null)
                {
                    context.Error("audience-shared", RuleContext.KeyOf(server, "AcceptedAudiences"), $"The audience {ConfiguredUrl.Show(shared)} is accepted at '{other.Id}' too, so that a token for one would open both; an audience belongs to one server.");
                }
            }
        }

        foreach (var (name, options) in context.Options.AuthorizationServers)
        {
            var companions = options.CompanionAudiences ?? [];
            for (var i = 0; i < companions.Count; i++)
            {
                if (context.Servers.FirstOrDefault(server => server.AcceptedAudiences.Contains(CanonicalUri.Of(companions[i]), Alike)) is { } server)
                {
                    context.Error("audience-shared", RuleContext.KeyOf(name, $"CompanionAudiences:{i}"), $"The audience {ConfiguredUrl.Show(companions[i])} identifies '{server.Id}', so that it cannot be a companion of others; remove it here.");
                }
            }
        }
    }

    public static void ResultAudiencesAreNotShared(RuleContext context)
    {
        for (var i = 0; i < context.Servers.Length; i++)
        {
            var server = context.Servers[i];
            foreach (var other in context.Servers.Take(i))
            {
                if (server.ResultIssuer is null || server.ResultIssuer != other.ResultIssuer
                    || server.Destinations.Select(CanonicalUri.Of).ToHashSet(StringComparer.Ordinal).SetEquals(other.Destinations.Select(CanonicalUri.Of)))
                {
                    continue;
                }

                if (server.ResultAudiences.Intersect(other.ResultAudiences, Alike).FirstOrDefault() is { } shared)
                {
                    context.Error("outbound-audience-shared", KeyOfAudience(server), $"A hop token for {ConfiguredUrl.Show(shared)} would be good at '{other.Id}' too, which is another MCP server; give each a Resource or Audience of its own.");
                }
            }
        }
    }

    public static void ResultsCannotComeBackIn(RuleContext context)
    {
        foreach (var server in context.Servers)
        {
            if (server.ResultIssuer is not { } issuer)
            {
                continue;
            }

            var inbound = context.Servers.Where(other => other.InboundServers.Any(name => context.Options.AuthorizationServers.TryGetValue(name, out var found) && found.Inbound && found.Issuer == issuer));
            foreach (var audience in server.ResultAudiences)
            {
                if (inbound.FirstOrDefault(other => other.AcceptedAudiences.Contains(audience, Alike)) is { } other)
                {
                    Report(context, server, audience, $"is accepted from clients at '{other.Id}'");
                }
                else if (Alike.Equals(audience.TrimEnd('/'), CanonicalUri.Of(context.Options.PublicUrl).TrimEnd('/')))
                {
                    Report(context, server, audience, "is the gateway itself");
                }
                else if (server.Outbound.Mode == OutboundMode.Exchange && context.Options.AuthorizationServers.Values.FirstOrDefault(found => found.Issuer == issuer) is { } asked
                    && server.ClientAt(asked)?.Id == audience)
                {
                    Report(context, server, audience, "is the gateway's own client");
                }
            }
        }
    }

    /// <summary>Keycloak puts <c>account</c> into nearly every token of a realm, and a client's id into those that the client may exchange.</summary>
    public static void AudiencesMeanAServer(RuleContext context)
    {
        var clients = context.Clients.Select(client => client.Client.Id).ToHashSet(StringComparer.Ordinal);
        foreach (var server in context.Servers)
        {
            var keycloak = server.InboundServers.Any(name => context.Options.AuthorizationServers.GetValueOrDefault(name)?.Profile == "keycloak");
            for (var i = 0; i < server.Options.AcceptedAudiences.Count; i++)
            {
                var audience = server.Options.AcceptedAudiences[i];
                if (audience == Account || clients.Contains(audience) || (keycloak && !audience.Contains(':', StringComparison.Ordinal)))
                {
                    context.Warn("account-audience", RuleContext.KeyOf(server, $"AcceptedAudiences:{i}"), $"The audience {ConfiguredUrl.Show(audience)} names a client and not this server, so that tokens meant for something else open it; let the authorization server put {server.Resource} into aud.");
                }
            }
        }

        foreach (var (name, options) in context.Options.AuthorizationServers)
        {
            if (options.CompanionAudiences?.IndexOf(Account) is >= 0 and var i)
            {
                context.Warn("account-audience", RuleContext.KeyOf(name, $"CompanionAudiences:{i}"), "Tokens that are good at Keycloak's account console too are admitted; take its audience out of the client's tokens.");
            }
        }
    }

    private static void Report(RuleContext context, ServerTopology server, string audience, string problem) =>
        context.Error("boomerang", KeyOfAudience(server), $"The outbound audience {ConfiguredUrl.Show(audience)} {problem}, so that a hop token could be used as an inbound one; write the identifier of the MCP server behind the gateway.");

    /// <summary>The key that the result audiences follow from.</summary>
    internal static string KeyOfAudience(ServerTopology server) => RuleContext.KeyOf(server, server.Outbound switch
    {
        { ResultAudiences: not null } => "Outbound:ResultAudiences",
        { Audience: not null, Mode: OutboundMode.Exchange } => "Outbound:Audience",
        { Resource: not null } => "Outbound:Resource",
        _ => "Destinations",
    });
}
