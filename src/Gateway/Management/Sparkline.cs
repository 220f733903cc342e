using System.Collections.Immutable;
using Gateway.Pages;

namespace Gateway.Management;

/// <summary>An hour of requests in sixty bars: what was sent below, what was refused on top of it.</summary>
internal static class Sparkline
{
    private const int Height = 30;
    private const int Step = 3;

    public static Html Of(string server, ImmutableArray<(int Allowed, int Refused)> minutes)
    {
        var top = minutes.IsEmpty ? 0 : minutes.Max(minute => minute.Allowed + minute.Refused);
        if (top == 0)
        {
            return PageText.None;
        }

        return Html.Of($"""
            <svg class="spark" viewBox="0 0 {minutes.Length * Step} {Height}" role="img" aria-label="{server}: at most {PageText.Number(top)} requests a minute in the last hour, {PageText.Number(minutes.Sum(minute => minute.Allowed))} sent and {PageText.Number(minutes.Sum(minute => minute.Refused))} refused" preserveAspectRatio="none">
            {minutes.Select((minute, i) => Bars(i, minute.Allowed, minute.Refused, top))}
            </svg>
            """);
    }

    private static Html Bars(int index, int allowed, int refused, int top)
    {
        var sent = Share(allowed, top);
        var not = Share(refused, top);
        return Html.Of($"{Bar("sent", index, Height - sent, sent)}{Bar("refused", index, Math.Max(0, Height - sent - not), not)}");
    }

    private static long Share(int count, int top) => (long)Math.Ceiling(count * (double)Height / top);

    private static Html Bar(string name, int index, long y, long height) =>
        height == 0 ? Html.Empty : Html.Of($"""<rect class="{name}" x="{index * Step}" y="{y}" width="{Step - 1}" height="{height}"/>""");
}
