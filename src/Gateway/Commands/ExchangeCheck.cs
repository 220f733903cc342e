using System.Globalization;
using System.Text.Json;
using Gateway.Configuration.Options;
using Gateway.Exchange;
using Gateway.Generations;
using TokenExchange.Inbound;
using TokenExchange.Outbound;
using TokenExchange.Outbound.Exchange;

namespace Gateway.Commands;

/// <summary>One real exchange at a server: what was asked for beside what came back, of a result that was dropped too. The token is not printed.</summary>
internal sealed class ExchangeCheck(McpServer server, Unserved gateway, DoctorReport report)
{
    private readonly OutboundOptions outbound = gateway.Options.Servers[server.Id].Outbound!;

    /// <summary>Who calls the destinations; null where no request would get there, which is reported.</summary>
    public async Task<DoctorCaller?> RunAsync(ValidatedToken subject, string presented, CancellationToken cancellation)
    {
        if (server.Source is not CredentialSource.Token source)
        {
            return new DoctorCaller(server, subject, null);
        }

        // All scopes that cross; where each operation has its own, a narrower one is asked for beside it.
        var scopes = server.Operations.Scopes.Outbound(server.Operations.Scopes.Effective(subject.Scopes));
        var first = DoctorMessage.FirstAt(server);
        var request = source.RequestFor(subject, scopes, first.Operation, first.Verb.Method, first.Body);
        return await ShownAsync(source, request, presented, cancellation) is { } token ? new DoctorCaller(server, subject, (request, token)) : null;
    }

    private async Task<OutboundToken?> ShownAsync(CredentialSource.Token source, TokenExchangeRequest request, string presented, CancellationToken cancellation)
    {
        if (source.Kind == TokenSourceKind.Exchange)
        {
            var client = SourceBuilder.Client(outbound, gateway.Options, gateway.Generation.AuthorizationServers, TimeProvider.System);
            var seen = await client.InspectAsync(request, cancellation);
            return seen.Result is ExchangeResult.Issued { Token: var token } ? Compared(request, token, $"at most {Seconds(source.Target.MaxLifetime)} s") : Failed(request, seen, presented);
        }

        switch (await source.Exchanger.ExchangeAsync(request, cancellation))
        {
            case ExchangeResult.Issued { Token: var token }:
                return source.Renewable ? Compared(request, token, $"Lifetime {Seconds(outbound.Lifetime ?? OutboundOptions.UsualLifetime)} s") : token;
            case var result when source.Renewable:
                report.Fail($"{server.Id} exchange", result is ExchangeResult.Refused refused ? refused.Diagnostic ?? refused.Error.ToString() : "no answer", DoctorHints.For(result, "local"));
                return null;
            default:
                return null;
        }
    }

    private OutboundToken Compared(TokenExchangeRequest request, OutboundToken token, string most)
    {
        var (subject, target, scopes) = request;
        var (before, after) = (Authority.Of(subject), Authority.Of(token));
        report.Pass($"{server.Id} exchange aud", $"requested {string.Join(" ", target.ResultAudiences)}, returned {AuthorityText.Of(after, AuthorityPart.Audience)}");
        report.Pass($"{server.Id} exchange scope", $"requested {Shown.Scopes(scopes)}, returned {AuthorityText.Of(after, AuthorityPart.Scope)}");
        foreach (var (name, part) in new[] { ("sub", AuthorityPart.Subject), ("act", AuthorityPart.Actors), ("authorization_details", AuthorityPart.Details) })
        {
            report.Pass($"{server.Id} exchange {name}", $"inbound {AuthorityText.Of(before, part)}, returned {AuthorityText.Of(after, part)}");
        }

        if (token.BoundTo is { } key)
        {
            report.Pass($"{server.Id} exchange cnf", $"bound to the gateway's key, {key}");
        }

        var now = TimeProvider.System.GetUtcNow();
        report.Pass($"{server.Id} exchange lifetime", $"{Seconds(token.ExpiresAt - now)} s, {most}; inbound {Seconds(subject.ExpiresAt - now)} s");
        report.Pass($"{server.Id} exchange authority", $"shrank: {AuthorityText.Of(after.ShortOf(before))}");
        return token;
    }

    private OutboundToken? Failed(TokenExchangeRequest request, InspectedExchange seen, string presented)
    {
        var asked = gateway.Options.AuthorizationServers[outbound.AuthorizationServer!];
        var (problem, hint) = ExchangeFault.Of(seen, asked.Profile, presented);
        report.Fail($"{server.Id} exchange", problem, hint);
        if (seen is not { HoldsToken: true, Result: ExchangeResult.Rejected { Detail: var detail } })
        {
            return null;
        }

        var isGrant = asked.Profile == "id-jag" && seen.Asked == gateway.Generation.AuthorizationServers[outbound.AuthorizationServer!];
        if (seen.Claims.ValueKind == JsonValueKind.Object)
        {
            report.Note($"{server.Id} exchange", seen.IsVerified
                ? "the returned token says, its signature verified, and it was not sent:"
                : $"the returned {(isGrant ? "grant" : "token")} says, unverified (nobody vouches for a word of it), and it was not sent:");
        }

        var lines = new RejectedExchange(server.Id, seen, detail, presented, report);
        if (isGrant)
        {
            lines.Grant(request.Target, seen.Asked.Settings.Issuer, ResultIssuer);
        }
        else
        {
            lines.Result(request, ResultIssuer);
        }

        return null;
    }

    private string ResultIssuer => gateway.Generation.AuthorizationServers[outbound.ResultIssuer ?? outbound.AuthorizationServer!].Settings.Issuer;

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0", CultureInfo.InvariantCulture);
}
