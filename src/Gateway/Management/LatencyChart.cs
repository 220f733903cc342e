using System.Collections.Immutable;
using System.Globalization;
using Gateway.Observe;
using Gateway.Pages;

namespace Gateway.Management;

/// <summary>The latency of exchanges over the last hour: a chart for the eye and a table for everybody.</summary>
internal static class LatencyChart
{
    private const int Height = 120;
    private const int Step = 10;

    public static Html Of(ImmutableArray<ExchangeHistory.Minute> minutes)
    {
        var busy = minutes.Where(minute => minute.Count > 0).ToList();
        if (busy.Count == 0)
        {
            return Html.Of($"""<section id="latency" aria-labelledby="latency-title"><h2 id="latency-title">Exchange latency</h2><p class="none">No exchange in the last hour.</p></section>""");
        }

        var top = busy.Max(minute => minute.P99);
        return Html.Of($"""
            <section id="latency" aria-labelledby="latency-title"><h2 id="latency-title">Exchange latency</h2>
            <figure><svg viewBox="0 0 {minutes.Length * Step} {Height}" role="img" aria-label="Exchange latency per minute over the last hour; the table below has the numbers" preserveAspectRatio="none">
            {minutes.Select((minute, i) => Html.Of($"{Bar("p99", i, minute.P99 / top)}{Bar("median", i, minute.Median / top)}"))}
            </svg><figcaption>Per minute over the last hour, cache hits excluded: <span class="key median">median</span> <span class="key p99">99th percentile</span>; the top is {PageText.Milliseconds(top)}.</figcaption></figure>
            <details><summary>Numbers</summary>
            {PageTable.Of(
                "Exchanges per minute",
                ["Minute", "Exchanges", "Median at most", "99th percentile at most"],
                busy.Select(minute => new[] { Html.Of($"{minute.Time.ToString("HH:mm'Z'", CultureInfo.InvariantCulture)}"), Html.Of($"{minute.Count}"), Html.Of($"{PageText.Milliseconds(minute.Median)}"), Html.Of($"{PageText.Milliseconds(minute.P99)}") }))}
            </details></section>
            """);
    }

    private static Html Bar(string name, int index, double share)
    {
        var height = (long)Math.Ceiling(share * (Height - 4));
        return height == 0 ? Html.Empty : Html.Of($"""<rect class="{name}" x="{(index * Step) + 1}" y="{Height - height}" width="{Step - 2}" height="{height}"/>""");
    }
}
