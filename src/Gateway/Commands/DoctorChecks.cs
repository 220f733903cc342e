using Gateway.Advertise;
using Gateway.Authenticate;
using Gateway.Configuration.Options;
using Gateway.Exchange;
using Gateway.Forward;
using Gateway.Generations;
using Gateway.Management;
using Gateway.Observe;
using TokenExchange.Inbound;
using TokenExchange.Jose;
using TokenExchange.Issuers;
using TokenExchange.Outbound;
using TokenExchange.Outbound.Exchange;
using TokenExchange.Outbound.Profiles;

namespace Gateway.Commands;

/// <summary>The live checks of <c>doctor</c>, in the order in which one depends on the other.</summary>
internal sealed class DoctorChecks(Unserved gateway, DoctorReport report)
{
    private readonly GatewayOptions options = gateway.Options;
    private readonly Dictionary<string, DoctorCaller> callers = [];

    /// <summary>The authorization servers that the chosen servers trust or ask.</summary>
    public static IEnumerable<string> AuthorizationServersOf(GatewayOptions options, IReadOnlyCollection<McpServer> servers) => ServerTopology.Of(options)
        .Where(topology => servers.Any(server => server.Id == topology.Id))
        .SelectMany(topology => topology.InboundServers.Append(topology.Outbound.AuthorizationServer).Append(topology.Outbound.ResultIssuer))
        .OfType<string>()
        .Distinct(StringComparer.Ordinal);

    /// <summary>Whether the front of an authorization server can send users on to it.</summary>
    public async Task FrontAsync(string name, CancellationToken cancellation)
    {
        if (gateway.Generation.Fronts?.GetValueOrDefault(name) is not { } front)
        {
            return;
        }

        var (signIn, refusal) = await front.SignInAsync(cancellation);
        if (signIn is not null)
        {
            report.Pass($"{name} front", $"{front.Issuer} sends users on to {signIn.GetLeftPart(UriPartial.Path)}");
        }
        else
        {
            report.Fail($"{name} front", refusal!.Text.TrimEnd('.'), "the metadata must name an authorization_endpoint and must not say authorization_response_iss_parameter_supported; without that, remove Registration and register clients there");
        }
    }

    /// <summary>Whether the gateway's client is accepted: as a real exchange has shown, or else asked with a subject token that nobody can accept.</summary>
    public async Task ClientAsync(McpServer server, CancellationToken cancellation)
    {
        if (server.Source is not CredentialSource.Token { Kind: TokenSourceKind.Exchange } source)
        {
            return;
        }

        var (outbound, profile) = OutboundOf(server);
        var check = $"{server.Id} client at {outbound.AuthorizationServer}";
        if (callers.ContainsKey(server.Id))
        {
            report.Pass(check, "accepted in the exchange");
            return;
        }

        var client = SourceBuilder.Client(outbound, options, gateway.Generation.AuthorizationServers, TimeProvider.System);
        var seen = await client.ProbeAsync(source.Target, cancellation);
        await CertificateEndpointAsync(server, seen, cancellation);
        switch (seen.Result)
        {
            case ExchangeResult.Refused { Error: ExchangeError.TargetRefused, Diagnostic: "access_denied" } denied:
                // For whom, the code does not say.
                report.Note(check, $"its credentials are accepted; whether it may exchange is not known: access_denied is said of a subject token as well as of a client that may not ({DoctorHints.For(denied, profile)}), so give one with --subject-token-file");
                break;
            case ExchangeResult.Refused { Error: ExchangeError.SubjectRefused or ExchangeError.InteractionRequired } refusedSubject:
                if (ExchangeProfile.Find(profile)?.ChecksSubjectFirst == true)
                {
                    // Refused before anybody asked what the client may do.
                    report.Note(check, $"its credentials are accepted; whether it may exchange is not known: this product looks at the subject token first, so give one with --subject-token-file");
                    break;
                }

                report.Pass(check, $"accepted; an invalid subject is refused ({refusedSubject.Diagnostic})");
                break;
            case ExchangeResult.Rejected when seen.HoldsToken:
                report.Fail(check, "the authorization server answered an invalid subject token with success", "its token endpoint does not check subject tokens; do not use it");
                break;
            default:
                var (problem, hint) = ExchangeFault.Of(seen, profile);
                report.Fail(check, problem, seen.Result is ExchangeResult.Unavailable ? $"{hint}; where it fails over the invalid subject token of this check alone, give a real one with --subject-token-file" : hint);
                break;
        }
    }

    /// <summary>Where a client whose certificate is its credential asks, and who says so: another address than everybody's is easily overlooked.</summary>
    private async Task CertificateEndpointAsync(McpServer server, InspectedExchange seen, CancellationToken cancellation)
    {
        var (outbound, name) = (options.Servers[server.Id].Outbound!, options.Servers[server.Id].Outbound!.AuthorizationServer!);
        if (seen.Endpoint is { } asked && (outbound.Client ?? options.AuthorizationServers[name].Client)?.Authentication == ClientAuthenticationMethod.TlsClientAuth)
        {
            var named = options.AuthorizationServers[name].TokenEndpoint is not null ? "TokenEndpoint of the configuration"
                : (await gateway.Generation.AuthorizationServers[name].DiscoverAsync(cancellation))?.MtlsTokenEndpoint is not null ? "mtls_endpoint_aliases of the metadata"
                : "token_endpoint of the metadata, which has no mtls_endpoint_aliases for it";
            report.Note($"{server.Id} token endpoint", $"{asked.GetLeftPart(UriPartial.Path)}, by {named}");
        }
    }

    /// <summary>Whether each destination is there and answers where MCP is spoken: without a credential, or with the hop token of a real caller.</summary>
    public async Task DestinationsAsync(McpServer server, CancellationToken cancellation)
    {
        var cluster = gateway.Generation.Clusters.Single(cluster => cluster.ClusterId == YarpRecords.IdOf(server));
        var profile = options.Servers[server.Id].Outbound!.AuthorizationServer is { } asked ? options.AuthorizationServers[asked].Profile : "local";
        using var check = new DestinationCheck(server, cluster, profile, report, callers.GetValueOrDefault(server.Id));
        foreach (var destination in server.Sessions.Destinations.Values)
        {
            await check.RunAsync(destination, cancellation);
        }
    }

    /// <summary>Asks the server's decision point one harmless question: whether somebody whom nobody knows may list the tools.</summary>
    public async Task PolicyAsync(McpServer server, CancellationToken cancellation)
    {
        if (server.Operations.Policy is not { } policy)
        {
            return;
        }

        var check = $"{server.Id} policy {policy.Point.Settings.Url}";
        var decision = await policy.ProbeAsync(cancellation);
        if (decision.Outcome == PolicyOutcome.Unavailable)
        {
            report.Fail(check, decision.Why ?? "unavailable", decision.Why is "no_decision" or "malformed"
                ? "what answers there is no AuthZEN decision point: it must answer 200, application/json and a decision that is true or false; check Url, which ends in /access/v1/evaluation for most"
                : Remedies.For(decision.Why));
            return;
        }

        report.Pass(check, $"answers: an unknown subject {(decision.Outcome == PolicyOutcome.Allowed ? "may" : "may not")} list the tools");
    }

    /// <summary>One real exchange at the server, or at each that the token was minted for.</summary>
    public async Task ExchangeAsync(IReadOnlyCollection<McpServer> servers, string token, CancellationToken cancellation)
    {
        var accepted = 0;
        foreach (var server in servers)
        {
            var validation = await server.Admission.Validator.ValidateAsync(token.AsMemory(), cancellation);
            var explanation = await Explaining.ExplainAsync(server, token, TimeProvider.System, cancellation);
            if (validation.Token is { } subject && Admitted.CheckAdmission(subject, server) is null && explanation.Passes)
            {
                accepted++;
                report.Pass($"{server.Id} subject token", "passes every check");
                Compare(server, token, explanation);
                if (await new ExchangeCheck(server, gateway, report).RunAsync(subject, token, cancellation) is { } caller)
                {
                    callers[server.Id] = caller;
                }
            }
            else if (servers.Count == 1)
            {
                if (validation is { Token: null, Refusal: TokenRefusal.IntrospectionUnavailable })
                {
                    await IntrospectionAsync(server, validation, cancellation);
                }
                else
                {
                    report.Fail($"{server.Id} subject token", explanation.Reason ?? (validation.Token is null ? Refusal.Of(validation.Refusal).Reason : "refused"), explanation.Text);
                }

                Compare(server, token, explanation);
                return;
            }
        }

        if (accepted == 0)
        {
            report.Fail("subject token", "no server accepts it", "name one with --server to see why");
        }
    }

    private void Compare(McpServer server, string token, Explanation explanation) => report.Below(output =>
    {
        ComparedValues.PrintAudiences(explanation, output);
        ComparedValues.Print(token, server, options, explanation.PresentedAudiences is not null, output);
    });

    /// <summary>Whose word on the token could not be had, where it was asked for, and what to do about it.</summary>
    private async Task IntrospectionAsync(McpServer server, TokenValidation validation, CancellationToken cancellation)
    {
        // The issuer of a token that could be looked into; an opaque one is shown to one issuer alone.
        var name = ServerTopology.Of(options).First(topology => topology.Id == server.Id).InboundServers
            .First(name => options.AuthorizationServers[name] is { Introspection: not null, Issuer: var issuer } && (validation.Presented is null || validation.Presented.Issuer == issuer));
        var asked = gateway.Generation.AuthorizationServers[name];
        var endpoint = options.AuthorizationServers[name].Introspection!.Endpoint is { } written ? new Uri(written) : await asked.DiscoverAsync(cancellation) is { } metadata ? IssuerCheck.IntrospectionEndpoint(options.AuthorizationServers[name], metadata) : null;
        report.Fail(
            $"{server.Id} subject token",
            $"{Refusal.IntrospectionUnavailable.Reason}: {validation.Outage ?? "unknown"} at {endpoint?.GetLeftPart(UriPartial.Path) ?? $"the introspection endpoint that the metadata of {asked.Settings.Issuer} should name"}",
            asked.IntrospectionOutage is null
                ? "the endpoint answered, and gave no word on the token; compare the gateway's client and its right to introspect with what is registered, and Introspection:Endpoint with the product's page (docs/authorization-servers)"
                : Remedies.ForEndpoint(validation.Outage, "Introspection:Endpoint"));
    }

    private (OutboundOptions Outbound, string Profile) OutboundOf(McpServer server)
    {
        var outbound = options.Servers[server.Id].Outbound!;
        return (outbound, options.AuthorizationServers[outbound.AuthorizationServer!].Profile);
    }
}
