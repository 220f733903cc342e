using System.Globalization;
using System.Net;
using System.Text;
using Deputy.Attacks;

namespace Deputy.Reports;

/// <summary>The result as one page that needs nothing else: no script, no font, no address.</summary>
internal static class HtmlReport
{
    private const string Style = """
        :root{color-scheme:light dark;--line:#8884;--held:#1a7f37;--broken:#c0262d;--error:#9a6700;--none:#888}
        body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem}
        table{border-collapse:collapse;width:100%;margin:1rem 0}th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
        td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}.held{color:var(--held)}.broken{color:var(--broken);font-weight:600}.error{color:var(--error);font-weight:600}.not{color:var(--none)}
        pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#8881;padding:.6rem;font-size:.8rem;margin:.4rem 0}code{font-size:.9em}small{color:var(--none)}
        """;

    public static void Write(string path, AttackRun run) => File.WriteAllText(path, Page(run));

    public static string Page(AttackRun run)
    {
        var page = new StringBuilder();
        page.Append(CultureInfo.InvariantCulture, $"<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>{Text(run.Target.Name)}</title><style>{Style}</style></head><body>\n");
        page.Append(CultureInfo.InvariantCulture, $"<h1>{Text(run.Target.Name)}</h1>\n<p>{Text(run.Target.About)} {run.Results.Count} cases in {run.Duration.TotalSeconds:0.0} s.</p>\n");
        page.Append("<table><tr><th>family</th><th class=n>held</th><th class=n>broken</th><th class=n>error</th><th class=n>not applicable</th></tr>\n");
        foreach (var family in run.Results.GroupBy(result => result.Case.Family))
        {
            page.Append(CultureInfo.InvariantCulture, $"<tr><td><a href=\"#{Text(family.Key)}\">{Text(family.Key)}</a></td>");
            foreach (var outcome in new[] { Outcome.Held, Outcome.Broken, Outcome.Error, Outcome.NotApplicable })
            {
                var count = family.Count(result => result.Verdict.Outcome == outcome);
                page.Append(CultureInfo.InvariantCulture, $"<td class=\"n{(count > 0 ? " " + Class(outcome) : "")}\">{count}</td>");
            }

            page.Append("</tr>\n");
        }

        page.Append("</table>\n");
        foreach (var family in run.Results.GroupBy(result => result.Case.Family))
        {
            page.Append(CultureInfo.InvariantCulture, $"<h2 id=\"{Text(family.Key)}\">{Text(family.Key)}</h2>\n<table>\n");
            foreach (var result in family)
            {
                page.Append(CultureInfo.InvariantCulture, $"<tr><td><code>{Text(result.Case.Id)}</code></td><td>{Text(result.Case.Claim)} <small>{Text(result.Case.Source)}</small>{Evidence(result.Verdict)}</td><td class=\"{Class(result.Verdict.Outcome)}\">{TerminalReport.Word(result.Verdict.Outcome)}</td></tr>\n");
            }

            page.Append("</table>\n");
        }

        return page.Append("</body></html>\n").ToString();
    }

    private static string Evidence(Verdict verdict) => (verdict.Why.Length > 0 ? $"<br>{Text(verdict.Why)}" : "") + (verdict.Wire.Length > 0 ? $"<pre>{Text(string.Join('\n', verdict.Wire))}</pre>" : "");

    private static string Class(Outcome outcome) => outcome switch
    {
        Outcome.Held => "held",
        Outcome.Broken => "broken",
        Outcome.Error => "error",
        _ => "not",
    };

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
