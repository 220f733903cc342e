using System.Text.Json;
using System.Text.Json.Nodes;

namespace Demo.Walk;

/// <summary>Shows what the gateway wrote to its audit during a step, shortened to what teaches.</summary>
internal static class AuditLines
{
    private static readonly string[] Shown = ["server", "operation", "subject", "client_id", "presented_audience", "outbound_audience", "exchange", "detail"];

    public static async Task ShowAsync(AuditTap audit, int expected, Terminal terminal, CancellationToken cancellationToken)
    {
        var lines = await audit.TakeAsync(expected, cancellationToken);
        if (lines.Count == 0)
        {
            terminal.Detail("The gateway was not asked, so its audit holds nothing of this step.");
            return;
        }

        terminal.Detail("In the gateway's audit, shortened:");
        foreach (var line in lines)
        {
            terminal.Detail(Shorten(line));
        }
    }

    private static string Shorten(string line)
    {
        try
        {
            if (JsonNode.Parse(line) is not JsonObject entry)
            {
                return line;
            }

            var rest = Shown.Where(name => entry[name] is not null).Select(name => $"{name}={Plain(entry[name]!)}");
            return $"{entry["status"]} {entry["event"]} {entry["reason"]} {string.Join(' ', rest)}";
        }
        catch (JsonException)
        {
            return line;
        }
    }

    private static string Plain(JsonNode value) => value is JsonArray array ? string.Join(',', array) : value.ToString();
}
