using Gateway.Pages;

namespace Gateway.Management;

/// <summary>What is wrong now, each with the way to what helps; it comes first on the page.</summary>
internal static class AttentionSection
{
    public static Html Of(PageSnapshot now)
    {
        var items = Items(now).ToList();
        return Html.Of($"""
            <section id="now" aria-labelledby="now-title" class="{(items.Count == 0 ? "calm" : "attention")}"><h2 id="now-title">Now</h2>
            {(items.Count == 0
                ? Html.Of($"<p>Nothing needs attention.</p>")
                : Html.Of($"<ul>{items.Select(item => Html.Of($"""<li class="{item.Kind}">{item.Text}</li>"""))}</ul>"))}
            {Problems(now.Readiness)}
            </section>
            """);
    }

    private static IEnumerable<(string Kind, Html Text)> Items(PageSnapshot now)
    {
        var readiness = now.Readiness;
        if (readiness.Draining)
        {
            yield return ("warn", Html.Of($"<strong>Draining.</strong> The process is about to end, and asks for no new requests."));
        }

        if (!readiness.ReloadProblems.IsDefaultOrEmpty)
        {
            yield return ("bad", Html.Of($"""<strong>The newest configuration was refused.</strong> Generation {readiness.Generation} goes on being served. <a href="{Guide.Path}#rules">Rules</a>"""));
        }

        foreach (var server in readiness.AuthorizationServers)
        {
            if (!server.KeysAvailable)
            {
                yield return ("bad", Html.Of($"""<strong>{server.Name}: no keys</strong>{Cause(server.Problem?.Cause)}{Since(now, server.FailingSince)}. Its tokens are refused. Next try {PageText.Due(now.Time, server.NextFetch)}. {PageText.Reason("keys_unavailable")}"""));
            }
            else if (server.FailingSince is { } failing)
            {
                yield return ("warn", Html.Of($"""<strong>{server.Name}: keys cannot be fetched</strong>{Cause(server.Problem?.Cause)}{Since(now, failing)}. The last good ones serve. {PageText.Reason("keys_unavailable")}"""));
            }

            if (server.TokenOutage is { } outage)
            {
                yield return ("bad", Html.Of($"""<strong>{server.Name}: no exchanges</strong>{Cause(outage.Cause)}{Since(now, outage.Since)}. Next try {(outage.NextTry is { } next && next > now.Time ? PageText.When(now.Time, next) : Html.Of($"with the next request"))}. {PageText.Reason("exchange_unavailable")}"""));
            }

            if (server.IntrospectionOutage is { } silent)
            {
                yield return ("bad", Html.Of($"""<strong>{server.Name}: no introspection</strong>{Cause(silent.Cause)}{Since(now, silent.Since)}. {PageText.Reason("introspection_unavailable")}"""));
            }
        }

        foreach (var item in StateItems(now))
        {
            yield return item;
        }

        foreach (var server in now.Servers)
        {
            if (ServerState.Of(server) is { Kind: "bad" or "warn" } state)
            {
                yield return (state.Kind, Html.Of($"""<strong>{server.Id}: {state.Text}.</strong> {state.Why} <a href="#refusals">Refusals</a>"""));
            }
        }
    }

    private static IEnumerable<(string Kind, Html Text)> StateItems(PageSnapshot now)
    {
        if (now.Readiness.SharedState is not { } state)
        {
            yield break;
        }

        if (state.Trouble is { } trouble)
        {
            yield return (state.Old ? "bad" : "warn", Html.Of($"""<strong>The shared state cannot be asked</strong>: {trouble.Cause}{Since(now, trouble.Since)}. {PageText.Reason("state_unavailable")}"""));
        }
        else if (state.Old)
        {
            yield return ("bad", Html.Of($"""<strong>The shared state was {(state.Complete ? Html.Of($"not heard of for {PageText.Lasting(state.Staleness)}") : Html.Of($"not read whole yet"))}.</strong> {PageText.Reason("state_unavailable")}"""));
        }

        if (state.MayForget)
        {
            yield return ("bad", Html.Of($"""<strong>The shared state may forget revocations</strong>: its maxmemory-policy is {state.Eviction}; set noeviction. {PageText.Reason("state_unavailable")}"""));
        }

        if (state.Pending > 0)
        {
            yield return ("warn", Html.Of($"<strong>{PageText.Number(state.Pending)} revocations are yet to be written.</strong> They are in force here and not yet at other replicas."));
        }
    }

    private static Html Problems(Readiness readiness) => readiness.ReloadProblems.IsDefaultOrEmpty ? Html.Empty : Html.Of($"""
        <h3>Problems of the newest configuration</h3>
        <ul class="problems">{readiness.ReloadProblems.Select(problem => Html.Of($"<li>{Html.Name(problem)}</li>"))}</ul>
        """);

    private static Html Cause(string? cause) => cause is null ? Html.Empty : Html.Of($""" (<code>{Html.Name(cause)}</code>)""");

    private static Html Since(PageSnapshot now, DateTimeOffset? time) => time is { } since ? Html.Of($", for {PageText.Lasting(now.Time - since)}") : Html.Empty;
}
