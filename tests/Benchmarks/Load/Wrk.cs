using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Gateway.Benchmarks.Load;

/// <summary>One round of load and what came of it; latencies in µs.</summary>
internal sealed record Round(long Requests, double P50, double P99, double P999, long Errors);

/// <summary>Drives wrk: POSTs of one small tools/call over 32 connections, as fast as they are answered.</summary>
internal static partial class Wrk
{
    public const int Connections = 32;

    public const string Call = """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"forecast","arguments":{"city":"Bergen"}}}""";

    public const string List = """{"jsonrpc":"2.0","id":1,"method":"tools/list"}""";

    public static async Task<Round> RunAsync(string url, string script, TimeSpan duration)
    {
        var start = new ProcessStartInfo("wrk", ["-t1", $"-c{Connections}", $"-d{(int)duration.TotalSeconds}s", "--latency", "-s", script, url]) { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var text = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        var counts = Counts().Match(text);
        return counts.Success
            ? new Round(Number(counts.Groups[1]), Number(counts.Groups[2]), Number(counts.Groups[3]), Number(counts.Groups[4]), Number(counts.Groups[5]))
            : throw new InvalidOperationException("wrk said: " + text);
    }

    /// <summary>
    /// A script that sends the tokens in turn, each at the path before it, and begins anew after the last: whoever needs
    /// every token to be new asks whether <see cref="Round.Requests"/> is below their number. What is not a 200 is an error.
    /// </summary>
    public static void WriteScript(string file, IEnumerable<(string Path, string Token)> requests, string body = Call)
    {
        File.WriteAllLines(file + ".txt", requests.Select(request => request.Path + " " + request.Token));
        File.WriteAllText(file, $$$$"""
            local requests, at = {}, 0
            function init(args)
              for line in io.lines("{{{{file}}}}.txt") do
                local path, token = line:match("^(%S+) (%S+)$")
                requests[#requests + 1] = wrk.format("POST", path, { ["Authorization"] = "Bearer " .. token, ["Content-Type"] = "application/json", ["Accept"] = "application/json, text/event-stream" }, '{{{{body}}}}')
              end
            end
            function request()
              at = at % #requests + 1
              return requests[at]
            end
            function done(summary, latency, requests)
              local failed = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.status + summary.errors.timeout
              io.write(string.format("counts %d %d %d %d %d\n", summary.requests, latency:percentile(50), latency:percentile(99), latency:percentile(99.9), failed))
            end
            """);
    }

    /// <summary>The same for tokens of the scheme DPoP, each with a proof that is good once: there must be more of them than calls.</summary>
    public static void WriteProvenScript(string file, IEnumerable<(string Path, string Token, string Proof)> requests)
    {
        WriteScript(file, requests.Select(request => (request.Path, $"{request.Token} {request.Proof}")));
        File.WriteAllText(file, File.ReadAllText(file)
            .Replace("local path, token = line:match(\"^(%S+) (%S+)$\")", "local path, token, proof = line:match(\"^(%S+) (%S+) (%S+)$\")", StringComparison.Ordinal)
            .Replace("\"Bearer \" .. token,", "\"DPoP \" .. token, [\"DPoP\"] = proof,", StringComparison.Ordinal));
    }

    private static long Number(Group group) => long.Parse(group.Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"counts (\d+) (\d+) (\d+) (\d+) (\d+)")]
    private static partial Regex Counts();
}
