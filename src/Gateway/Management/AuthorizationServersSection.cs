using Gateway.Pages;
using TokenExchange.Issuers;

namespace Gateway.Management;

/// <summary>The authorization servers: keys, exchanges, and of what does not work the cause and the next try.</summary>
internal static class AuthorizationServersSection
{
    public static Html Of(PageSnapshot now) => Html.Of($"""
        <section id="authorization-servers" aria-labelledby="authorization-servers-title"><h2 id="authorization-servers-title">Authorization servers</h2>
        {PageTable.Of(
            "Authorization servers: keys and exchanges",
            ["Name", "Keys", "Fetched", "Changed", "Next fetch", "Exchanges since the start", "Last token issued"],
            now.Readiness.AuthorizationServers.Select(server => Row(now, server)),
            "None.")}
        </section>
        """);

    private static Html[] Row(PageSnapshot now, AuthorizationServerHealth server)
    {
        var exchanges = now.Exchanges(server.Name);
        return
        [
            Html.Of($"""{server.Name} <small>{Html.Name(server.Issuer)}</small>"""),
            Html.Of($"""{PageText.Mark(server.KeysAvailable ? server.FailingSince is null ? "good" : "warn" : "bad", server.KeysAvailable ? "at hand" : "missing")}{Problem(server.Problem)}"""),
            server.KeysFetched is { } fetched ? PageText.When(now.Time, fetched) : Html.Of($"""<span class="none">never</span>"""),
            PageText.When(now.Time, server.KeysChanged),
            PageText.Due(now.Time, server.NextFetch),
            Html.Of($"""<span class="number">{PageText.Number(exchanges.Issued)}</span> issued, {PageText.Number(exchanges.Refused)} refused, {PageText.Number(exchanges.Rejected)} rejected, {PageText.Number(exchanges.Unavailable)} unavailable{Outage(now, "token endpoint", server.TokenOutage)}{Outage(now, "introspection", server.IntrospectionOutage)}"""),
            PageText.When(now.Time, exchanges.LastIssued),
        ];
    }

    private static Html Problem(IssuerProblem? problem) => problem is null ? Html.Empty : Html.Of($"""
         <span class="detail"><code>{Html.Name(problem.Cause)}</code>{(problem.Address is { } address ? Html.Of($""" <small>{Html.Name(address.GetLeftPart(UriPartial.Path))}</small>""") : Html.Empty)}</span>
        """);

    private static Html Outage(PageSnapshot now, string what, EndpointOutage? outage) => outage is null ? Html.Empty : Html.Of($"""
         <span class="detail">{PageText.Mark("bad", what)} <code>{Html.Name(outage.Cause)}</code> since {PageText.When(now.Time, outage.Since)}; next try {(outage.NextTry is { } next && next > now.Time ? PageText.When(now.Time, next) : Html.Of($"with the next request"))}</span>
        """);
}
