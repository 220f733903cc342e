using System.Globalization;
using Gateway.Authenticate;
using Gateway.Configuration.Options;
using Gateway.Exchange;
using Gateway.Generations;
using Gateway.Management;
using Gateway.Observe;
using TokenExchange.Inbound;
using TokenExchange.Issuers;
using TokenExchange.Outbound;
using TokenExchange.Outbound.Profiles;

namespace Gateway.Commands;

/// <summary>The live checks of <c>doctor</c>, in the order in which one depends on the other.</summary>
internal sealed class DoctorChecks(Unserved gateway, DoctorReport report)
{
    private readonly GatewayOptions options = gateway.Options;
    private readonly HashSet<string> exchanged = [];
    private readonly Dictionary<string, OutboundToken> issued = [];

    /// <summary>The authorization servers that the chosen servers trust or ask.</summary>
    public static IEnumerable<string> AuthorizationServersOf(GatewayOptions options, IReadOnlyCollection<McpServer> servers) => ServerTopology.Of(options)
        .Where(topology => servers.Any(server => server.Id == topology.Id))
        .SelectMany(topology => topology.InboundServers.Append(topology.Outbound.AuthorizationServer).Append(topology.Outbound.ResultIssuer))
        .OfType<string>()
        .Distinct(StringComparer.Ordinal);

    public async Task AuthorizationServerAsync(string name, CancellationToken cancellation)
    {
        var server = gateway.Generation.AuthorizationServers[name];
        var written = options.AuthorizationServers[name];
        if (written.JwksUrl is null || written.Registration is not null || (written.TokenEndpoint is null && written.Client is not null))
        {
            if (await server.DiscoverAsync(cancellation) is { } metadata)
            {
                report.Pass($"{name} metadata", $"issuer {metadata.Issuer}");
            }
            else
            {
                var problem = server.MetadataProblem ?? new IssuerProblem(null, "unknown");
                report.Fail($"{name} metadata", Told(problem, written.MetadataUrl ?? written.Issuer!), Remedies.For(problem, written.Issuer));
            }
        }

        await server.StartAsync(cancellation);
        // What only signs results is held to no list of algorithms.
        if (written.Inbound ? server.Keys.CanVerify([.. written.Algorithms]) : server.Keys.Available)
        {
            report.Pass($"{name} keys");
        }
        else if (server.Keys.Fetched)
        {
            report.Fail($"{name} keys", "the key set was fetched, and no key in it can verify a token", $"each key needs a kid, and members for one of Algorithms ({string.Join(", ", written.Algorithms)}); keys given as x5c alone are not read");
        }
        else
        {
            var problem = server.Keys.Problem ?? new IssuerProblem(null, "unknown");
            report.Fail($"{name} keys", "no key set could be fetched: " + Told(problem, written.JwksUrl ?? written.Issuer!), Remedies.For(problem, written.Issuer));
        }
    }

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

    private static string Told(IssuerProblem problem, string address) =>
        $"{problem.Cause} at {problem.Address?.GetLeftPart(UriPartial.Path) ?? address}{(problem.Detail is null ? "" : $" ({problem.Detail.TrimEnd('.')})")}";

    /// <summary>Whether the gateway's client is accepted: as a real exchange has shown, or else asked with a subject token that nobody can accept.</summary>
    public async Task ClientAsync(McpServer server, CancellationToken cancellation)
    {
        if (server.Source is not CredentialSource.Token { Kind: TokenSourceKind.Exchange } source)
        {
            return;
        }

        var (outbound, profile) = OutboundOf(server);
        var check = $"{server.Id} client at {outbound.AuthorizationServer}";
        if (exchanged.Contains(server.Id))
        {
            report.Pass(check, "accepted in the exchange");
            return;
        }

        var client = GenerationBuilder.Client(outbound, options, gateway.Generation.AuthorizationServers, TimeProvider.System);
        var result = await client.ProbeAsync(source.Target, cancellation);
        switch (result)
        {
            case ExchangeResult.Refused { Error: ExchangeError.SubjectRefused or ExchangeError.InteractionRequired } or ExchangeResult.Refused { Error: ExchangeError.TargetRefused, Diagnostic: "access_denied" }:
                var refusedSubject = (ExchangeResult.Refused)result;
                if (ExchangeProfile.Find(profile)?.ChecksSubjectFirst == true)
                {
                    // Refused before anybody asked what the client may do.
                    report.Note(check, $"its credentials are accepted; whether it may exchange is not known: this product looks at the subject token first, so give one with --subject-token-file");
                    break;
                }

                report.Pass(check, $"accepted; an invalid subject is refused ({refusedSubject.Diagnostic})");
                break;
            case ExchangeResult.Refused refused:
                report.Fail(check, refused.Diagnostic ?? "refused", DoctorHints.For(result, profile));
                break;
            case ExchangeResult.Rejected:
                report.Fail(check, "the authorization server answered an invalid subject token with success", "its token endpoint does not check subject tokens; do not use it");
                break;
            default:
                report.Fail(check, $"the token endpoint gave no answer worth trusting: none in time, a 5xx or a 429 ({(result as ExchangeResult.Unavailable)?.Cause ?? "unknown"})", $"{Remedies.For((result as ExchangeResult.Unavailable)?.Cause)}; check its address, network and certificate, and its log; where it fails over the invalid subject token of this check alone, give a real one with --subject-token-file");
                break;
        }
    }

    /// <summary>Whether each destination is there and answers where MCP is spoken: without a credential, or with the hop token of a real exchange.</summary>
    public async Task DestinationsAsync(McpServer server, CancellationToken cancellation)
    {
        using var check = new DestinationCheck(server, options.Servers[server.Id], report);
        foreach (var destination in server.Sessions.Destinations.Values)
        {
            await check.RunAsync(destination, issued.GetValueOrDefault(server.Id), cancellation);
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
            if (validation.Token is { } subject && Admitted.CheckAdmission(subject, server) is null && (await Explaining.ExplainAsync(server, token, cancellation)).Passes)
            {
                accepted++;
                report.Pass($"{server.Id} subject token", "passes every check");
                await ExchangeAsync(server, subject, cancellation);
            }
            else if (servers.Count == 1)
            {
                var explanation = await Explaining.ExplainAsync(server, token, cancellation);
                report.Fail($"{server.Id} subject token", explanation.Reason ?? "refused", explanation.Text);
                return;
            }
        }

        if (accepted == 0)
        {
            report.Fail("subject token", "no server accepts it", "name one with --server to see why");
        }
    }

    private async Task ExchangeAsync(McpServer server, ValidatedToken subject, CancellationToken cancellation)
    {
        if (server.Source is not CredentialSource.Token source)
        {
            return;
        }

        var scopes = server.Operations.Scopes.Outbound(server.Operations.Scopes.Effective(subject.Scopes));
        var result = await source.Exchanger.ExchangeAsync(new TokenExchangeRequest(subject, source.Target, scopes), cancellation);
        if (result is ExchangeResult.Issued { Token: var sent })
        {
            issued[server.Id] = sent;
        }

        if (!source.Renewable)
        {
            return;
        }

        if (result is not ExchangeResult.Issued { Token: var issuedToken })
        {
            var problem = result switch
            {
                ExchangeResult.Refused refused => refused.Diagnostic ?? refused.Error.ToString(),
                ExchangeResult.Rejected rejected => $"the result was rejected ({rejected.Detail.ToReason()})",
                ExchangeResult.Unavailable unavailable => $"no answer worth trusting ({unavailable.Cause ?? "unknown"})",
                _ => "no answer",
            };
            report.Fail($"{server.Id} exchange", problem, DoctorHints.For(result, source.Kind == TokenSourceKind.Exchange ? OutboundOf(server).Profile : "local"));
            return;
        }

        exchanged.Add(server.Id);
        var (before, after) = (Authority.Of(subject), Authority.Of(issuedToken));
        report.Pass($"{server.Id} exchange aud", $"requested {string.Join(" ", source.Target.ResultAudiences)}, returned {string.Join(" ", issuedToken.Audiences)}");
        report.Pass($"{server.Id} exchange scope", $"requested {Text(scopes)}, returned {Text(issuedToken.Scopes)}");
        report.Pass($"{server.Id} exchange sub", $"inbound {AuthorityText.Of(before, AuthorityPart.Subject)}, returned {AuthorityText.Of(after, AuthorityPart.Subject)}");
        report.Pass($"{server.Id} exchange act", $"inbound {AuthorityText.Of(before, AuthorityPart.Actors)}, returned {AuthorityText.Of(after, AuthorityPart.Actors)}");
        report.Pass($"{server.Id} exchange authorization_details", $"inbound {AuthorityText.Of(before, AuthorityPart.Details)}, returned {AuthorityText.Of(after, AuthorityPart.Details)}");
        if (issuedToken.BoundTo is { } key)
        {
            report.Pass($"{server.Id} exchange cnf", $"bound to the gateway's key, {key}");
        }

        var lifetime = issuedToken.ExpiresAt - TimeProvider.System.GetUtcNow();
        report.Pass($"{server.Id} exchange lifetime", string.Create(CultureInfo.InvariantCulture, $"{lifetime.TotalSeconds:0} s, at most {source.Target.MaxLifetime.TotalSeconds:0} s; inbound {(subject.ExpiresAt - TimeProvider.System.GetUtcNow()).TotalSeconds:0} s"));
        report.Pass($"{server.Id} exchange authority", $"shrank: {AuthorityText.Of(after.ShortOf(before))}");
    }

    private (OutboundOptions Outbound, string Profile) OutboundOf(McpServer server)
    {
        var outbound = options.Servers[server.Id].Outbound!;
        return (outbound, options.AuthorizationServers[outbound.AuthorizationServer!].Profile);
    }

    private static string Text(ScopeSet scopes) => scopes.ToString() is { Length: > 0 } text ? text : "(none)";
}
