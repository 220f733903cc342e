using Gateway.Pages;

namespace Gateway.Management;

/// <summary>The explain form and its answer. The answer shows what is configured and what was verified, never the token.</summary>
internal static class ExplainSection
{
    public static Html Form(IReadOnlyList<ServerView> servers, string? selected) => Html.Of($"""
        <section id="explain" aria-labelledby="explain-title"><h2 id="explain-title">Explain a token</h2>
        <p>Says which check refuses a token at a server, and why. It is evaluated in this process, as for a request, and neither sent on nor logged nor kept.</p>
        <form method="post" action="/explain" autocomplete="off">
        <label for="server">Server</label>
        <select id="server" name="server" required>{servers.Select(server => server.Id == selected
            ? Html.Of($"""<option selected>{server.Id}</option>""")
            : Html.Of($"""<option>{server.Id}</option>"""))}</select>
        <label for="token">Access token</label>
        <textarea id="token" name="token" rows="6" required autocomplete="off" autocapitalize="off" spellcheck="false" maxlength="20000"></textarea>
        <button type="submit">Explain</button>
        </form></section>
        """);

    public static Html Outcome(PageOutcome outcome) => outcome.Explanation is { } explanation
        ? Html.Of($"""
            <section class="outcome {(explanation.Passes ? "good" : "bad")}" role="status" aria-labelledby="outcome"><h2 id="outcome">{(explanation.Passes ? "The token passes" : "The token is refused")} at {outcome.Server}</h2>
            <p>{(explanation.Reason is { } reason ? Html.Of($"{PageText.Reason(reason)}: ") : Html.Empty)}{explanation.Text}</p>
            <dl class="facts"><div><dt>Presented audience</dt><dd>{(explanation.PresentedAudiences is { } presented ? PageText.Codes(presented) : Html.Of($"not shown: the signature was not verified"))}</dd></div>
            <div><dt>Accepted here</dt><dd>{PageText.Codes(explanation.AcceptedAudiences)}</dd></div></dl>
            <ol class="steps">{explanation.Steps.Select(step => Html.Of($"""<li class="{(step.Passed ? "good" : "bad")}">{step.Check}: {(step.Passed ? "passed" : "refused")}</li>"""))}</ol>
            </section>
            """)
        : Html.Of($"""<section class="outcome bad" role="status" aria-labelledby="outcome"><h2 id="outcome">There is no server {outcome.Server}</h2></section>""");
}
