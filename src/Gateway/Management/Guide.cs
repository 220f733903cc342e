using System.Text.RegularExpressions;
using Gateway.Pages;

namespace Gateway.Management;

/// <summary>
/// The guide to troubleshooting (docs/troubleshooting.md) as a page, carried in the assembly, so that every reason leads to
/// its place without a network. Reads as much Markdown as the guide is written in: headings, paragraphs, lists, tables, code.
/// </summary>
internal static partial class Guide
{
    public const string Path = "/troubleshooting";
    private const string Fence = "```";
    private static readonly Lazy<string> Whole = new(Read);

    public static string Page => Whole.Value;

    internal static Html Render(string markdown)
    {
        var lines = Comment().Replace(markdown, "").Split('\n');
        var (parts, heading) = (new List<Html>(), "");
        for (var i = 0; i < lines.Length;)
        {
            var line = lines[i];
            var from = i;
            if (line.Length == 0)
            {
                i++;
            }
            else if (Heading().Match(line) is { Success: true } found)
            {
                var level = found.Groups[1].Length;
                heading = Anchor().Replace(found.Groups[2].Value, "").Replace("`", "", StringComparison.Ordinal);
                parts.Add(Level(level, Inline(found.Groups[2].Value)));
                i++;
            }
            else if (line.StartsWith(Fence, StringComparison.Ordinal))
            {
                i = End(lines, i + 1, static at => at.StartsWith(Fence, StringComparison.Ordinal)) + 1;
                parts.Add(Html.Of($"""<pre tabindex="0"><code>{string.Join('\n', lines[(from + 1)..(i - 1)])}</code></pre>"""));
            }
            else if (line[0] == '|')
            {
                i = End(lines, i, static at => !at.StartsWith('|'));
                var rows = lines[from..i].Select(Cells).ToList();
                parts.Add(PageTable.Of($"{heading}: {string.Join(", ", rows[0].Where(cell => cell.Length > 0))}", [.. rows[0]], rows.Skip(2).Select(cells => cells.Select(Inline).ToArray())));
            }
            else if (ListItem().IsMatch(line))
            {
                i = End(lines, i, static at => at.Length == 0);
                var items = ListItem().Split(string.Join('\n', lines[from..i])).Where(item => item.Length > 0).Select(item => Html.Of($"<li>{Inline(item)}</li>"));
                parts.Add(line[0] == '-' ? Html.Of($"<ul>{items}</ul>") : Html.Of($"<ol>{items}</ol>"));
            }
            else
            {
                i = End(lines, i + 1, static at => at.Length == 0 || at[0] == '|' || at.StartsWith(Fence, StringComparison.Ordinal));
                parts.Add(Html.Of($"<p>{Inline(string.Join('\n', lines[from..i]))}</p>"));
            }
        }

        return Html.Join(parts);
    }

    private static string Read()
    {
        using var stream = typeof(Guide).Assembly.GetManifestResourceStream("troubleshooting.md")!;
        using var reader = new StreamReader(stream);
        return Management.Page.Document("Troubleshooting · MCP audience gateway", refresh: 0, Html.Of($"""
            <header><nav aria-label="Pages"><ul><li><a href="/">Back to the gateway</a></li></ul></nav></header>
            <main id="main" tabindex="-1" class="guide">
            {Render(reader.ReadToEnd())}
            </main>
            """));
    }

    private static int End(string[] lines, int from, Predicate<string> ends)
    {
        while (from < lines.Length && !ends(lines[from]))
        {
            from++;
        }

        return from;
    }

    private static Html Level(int level, Html text) => level switch
    {
        1 => Html.Of($"<h1>{text}</h1>"),
        2 => Html.Of($"<h2>{text}</h2>"),
        _ => Html.Of($"<h3>{text}</h3>"),
    };

    private static string[] Cells(string row) => [.. CellEnd().Split(row.Trim().Trim('|')).Select(cell => cell.Trim().Replace("\\|", "|", StringComparison.Ordinal))];

    /// <summary>Anchors, code, emphasis and links; everything else is text.</summary>
    private static Html Inline(string text)
    {
        var (parts, at) = (new List<Html>(), 0);
        foreach (Match found in Marked().Matches(text))
        {
            parts.Add(Html.Of($"{text[at..found.Index]}"));
            parts.Add(found switch
            {
                _ when found.Groups["id"] is { Success: true } id => Html.Of($"""<span id="{id.Value}"></span>"""),
                _ when found.Groups["code"] is { Success: true } code => Html.Of($"<code>{Html.Name(code.Value)}</code>"),
                _ when found.Groups["strong"] is { Success: true } strong => Html.Of($"<strong>{Inline(strong.Value)}</strong>"),
                _ when found.Groups["em"] is { Success: true } em => Html.Of($"<em>{Inline(em.Value)}</em>"),
                _ when found.Groups["to"].Value is ['#', ..] to => Html.Of($"""<a href="{to}">{Inline(found.Groups["text"].Value)}</a>"""),
                _ => Html.Of($"{Inline(found.Groups["text"].Value)} (<code>{Html.Name(PlaceOf(found.Groups["to"].Value))}</code>)"),
            });
            at = found.Index + found.Length;
        }

        parts.Add(Html.Of($"{text[at..]}"));
        return Html.Join(parts);
    }

    /// <summary>Where a page that is not carried is found.</summary>
    private static string PlaceOf(string link) => link.Contains("://", StringComparison.Ordinal) ? link : $"docs/{link}";

    [GeneratedRegex("""<!--.*?-->\n?""", RegexOptions.Singleline)]
    private static partial Regex Comment();

    [GeneratedRegex("""^(#{1,3}) (.*)$""")]
    private static partial Regex Heading();

    [GeneratedRegex("""<a id="[^"]*"></a>""")]
    private static partial Regex Anchor();

    [GeneratedRegex("""^(?:\d+\.|-) """, RegexOptions.Multiline)]
    private static partial Regex ListItem();

    [GeneratedRegex("""(?<!\\)\|""")]
    private static partial Regex CellEnd();

    [GeneratedRegex("""<a id="(?<id>[^"]*)"></a>|`(?<code>[^`]+)`|\*\*(?<strong>[^*]+)\*\*|\*(?<em>[^*]+)\*|\[(?<text>[^\]]+)\]\((?<to>[^)]+)\)""")]
    private static partial Regex Marked();
}
