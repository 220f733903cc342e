using Gateway.Pages;

namespace Gateway.Management;

/// <summary>What is running, and what has changed. Changes name keys and never values.</summary>
internal static class ConfigurationSection
{
    public static Html Of(PageSnapshot now) => Html.Of($"""
        <section id="configuration" aria-labelledby="configuration-title"><h2 id="configuration-title">Configuration</h2>
        <dl class="facts">
        <div><dt>Version</dt><dd>{now.About.Version}</dd></div>
        <div><dt>Started</dt><dd>{PageText.When(now.Time, now.About.Started)}</dd></div>
        <div><dt>File</dt><dd>{PageText.Code(now.About.ConfigurationFile)}</dd></div>
        <div><dt>Generation</dt><dd>{now.Readiness.Generation}</dd></div>
        <div><dt>Applied</dt><dd>{PageText.When(now.Time, now.About.Applied)}</dd></div>
        </dl>
        {PageTable.Of(
            "Changes since the start",
            ["Time", "Outcome", "Generation", "Keys"],
            now.About.Changes.Select(change => new[]
            {
                PageText.When(now.Time, change.Time),
                PageText.Mark(change.Applied ? "good" : "bad", change.Applied ? "applied" : "refused"),
                Html.Of($"{change.Generation}"),
                change.Keys.IsEmpty
                    ? Html.Of($"{(change.Applied ? "what files hold that it names" : "none was changed")}")
                    : Html.Of($"""{Html.Join(change.Keys.Select(key => Html.Of($"""<span class="pair">{PageText.Code(key)}</span> """)))}{(change.More > 0 ? Html.Of($"<small>and {PageText.Number(change.More)} more</small>") : Html.Empty)}"""),
            }),
            "It has not changed since the start.")}
        </section>
        """);
}
