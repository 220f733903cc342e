using System.Collections.Immutable;
using Gateway.Configuration;
using Gateway.Configuration.Options;
using Gateway.Generations;
using TokenExchange.Outbound.Local;

namespace Gateway.Commands.Proving;

/// <summary>
/// What must not be: a token that two servers accept, a hop token that two MCP servers accept, one that comes back in, two
/// people who are one to an MCP server, and a comparison that was turned off. Each with two tokens that show it.
/// </summary>
internal static class Confusions
{
    private static readonly StringComparer Alike = StringComparer.OrdinalIgnoreCase;

    public static ImmutableArray<Failure> Of(GatewayOptions options, ImmutableArray<ServerTopology> servers, ImmutableArray<Way> ways)
    {
        var failures = ImmutableArray.CreateBuilder<Failure>();
        for (var i = 0; i < servers.Length; i++)
        {
            for (var j = 0; j < i; j++)
            {
                Add(Inbound(servers[j], servers[i], ways));
                Add(Outbound(servers[j], servers[i], ways));
            }
        }

        foreach (var server in servers)
        {
            Add(Boomerang(server, ways));
            failures.AddRange(Any(server));
        }

        Add(Subjects(options, servers));
        return failures.ToImmutable();

        void Add(Failure? failure)
        {
            if (failure is not null)
            {
                failures.Add(failure);
            }
        }
    }

    /// <summary>One token that opens both servers.</summary>
    private static Failure? Inbound(ServerTopology one, ServerTopology other, ImmutableArray<Way> ways)
    {
        foreach (var first in ways.Where(way => way.Server == one.Id))
        {
            foreach (var second in ways.Where(way => way.Server == other.Id && way.Issuer == first.Issuer))
            {
                var same = Alike.Equals(first.Audience, second.Audience);
                var both = Takes(first, second.Audience) && Takes(second, first.Audience);
                if ((same || both) && HaveClientInCommon(first, second))
                {
                    ImmutableArray<string> audiences = same ? [first.Audience] : [first.Audience, second.Audience];
                    return new("inbound", [one.Id, other.Id], "One token opens both servers: whoever gets it at one can use it at the other. Give each an audience that the other does not take, and leave MultipleAudiences at 'refuse'.",
                        [new(one.Id, first.Issuer, "alice", audiences, "accepted"), new(other.Id, first.Issuer, "alice", audiences, "accepted")]);
                }
            }
        }

        return null;
    }

    private static bool Takes(Way way, string audience) => way.Beside is not { } beside || beside.Contains(audience, StringComparer.Ordinal);

    private static bool HaveClientInCommon(Way first, Way second) =>
        first.Clients is not { } clients || second.Clients is not { } others || clients.Intersect(others, StringComparer.Ordinal).Any();

    /// <summary>A hop token that the other MCP server would take for its own.</summary>
    private static Failure? Outbound(ServerTopology one, ServerTopology other, ImmutableArray<Way> ways)
    {
        if (one.Destinations.Select(CanonicalUri.Of).ToHashSet(StringComparer.Ordinal).SetEquals(other.Destinations.Select(CanonicalUri.Of)))
        {
            return null;
        }

        foreach (var first in ways.Where(way => way.Server == one.Id && way.OutboundIssuer is not null))
        {
            foreach (var second in ways.Where(way => way.Server == other.Id && way.OutboundIssuer == first.OutboundIssuer && !(way.Mode == OutboundMode.SameToken && first.Mode == OutboundMode.SameToken)))
            {
                if (first.OutboundAudiences.Intersect(second.OutboundAudiences, Alike).FirstOrDefault() is { } shared)
                {
                    return new("outbound", [one.Id, other.Id], "What one MCP server gets, the other accepts: each could use the callers of the other. Give each a Resource or Audience of its own.",
                        [Example(first, $"becomes iss={first.OutboundIssuer} aud={shared}"), Example(second, $"becomes iss={second.OutboundIssuer} aud={shared}")]);
                }
            }
        }

        return null;
    }

    /// <summary>A hop token that the gateway would accept from a client.</summary>
    private static Failure? Boomerang(ServerTopology server, ImmutableArray<Way> ways)
    {
        foreach (var way in ways.Where(way => way.Server == server.Id && way.OutboundIssuer is not null && way.Mode != OutboundMode.SameToken))
        {
            if (ways.FirstOrDefault(other => other.Issuer == way.OutboundIssuer && way.OutboundAudiences.Contains(other.Audience, Alike)) is { } back)
            {
                return new("boomerang", [way.Server, back.Server], "What the MCP server gets opens this gateway again. Write the MCP server's own identifier as Resource or Audience.",
                    [Example(way, $"becomes iss={way.OutboundIssuer} aud={back.Audience}"), new(back.Server, way.OutboundIssuer!, "alice", [back.Audience], "accepted")]);
            }
        }

        return null;
    }

    /// <summary>Two people of two issuers with one subject at one MCP server.</summary>
    private static Failure? Subjects(GatewayOptions options, ImmutableArray<ServerTopology> servers)
    {
        var local = servers.Where(server => server.Outbound.Mode == OutboundMode.Local)
            .SelectMany(server => server.InboundServers.Where(options.AuthorizationServers.ContainsKey)
                .Select(name => (Server: server, Issuer: options.AuthorizationServers[name].Issuer ?? "", Qualified: server.Outbound.Subject == LocalSubject.IssuerQualified)))
            .ToArray();
        foreach (var plain in local.Where(way => !way.Qualified))
        {
            foreach (var other in local.Where(way => way.Issuer != plain.Issuer && way.Server.ResultAudiences.Intersect(plain.Server.ResultAudiences, Alike).Any()))
            {
                var subject = other.Qualified ? QualifiedSubject.Of(other.Issuer, "alice") : "alice";
                return new("subject", [.. new[] { other.Server.Id, plain.Server.Id }.Distinct()], "Two people of two issuers are one subject to the MCP server. Write Subject 'issuer-qualified' at every server that leads there.",
                    [new(other.Server.Id, other.Issuer, "alice", [other.Server.Resource], $"becomes sub={subject}"), new(plain.Server.Id, plain.Issuer, subject, [plain.Server.Resource], $"becomes sub={subject}")]);
            }
        }

        return null;
    }

    /// <summary>A comparison of what came in and what goes out that somebody turned off.</summary>
    private static IEnumerable<Failure> Any(ServerTopology server)
    {
        if (server.Outbound is { Mode: OutboundMode.Exchange, AuthorizationDetails: AuthorityChange.Any })
        {
            yield return new("any", [server.Id], "Outbound:AuthorizationDetails is 'any': a result may be good for other things than the inbound token. Write 'keep'.", []);
        }

        if (server.Outbound is { Mode: OutboundMode.Exchange, ActorChain: AuthorityChange.Any })
        {
            yield return new("any", [server.Id], "Outbound:ActorChain is 'any': a result may have lost who acted before. Write 'keep'.", []);
        }
    }

    private static ExampleToken Example(Way way, string outcome) => new(way.Server, way.Issuer, "alice", [way.Audience], outcome);
}
