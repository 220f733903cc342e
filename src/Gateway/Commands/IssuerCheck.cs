using Gateway.Configuration.Options;
using Gateway.Observe;
using TokenExchange.Issuers;

namespace Gateway.Commands;

/// <summary>The documents of one authorization server: its metadata where anything has to be read there, its keys, and those of whoever signs security events in its place.</summary>
internal sealed class IssuerCheck(Unserved gateway, DoctorReport report)
{
    /// <param name="name">The authorization server.</param>
    /// <param name="servers">The servers that are looked at, for whose sake metadata may be needed.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task RunAsync(string name, IReadOnlyCollection<McpServer> servers, CancellationToken cancellation)
    {
        var server = gateway.Generation.AuthorizationServers[name];
        var written = gateway.Options.AuthorizationServers[name];
        var wantsIntrospection = written is { Inbound: true, Introspection: { Endpoint: null } };
        if ((written.JwksUrl is null || written.Registration is not null || wantsIntrospection || (written.TokenEndpoint is null && IsAsked(name, servers)))
            && await MetadataAsync(name, server, cancellation) is { } metadata && wantsIntrospection && IntrospectionEndpoint(written, metadata) is null)
        {
            report.Fail($"{name} introspection", $"no introspection_endpoint in the metadata of {server.Settings.Issuer}", "set Introspection:Endpoint, or have the authorization server name it in its metadata; until then each token that has to be asked about is refused with 503");
        }

        // What only signs results is held to no list of algorithms.
        await KeysAsync(name, server, written.Inbound ? written.Algorithms : null, cancellation);
        if (gateway.Generation.Events.GetValueOrDefault(name)?.Validator.Transmitter is { } transmitter && transmitter != server)
        {
            if (transmitter.Settings.JwksUrl is null)
            {
                await MetadataAsync(transmitter.Settings.Name, transmitter, cancellation);
            }

            await KeysAsync(transmitter.Settings.Name, transmitter, written.Algorithms, cancellation);
        }
    }

    /// <summary>Where the gateway asks about tokens, by the metadata.</summary>
    public static Uri? IntrospectionEndpoint(AuthorizationServerOptions written, IssuerMetadata metadata) =>
        metadata.IntrospectionEndpointFor(certificate: written.Client?.Authentication == ClientAuthenticationMethod.TlsClientAuth);

    /// <summary>Whether any of the servers has its tokens exchanged there; with id-jag, the issuer of the result exchanges the grant.</summary>
    private bool IsAsked(string name, IReadOnlyCollection<McpServer> servers) => servers.Any(server =>
        gateway.Options.Servers[server.Id].Outbound is { Mode: OutboundMode.Exchange, AuthorizationServer: { } asked } outbound
        && (asked == name || (outbound.ResultIssuer == name && gateway.Options.AuthorizationServers[asked].Profile == "id-jag")));

    private async Task<IssuerMetadata?> MetadataAsync(string name, AuthorizationServer server, CancellationToken cancellation)
    {
        var metadata = await server.DiscoverAsync(cancellation);
        if (metadata is not null)
        {
            report.Pass($"{name} metadata", $"issuer {metadata.Issuer}");
        }
        else
        {
            var problem = server.MetadataProblem ?? new IssuerProblem(null, "unknown");
            report.Fail($"{name} metadata", ExchangeFault.Told(problem, server.Settings.MetadataUrl?.ToString() ?? server.Settings.Issuer), Remedies.For(problem, server.Settings.Issuer));
        }

        return metadata;
    }

    /// <param name="name">Whose keys.</param>
    /// <param name="server">Where they are.</param>
    /// <param name="algorithms">Those that what is signed with them must have; null: any.</param>
    /// <param name="cancellation">Ends it.</param>
    private async Task KeysAsync(string name, AuthorizationServer server, IList<string>? algorithms, CancellationToken cancellation)
    {
        await server.StartAsync(cancellation);
        if (algorithms is null ? server.Keys.Available : server.Keys.CanVerify([.. algorithms]))
        {
            report.Pass($"{name} keys");
        }
        else if (server.Keys.Fetched)
        {
            report.Fail($"{name} keys", "the key set was fetched, and no key in it can verify a token", $"each key needs a kid, and members for one of Algorithms{(algorithms is null ? "" : $" ({string.Join(", ", algorithms)})")}; keys given as x5c alone are not read");
        }
        else
        {
            var problem = server.Keys.Problem ?? new IssuerProblem(null, "unknown");
            report.Fail($"{name} keys", "no key set could be fetched: " + ExchangeFault.Told(problem, server.Settings.JwksUrl?.ToString() ?? server.Settings.Issuer), Remedies.For(problem, server.Settings.Issuer));
        }
    }
}
