using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Gateway.Benchmarks.Compare;

/// <summary>One round of load and what came of it.</summary>
internal sealed record Round(long Requests, double P50Micros, double P99Micros, long Errors);

/// <summary>Drives wrk: POSTs of one small tools/call, with one token or with the next of many.</summary>
internal static partial class Wrk
{
    public static async Task<Round> RunAsync(string url, string script, TimeSpan duration, int connections)
    {
        var start = new ProcessStartInfo("wrk", ["-t1", $"-c{connections}", $"-d{(int)duration.TotalSeconds}s", "--latency", "-s", script, url]) { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var text = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        var counts = Counts().Match(text);
        if (!counts.Success)
        {
            throw new InvalidOperationException("wrk said: " + text);
        }

        return new Round(Number(counts.Groups[1]), Number(counts.Groups[2]), Number(counts.Groups[3]), Number(counts.Groups[4]));
    }

    /// <summary>A script that sends the tokens of a file in turn and reports whatever was not a 200 as an error.</summary>
    public static void WriteScript(string path, string tokenFile) => File.WriteAllText(path, $$$$"""
        local tokens, at = {}, 0
        for line in io.lines("{{{{tokenFile}}}}") do tokens[#tokens + 1] = "Bearer " .. line end
        local body = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"forecast","arguments":{"city":"Bergen"}}}'
        function request()
          at = at % #tokens + 1
          return wrk.format("POST", nil, { ["Authorization"] = tokens[at], ["Content-Type"] = "application/json", ["Accept"] = "application/json, text/event-stream" }, body)
        end
        function done(summary, latency, requests)
          local failed = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.status + summary.errors.timeout
          io.write(string.format("counts %d %d %d %d\n", summary.requests, latency:percentile(50), latency:percentile(99), failed))
        end
        """);

    private static long Number(Group group) => long.Parse(group.Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"counts (\d+) (\d+) (\d+) (\d+)")]
    private static partial Regex Counts();
}
