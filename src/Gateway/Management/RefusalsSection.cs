using Gateway.Observe;
using Gateway.Pages;

namespace Gateway.Management;

/// <summary>What was refused: by kind, and the last ones of each kind with who, what and why.</summary>
internal static class RefusalsSection
{
    private const int MaxRequests = 60, OfEachKind = 2;
    private static readonly string[] Categories = ["dependency", "sent", "authorization", "authentication", "request"];

    public static Html Of(PageSnapshot now) => Html.Of($"""
        <section id="refusals" aria-labelledby="refusals-title"><h2 id="refusals-title">Refusals</h2>
        {PageTable.Of(
            $"By reason, server and issuer: what happened in the last {RefusalGroup.RecentMinutes} minutes first",
            ["Reason", "Server", "Issuer", $"Last {RefusalGroup.RecentMinutes} minutes", "In all", "Since", "Last", "Who"],
            now.Refusals
                .OrderBy(group => group.Recent == 0)
                .ThenBy(group => group.Recent == 0 ? 0 : Array.IndexOf(Categories, group.Category))
                .ThenByDescending(group => group.Recent)
                .ThenByDescending(group => group.Last)
                .Select(group => Group(now, group)),
            "No refusal since the start.")}
        {PageTable.Of(
            $"The last {OfEachKind} of each kind, newest first; the audit has all",
            ["Time", "Server", "Reason", "Who", "What", "Audience", "Request"],
            now.Refusals.SelectMany(group => group.Examples.Take(OfEachKind)).OrderByDescending(request => request.Number).Take(MaxRequests).Select(request => Request(now, request)),
            "None.")}
        </section>
        """);

    private static Html[] Group(PageSnapshot now, RefusalView group) =>
    [
        Html.Of($"""{PageText.Reason(group.Kind.Reason)} <small>{group.Kind.Status}, {(group.Category == "sent" ? "sent, ended badly" : group.Category)}</small>"""),
        Html.Of($"{group.Kind.Server ?? "–"}"),
        group.Kind.Issuer is { } issuer ? Html.Of($"{Html.Name(now.NameOf(issuer))}") : PageText.None,
        Html.Of($"""<span class="number">{PageText.Number(group.Recent)}</span>"""),
        Html.Of($"""<span class="number">{PageText.Number(group.Count)}</span>"""),
        PageText.When(now.Time, group.First),
        PageText.When(now.Time, group.Last),
        Who(group),
    ];

    private static Html Who(RefusalView group)
    {
        var names = group.Examples.Select(request => request.Subject ?? request.ClientId ?? request.ClientAddress).OfType<string>().Distinct(StringComparer.Ordinal).ToList();
        return names.Count == 0 ? PageText.None : Html.Of($"{Html.Join(names.Take(3).Select(name => Html.Of($"""<span class="pair">{PageText.Code(PageText.Short(name))}</span> """)))}{(names.Count > 3 || group.Count > group.Examples.Length ? Html.Of($"<small>and others</small>") : Html.Empty)}");
    }

    private static Html[] Request(PageSnapshot now, RefusedRequest request) =>
    [
        PageText.When(now.Time, request.Time),
        Html.Of($"{request.Kind.Server ?? "–"}"),
        Html.Of($"""{PageText.Reason(request.Kind.Reason)} <small>{request.Kind.Status}</small>{(request.Detail is { } detail ? Html.Of($""" <span class="detail">{Html.Name(detail)}</span>""") : Html.Empty)}"""),
        Html.Of($"""<dl>{Pair("subject", request.Subject)}{Pair("client", request.ClientId)}{Pair("from", request.ClientAddress)}</dl>"""),
        Html.Of($"""{PageText.Code(request.Method)}{(request.Operation is { } operation ? Html.Of($" {PageText.Code(PageText.Short(operation))}") : Html.Empty)}"""),
        request.Presented is { } presented
            ? Html.Of($"""<dl>{Pair("for", presented.IsEmpty ? "nothing" : null)}{presented.Select(audience => Pair("for", audience))}{Pair("not", request.Accepted)}</dl>""")
            : PageText.None,
        PageText.Code(request.RequestId),
    ];

    private static Html Pair(string name, string? value) => value is null ? Html.Empty : Html.Of($"<div><dt>{name}</dt><dd>{PageText.Code(PageText.Short(value))}</dd></div>");
}
