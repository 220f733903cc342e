using System.Collections.Immutable;
using Gateway.Configuration;
using Gateway.Configuration.Options;
using Gateway.Generations;

namespace Gateway.Commands.Proving;

/// <summary>What follows from a configuration: every way through it, what must not be, and what to know.</summary>
internal sealed record Proof(ImmutableArray<Way> Ways, ImmutableArray<Failure> Failures, ImmutableArray<Note> Notes)
{
    public static Proof Of(GatewayOptions options)
    {
        var servers = ServerTopology.Of(options);
        var ways = Proving.Ways.Of(options, servers);
        return new Proof(ways, Confusions.Of(options, servers, ways), [.. servers.SelectMany(server => NotesOf(options, server))]);
    }

    private static IEnumerable<Note> NotesOf(GatewayOptions options, ServerTopology server)
    {
        foreach (var alias in server.Options.AcceptedAudiences.Select(CanonicalUri.Of))
        {
            yield return new("alias", server.Id, $"Tokens for '{alias}' open it as well.");
        }

        foreach (var name in server.InboundServers.Where(options.AuthorizationServers.ContainsKey))
        {
            if (server.CompanionAudiences(options.AuthorizationServers[name]) is { IsEmpty: false } companions)
            {
                yield return new("companion", server.Id, $"In tokens of '{name}', {string.Join(", ", companions.Select(audience => $"'{audience}'"))} may stand beside its audience; whoever accepts tokens for that can use such a token here.");
            }
        }

        if (server.Options.MultipleAudiences == MultipleAudiences.Allow)
        {
            yield return new("multiple-audiences", server.Id, "Tokens that are good elsewhere too are accepted.");
        }

        var outbound = server.Outbound;
        if (outbound.ForeignSubjects)
        {
            yield return new("foreign-subjects", server.Id, "Subjects of other issuers are sent to the authorization server asked, which must know whose they are.");
        }

        if (outbound.Mode is OutboundMode.Credential or OutboundMode.None)
        {
            yield return new("unbounded", server.Id, outbound.Mode == OutboundMode.Credential
                ? "Everybody calls with one static credential: what it may do is the MCP server's to bound."
                : "No credential is sent: whoever reaches the MCP server is taken as it comes.");
        }

        if (outbound is { Mode: OutboundMode.SameToken, AllowRemote: true })
        {
            yield return new("unbounded", server.Id, "The client's own token leaves this machine.");
        }

        if (outbound is { Mode: OutboundMode.Exchange, ResultFormat: ResultFormat.Opaque })
        {
            yield return new("unbounded", server.Id, "Results are opaque: audience, subject and scope are what the authorization server says.");
        }
    }
}
