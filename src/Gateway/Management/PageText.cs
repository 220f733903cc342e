using System.Globalization;
using Gateway.Pages;

namespace Gateway.Management;

/// <summary>How the page writes times, numbers and names.</summary>
internal static class PageText
{
    public static Html None { get; } = Html.Of($"""<span class="none">–</span>""");

    public static Html Code(string? value) => value is null ? None : Html.Of($"<code>{Html.Name(value)}</code>");

    public static Html Codes(IEnumerable<string> values) => Html.Join(values.Select(value => Html.Of($"<code>{Html.Name(Short(value))}</code> ")));

    /// <summary>A reason, with the way to its place in the guide.</summary>
    public static Html Reason(string reason) => Html.Of($"""<a href="{Guide.Path}#{reason}"><code>{Html.Name(reason)}</code></a>""");

    public static Html Mark(string kind, string text) => Html.Of($"""<span class="mark {kind}">{text}</span>""");

    public static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>How long ago that was, and when.</summary>
    public static Html When(DateTimeOffset now, DateTimeOffset? time) => time is not { } at ? None
        : Html.Of($"""<time datetime="{Exact(at)}">{(at <= now ? $"{Lasting(now - at)} ago" : $"in {Lasting(at - now)}")}</time> <small class="time">{Clock(now, at)}</small>""");

    /// <summary>When something is due.</summary>
    public static Html Due(DateTimeOffset now, DateTimeOffset? time) => time <= now ? Html.Of($"now") : When(now, time);

    /// <summary>A time of day; of another day than today the date as well.</summary>
    public static string Clock(DateTimeOffset now, DateTimeOffset time) =>
        time.UtcDateTime.ToString(time.UtcDateTime.Date == now.UtcDateTime.Date ? "HH:mm:ss'Z'" : "yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    public static string Exact(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>A duration in its largest unit or two.</summary>
    public static string Lasting(TimeSpan time) => time switch
    {
        { TotalSeconds: < 90 } => $"{Whole(time.TotalSeconds)}\u00A0s",
        { TotalMinutes: < 90 } => $"{Whole(time.TotalMinutes)}\u00A0min",
        { TotalHours: < 48 } => $"{Whole(time.TotalHours)}\u00A0h",
        _ => $"{Whole(time.TotalDays)}\u00A0days",
    };

    public static string Milliseconds(double seconds) => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1000:0.##}\u00A0ms");

    /// <summary>The bound of a histogram's bucket: what a quantile is at most.</summary>
    public static string AtMost(double? seconds) => seconds switch
    {
        null => "–",
        double.PositiveInfinity => $">\u00A0{Milliseconds(Observe.GatewayMetrics.Buckets[^1])}",
        var bound => $"≤\u00A0{Milliseconds(bound.Value)}",
    };

    public static string Short(string value) => value.Length <= 120 ? value : value[..120] + "…";

    private static string Whole(double value) => Math.Floor(Math.Max(0, value)).ToString(CultureInfo.InvariantCulture);
}
