using System.Collections.Frozen;
using System.Collections.Immutable;
using Gateway.Pages;

namespace Gateway.Management;

/// <summary>
/// A table: with a caption, and headings for every column and row. Where there is no room for it the style sheet shows each
/// row as a card, in which every cell bears its column's name; the roles keep it a table then.
/// </summary>
internal static class PageTable
{
    /// <summary>What is too long for half of a narrow screen.</summary>
    private static readonly FrozenSet<string> LongColumns = FrozenSet.Create("Who", "What", "Audience", "Request", "Digest", "Subject digest", "Keys", "Accepts tokens for", "Sends tokens for", "Destinations", "Exchanges since the start", "Answered within (median, 95th percentile)", "MCP server answered");

    /// <summary>A table, or the words for none; the first cell of a row is its heading.</summary>
    public static Html Of(string caption, ImmutableArray<string> columns, IEnumerable<Html[]> rows, string? none = null)
    {
        var body = rows.Select(cells => Html.Of($"""<tr role="row">{cells.Select((cell, i) => Cell(columns[i], cell, heading: i == 0))}</tr>""")).ToList();
        return body.Count == 0
            ? Html.Of($"""<p class="none">{none ?? $"{caption}: none."}</p>""")
            : Html.Of($"""
                <div class="scroll" role="region" aria-label="{caption}" tabindex="0"><table role="table">
                <caption>{caption}</caption>
                <thead role="rowgroup"><tr role="row">{columns.Select(column => Html.Of($"""<th role="columnheader" scope="col">{column}</th>"""))}</tr></thead>
                <tbody role="rowgroup">{body}</tbody>
                </table></div>
                """);
    }

    private static Html Cell(string column, Html content, bool heading) => heading
        ? Html.Of($"""<th role="rowheader" scope="row" data-label="{column}">{content}</th>""")
        : Html.Of($"""<td role="cell" data-label="{column}"{(LongColumns.Contains(column) ? Html.Of($" class=\"whole\"") : Html.Empty)}>{content}</td>""");
}
