using Gateway.Observe.Traffic;
using Gateway.Pages;

namespace Gateway.Management;

/// <summary>Per server: how it is, what was asked of it and answered, and where it leads.</summary>
internal static class ServersSection
{
    public static Html Of(PageSnapshot now) => Html.Of($"""
        <section id="servers" aria-labelledby="servers-title"><h2 id="servers-title">Servers</h2>
        {PageTable.Of(
            $"Requests of the last {ManagementView.Window} minutes, and in all since the start",
            ["Server", "State", "Requests", "Refused", "MCP server answered", "Answered within (median, 95th percentile)", "Streams", "Last success", "Last hour"],
            now.Servers.Select(server => Row(now, server)),
            "No server.")}
        {PageTable.Of(
            "Where they lead",
            ["Server", "Accepts tokens for", "Mode", "Sends tokens for", "Destinations"],
            now.Servers.Select(server => new[]
            {
                Html.Of($"""{server.Id} <small>{Html.Name(server.Path)}</small>"""),
                PageText.Codes(server.AcceptedAudiences),
                Html.Of($"{server.Mode}"),
                server.OutboundAudiences.IsDefaultOrEmpty ? PageText.None : PageText.Codes(server.OutboundAudiences),
                Html.Join(server.Destinations.Select(destination => Html.Of($"""<span class="pair">{PageText.Code(destination.Address)} {PageText.Mark(destination.Available ? "good" : "bad", destination.Available ? "available" : "unavailable")}</span> """))),
            }))}
        </section>
        """);

    private static Html[] Row(PageSnapshot now, ServerView server)
    {
        var (traffic, window) = (server.Traffic, server.Traffic.Window);
        var state = ServerState.Of(server);
        return
        [
            Html.Of($"""{server.Id} <small>{Html.Name(server.Path)}</small>"""),
            PageText.Mark(state.Kind, state.Text),
            Html.Of($"""<span class="number">{PageText.Number(window.Requests)}</span> <small>{PageText.Number(traffic.Allowed + traffic.Refused)} in all</small>"""),
            Html.Of($"""<span class="number">{PageText.Number(window[TrafficCount.Refused])}</span>{(window[TrafficCount.Challenged] > 0 ? Html.Of($" and {PageText.Number(window[TrafficCount.Challenged])} asked to sign in") : Html.Empty)} <small>{PageText.Number(traffic.Refused)} in all</small>"""),
            Answers(traffic),
            window[TrafficCount.Allowed] == 0
                ? PageText.None
                : Html.Of($"""<span class="number">{PageText.AtMost(window.Took(0.5))}, {PageText.AtMost(window.Took(0.95))}</span> <small>of it here {PageText.AtMost(window.Overhead(0.5))}, {PageText.AtMost(window.Overhead(0.95))}</small>"""),
            Html.Of($"""<span class="number">{PageText.Number(traffic.Streams)}</span>"""),
            traffic.LastSuccess is null ? Html.Of($"""<span class="none">never</span>""") : PageText.When(now.Time, traffic.LastSuccess),
            Sparkline.Of(server.Id, traffic.History),
        ];
    }

    private static Html Answers(TrafficView traffic)
    {
        var window = traffic.Window;
        (string Kind, TrafficCount Count, string Text)[] classes = [("", TrafficCount.AnsweredWell, "well"), ("warn", TrafficCount.Answered4xx, "4xx"), ("bad", TrafficCount.Answered5xx, "5xx")];
        var told = classes.Where(one => window[one.Count] > 0).Select(one => Html.Of($"""<span class="number {one.Kind}">{PageText.Number(window[one.Count])} {one.Text}</span> """)).ToList();
        return Html.Of($"""
            {(told.Count == 0 ? PageText.None : Html.Join(told))} <small>{(traffic.Answers.IsEmpty
                ? Html.Of($"nothing at all")
                : Html.Join(traffic.Answers.OrderByDescending(answer => answer.Count).Take(6).Select((answer, i) => Html.Of($"""{(i > 0 ? ", " : "")}<span class="pair">{(answer.Status == 0 ? "other" : $"{answer.Status}")}: {PageText.Number(answer.Count)}</span>"""))))}</small>
            """);
    }
}

/// <summary>How a server is, in a word, from its last minutes.</summary>
/// <param name="Kind">good, quiet, warn or bad.</param>
/// <param name="Text">The word.</param>
/// <param name="Why">The figures that it is said by.</param>
internal sealed record ServerState(string Kind, string Text, string Why)
{
    public static ServerState Of(ServerView server)
    {
        var window = server.Traffic.Window;
        var (sent, failed, refused) = (window[TrafficCount.Allowed], window[TrafficCount.Failed], window[TrafficCount.Refused]);
        var answered = window[TrafficCount.AnsweredWell] + window[TrafficCount.Answered4xx] + window[TrafficCount.Answered5xx];
        var wrong = window[TrafficCount.Answered4xx];
        return server switch
        {
            { Destinations: { IsDefaultOrEmpty: false } all } when all.All(destination => !destination.Available) => new("bad", "no destination", "Probes call every destination unavailable."),
            _ when failed > 0 && failed * 2 >= sent => new("bad", "failing", $"{PageText.Number(failed)} of {PageText.Number(sent)} requests that were sent to it failed in the last {ManagementView.Window} minutes."),
            _ when wrong > 0 && wrong * 2 >= answered => new("bad", "answers 4xx", $"{PageText.Number(wrong)} of its {PageText.Number(answered)} answers in the last {ManagementView.Window} minutes; a wrong destination does that."),
            _ when refused > 0 && refused > sent => new("warn", "refusing", $"{PageText.Number(refused)} requests were refused and {PageText.Number(sent)} sent in the last {ManagementView.Window} minutes."),
            _ when failed > 0 => new("warn", "some fail", $"{PageText.Number(failed)} of {PageText.Number(sent)} requests that were sent to it failed in the last {ManagementView.Window} minutes."),
            _ when window.Requests == 0 => new("quiet", "quiet", ""),
            _ => new("good", "serving", ""),
        };
    }
}
