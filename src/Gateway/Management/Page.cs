using System.Collections.Immutable;
using Gateway.Observe;
using Gateway.Pages;

namespace Gateway.Management;

/// <summary>What the page shows: one moment.</summary>
internal sealed record PageSnapshot
{
    public const int MaxHopTokens = 200;

    public required DateTimeOffset Time { get; init; }

    public required About About { get; init; }

    public required Readiness Readiness { get; init; }

    public required IReadOnlyList<ServerView> Servers { get; init; }

    public required IReadOnlyList<HopTokenView> HopTokens { get; init; }

    /// <summary>What was refused, by kind; what matters now comes first.</summary>
    public required ImmutableArray<RefusalView> Refusals { get; init; }

    public required ImmutableArray<RevocationRecord> Revocations { get; init; }

    public required ImmutableArray<ExchangeHistory.Minute> Latency { get; init; }

    /// <summary>What an authorization server said to exchanges, by its configured name.</summary>
    public required Func<string, ExchangeTally> Exchanges { get; init; }

    /// <summary>An issuer's name in the configuration.</summary>
    public required Func<string, string> NameOf { get; init; }
}

/// <summary>What the explain form found; no explanation when there is no such server.</summary>
internal sealed record PageOutcome(string Server, Explanation? Explanation);

/// <summary>
/// The management page, written on the server: no script at all, so that the content security policy can forbid every
/// one. It is one document of tables with headings, in the order of an operator's questions: what is wrong, where, who,
/// why, and what has changed.
/// </summary>
internal static class Page
{
    public static string Of(PageSnapshot now, PageOutcome? outcome, int refresh) => Document($"{HealthText.StatusOf(now.Readiness)} · MCP audience gateway", refresh, Html.Of($"""
        <header>
        <h1>MCP audience gateway</h1>
        <p class="state"><span class="badge {HealthText.StatusOf(now.Readiness)}">{HealthText.StatusOf(now.Readiness).Replace('_', ' ')}</span>
        <span>version {now.About.Version}</span> <span>up {PageText.Lasting(now.Time - now.About.Started)}</span> <span>generation {now.Readiness.Generation}, applied {PageText.Lasting(now.Time - now.About.Applied)} ago</span>
        <span>as of <time datetime="{PageText.Exact(now.Time)}">{PageText.Clock(DateTimeOffset.UnixEpoch, now.Time)}</time></span>
        <span>{(refresh > 0 ? Html.Of($"""<a href="/">stop refreshing</a>""") : Html.Of($"""<a href="/">refresh</a> or <a href="/?refresh=10">every 10 s</a>"""))}</span></p>
        <nav aria-label="Sections"><ul><li><a href="#now">Now</a></li><li><a href="#servers">Servers</a></li><li><a href="#refusals">Refusals</a></li><li><a href="#authorization-servers">Authorization servers</a></li><li><a href="#revocations">Revocations</a></li><li><a href="#configuration">Configuration</a></li><li><a href="#hop-tokens">Hop tokens</a></li><li><a href="#latency">Exchange latency</a></li><li><a href="#explain">Explain a token</a></li><li><a href="{Guide.Path}">Troubleshooting</a></li></ul></nav>
        </header>
        <main id="main" tabindex="-1">
        {(outcome is null ? Html.Empty : ExplainSection.Outcome(outcome))}
        {AttentionSection.Of(now)}
        {ServersSection.Of(now)}
        {RefusalsSection.Of(now)}
        {AuthorizationServersSection.Of(now)}
        {RevocationsSection.Of(now)}
        {ConfigurationSection.Of(now)}
        {HopTokens(now)}
        {LatencyChart.Of(now.Latency)}
        {ExplainSection.Form(now.Servers, outcome?.Server)}
        </main>
        """));

    /// <summary>The frame of every page of the listener.</summary>
    internal static string Document(string title, int refresh, Html body) => HtmlDocument.Of(title, "/page.css", Html.Of($"""
        <body class="operator">
        <a class="skip" href="#main">Skip to content</a>
        {body}
        </body>
        """), refresh);

    private static Html HopTokens(PageSnapshot now) => Html.Of($"""
        <section id="hop-tokens" aria-labelledby="hop-tokens-title"><h2 id="hop-tokens-title">Hop tokens alive</h2>
        {(now.HopTokens.Count == 0 ? Html.Empty : Html.Of($"<details><summary>{PageText.Number(now.HopTokens.Count)} {(now.HopTokens.Count == PageSnapshot.MaxHopTokens ? "tokens, perhaps more" : "tokens")}</summary>"))}
        {PageTable.Of(
            $"At most {PageSnapshot.MaxHopTokens}; never the tokens themselves",
            ["Server", "Subject digest", "Expires", "Hits"],
            now.HopTokens.Select(token => new[] { Html.Of($"{token.Server}"), PageText.Code(token.SubjectDigest), PageText.When(now.Time, token.Expires), Html.Of($"{PageText.Number(token.Hits)}") }),
            "None.")}
        {(now.HopTokens.Count == 0 ? Html.Empty : Html.Of($"</details>"))}
        </section>
        """);
}
