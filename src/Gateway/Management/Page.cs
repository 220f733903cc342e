using System.Collections.Immutable;
using System.Globalization;
using Gateway.Observe;

namespace Gateway.Management;

/// <summary>What the page shows: one moment.</summary>
internal sealed record PageSnapshot(
    DateTimeOffset Time,
    Readiness Readiness,
    IReadOnlyList<ServerView> Servers,
    IReadOnlyList<HopTokenView> HopTokens,
    ImmutableArray<RecentRefusals.Entry> Refusals,
    ImmutableArray<LatencyHistory.Minute> Latency)
{
    public const int MaxHopTokens = 200;
}

/// <summary>What the explain form found; no explanation when there is no such server.</summary>
internal sealed record PageOutcome(string Server, Explanation? Explanation);

/// <summary>
/// The management page, written on the server: no script at all, so that the content security policy can forbid every
/// one. It is one document of tables with headings, in reading order.
/// </summary>
internal static class Page
{
    public static string Of(PageSnapshot now, PageOutcome? outcome, int refresh) => Html.Of($"""
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        {(refresh > 0 ? Html.Of($"""<meta http-equiv="refresh" content="{refresh}">""") : Html.Empty)}
        <title>{HealthText.StatusOf(now.Readiness)} · MCP audience gateway</title>
        <link rel="stylesheet" href="/page.css">
        <link rel="icon" href="data:,">
        </head>
        <body>
        <a class="skip" href="#main">Skip to content</a>
        <header>
        <h1>MCP audience gateway</h1>
        <p><span class="badge {HealthText.StatusOf(now.Readiness)}">{StatusText(now.Readiness)}</span>
        generation {now.Readiness.Generation} · {Time(now.Time)} ·
        {(refresh > 0 ? Html.Of($"""<a href="/">stop refreshing</a>""") : Html.Of($"""<a href="/">refresh</a> · <a href="/?refresh=10">every 10 s</a>"""))}</p>
        <nav aria-label="Sections"><a href="#servers">Servers</a> <a href="#refusals">Refusals</a> <a href="#hop-tokens">Hop tokens</a> <a href="#latency">Latency</a> <a href="#explain">Explain a token</a></nav>
        </header>
        <main id="main">
        {(outcome is null ? Html.Empty : ExplainSection.Outcome(outcome))}
        {Problems(now.Readiness)}
        {Servers(now)}
        {AuthorizationServers(now)}
        {Refusals(now)}
        {HopTokens(now)}
        {LatencyChart.Of(now.Latency)}
        {ExplainSection.Form(now.Servers, outcome?.Server)}
        </main>
        </body>
        </html>

        """).ToString();

    internal static Html Table(string caption, ImmutableArray<string> columns, IEnumerable<Html> rows)
    {
        var body = rows.ToList();
        return body.Count == 0
            ? Html.Of($"""<p class="none">{caption}: none.</p>""")
            : Html.Of($"""
                <div class="scroll" role="region" aria-label="{caption}" tabindex="0"><table>
                <caption>{caption}</caption>
                <thead><tr>{columns.Select(column => Html.Of($"""<th scope="col">{column}</th>"""))}</tr></thead>
                <tbody>{body}</tbody>
                </table></div>
                """);
    }

    internal static Html Codes(IEnumerable<string> values) => Html.Join(values.Select(value => Html.Of($"<code>{value}</code> ")));

    private static string StatusText(Readiness readiness) => HealthText.StatusOf(readiness).Replace('_', ' ');

    private static Html Problems(Readiness readiness) => readiness.ReloadProblems.IsDefaultOrEmpty ? Html.Empty : Html.Of($"""
        <section class="alert" role="alert"><h2>The newest configuration was refused</h2>
        <p>Generation {readiness.Generation} goes on being served.</p>
        <ul>{readiness.ReloadProblems.Select(problem => Html.Of($"<li>{problem}</li>"))}</ul></section>
        """);

    private static Html Servers(PageSnapshot now) => Html.Of($"""
        <section id="servers"><h2>Servers</h2>
        {Table("Configured servers", ["Server", "Accepts tokens for", "Mode", "Sends tokens for", "Destinations"], now.Servers.Select(server => Html.Of($"""
            <tr><th scope="row">{server.Id}<br><small>{server.Path}</small></th><td>{Codes(server.AcceptedAudiences)}</td><td>{server.Mode}</td>
            <td>{(server.OutboundAudiences.IsDefaultOrEmpty ? Html.Of($"–") : Codes(server.OutboundAudiences))}</td>
            <td>{server.Destinations.Select(destination => Html.Of($"""<code>{destination.Address}</code> {Mark(destination.Available, "available", "unavailable")} """))}</td></tr>
            """)))}
        </section>
        """);

    private static Html AuthorizationServers(PageSnapshot now) => Html.Of($"""
        <section id="authorization-servers"><h2>Authorization servers</h2>
        {Table("Authorization servers and their keys", ["Name", "Keys", "Fetched"], now.Readiness.AuthorizationServers.Select(server => Html.Of($"""
            <tr><th scope="row">{server.Name}</th><td>{Mark(server.KeysAvailable, "at hand", "missing")}</td><td>{(server.KeysFetched is { } fetched ? Time(fetched) : "never")}</td></tr>
            """)))}
        </section>
        """);

    private static Html Refusals(PageSnapshot now) => Html.Of($"""
        <section id="refusals"><h2>Last refusals</h2>
        {Table("Newest first", ["Time", "Server", "Status", "Reason", "Presented audience", "Would have been accepted", "Request"], now.Refusals.Select(entry => Html.Of($"""
            <tr><td>{Time(entry.Time)}</td><td>{entry.Server ?? "–"}</td><td>{entry.Status}</td><td><code>{entry.Reason}</code> {entry.Detail}</td>
            <td>{(entry.Presented is { } presented ? Codes(presented.Select(Short)) : Html.Of($"–"))}</td>
            <td>{(entry.Accepted is { } accepted ? Html.Of($"<code>{accepted}</code>") : Html.Of($"–"))}</td><td><code>{entry.RequestId}</code></td></tr>
            """)))}
        </section>
        """);

    private static Html HopTokens(PageSnapshot now) => Html.Of($"""
        <section id="hop-tokens"><h2>Hop tokens alive</h2>
        {Table($"At most {PageSnapshot.MaxHopTokens}; never the tokens themselves", ["Server", "Subject digest", "Expires", "Hits"], now.HopTokens.Select(token => Html.Of($"""
            <tr><td>{token.Server}</td><td><code>{token.SubjectDigest}</code></td><td>{Time(token.Expires)} ({(long)(token.Expires - now.Time).TotalSeconds} s)</td><td>{token.Hits}</td></tr>
            """)))}
        </section>
        """);

    private static Html Mark(bool good, string yes, string no) => Html.Of($"""<span class="mark {(good ? "good" : "bad")}">{(good ? yes : no)}</span>""");

    private static string Short(string value) => value.Length <= 120 ? value : value[..120] + "…";

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
