using Gateway.Configuration.Options;
using Gateway.Generations;
using TokenExchange.Issuers;

namespace Gateway.Configuration.Rules;

/// <summary>
/// <c>audience-shadowed</c>: that nothing which a token may carry beside or instead of a server's identifier can be taken
/// for another server's. Tokens are compared exactly, authorization servers and people are not so strict: what differs by a
/// slash, a case or a spelling, or lies below an identifier, will one day stand for it.
/// </summary>
internal static class ShadowRules
{
    public static void AudiencesAreNotShadowed(RuleContext context)
    {
        foreach (var server in context.Servers)
        {
            for (var i = 0; i < server.Options.AcceptedAudiences.Count; i++)
            {
                Check(context, server, RuleContext.KeyOf(server, $"AcceptedAudiences:{i}"), "audience", server.Options.AcceptedAudiences[i]);
            }

            foreach (var audience in server.ResultAudiences)
            {
                Check(context, server, AudienceRules.KeyOfAudience(server), "outbound audience", audience);
            }

            foreach (var name in server.InboundServers)
            {
                var companions = context.Options.AuthorizationServers.GetValueOrDefault(name)?.CompanionAudiences ?? [];
                for (var i = 0; i < companions.Count; i++)
                {
                    Check(context, server, RuleContext.KeyOf(name, $"CompanionAudiences:{i}"), $"companion audience at '{server.Id}'", companions[i]);
                }
            }
        }
    }

    /// <summary>A client's id stands beside the audiences of the servers that it works for, and in tokens about it.</summary>
    public static void ClientsAreNoServers(RuleContext context)
    {
        foreach (var (name, options) in context.Options.AuthorizationServers)
        {
            foreach (var server in context.Servers.Where(server => server.InboundServers.Contains(name) || Asks(server, name)))
            {
                var key = Asks(server, name) && server.Outbound.Client is not null ? RuleContext.KeyOf(server, "Outbound:Client:Id") : RuleContext.KeyOf(name, "Client:Id");
                if (server.ClientAt(options)?.Id is { } client)
                {
                    Check(context, server, key, $"client id at '{server.Id}'", client);
                }
            }
        }

        static bool Asks(ServerTopology server, string name) => server.Outbound.Mode == OutboundMode.Exchange && server.Outbound.AuthorizationServer == name;
    }

    /// <summary>Whether a reader could take <paramref name="value"/> for <paramref name="identifier"/>: as it stands, or as URL parsers write it.</summary>
    internal static bool Shadows(string value, string identifier) =>
        IsAtOrBelow(CanonicalUri.Of(value), identifier)
        || (Uri.TryCreate(value, UriKind.Absolute, out var url) && url.Host.Length > 0 && IsAtOrBelow(Parsed(url), identifier));

    /// <summary>Dot segments, escapes, and the other spellings of a host are gone here; the paths of servers have none.</summary>
    private static string Parsed(Uri url) =>
        $"{url.Scheme}://{(url.HostNameType == UriHostNameType.IPv6 ? url.Host : HostName.InAscii(url).TrimEnd('.'))}{(url.IsDefaultPort ? "" : $":{url.Port}")}{Uri.UnescapeDataString(url.AbsolutePath)}";

    private static bool IsAtOrBelow(string value, string identifier)
    {
        identifier = identifier.TrimEnd('/');
        return identifier.Length > 0 && value.StartsWith(identifier, StringComparison.OrdinalIgnoreCase)
            && (value.Length == identifier.Length || value[identifier.Length] is '/' or '?' or '#' or '\\' or ';');
    }

    private static void Check(RuleContext context, ServerTopology server, string key, string what, string value)
    {
        if (context.Servers.FirstOrDefault(other => other.Id != server.Id && Shadows(value, other.Resource)) is { } other)
        {
            context.Error("audience-shadowed", key, $"The {what} {ConfiguredUrl.Show(value)} is, or can be taken for, the identifier of '{other.Id}' ({other.Resource}), so that a token for one server could open the other; write one that is apart from it.");
        }
    }
}
