using System.Text.RegularExpressions;

namespace Gateway.Benchmarks.Soak;

/// <summary>What became of the calls that got no 200: refused while a peer was away, as they must be, or lost.</summary>
internal sealed partial class Ledger
{
    private const int TextsOfEach = 3;
    private readonly Lock gate = new();
    private readonly SortedDictionary<string, (int Count, List<string> Texts)> lost = new(StringComparer.Ordinal);
    private int excused;

    public int Lost { get; private set; }

    /// <summary>How many were refused while the peer was away that they needed.</summary>
    public int Excused => Volatile.Read(ref excused);

    /// <summary>What a lane is to do with failures of its calls: good is only this refusal, in this outage.</summary>
    public Action<long, string> Of(string lane, Outage? outage = null) => (due, answer) =>
    {
        if (outage?.Excuses(due, answer) == true)
        {
            Interlocked.Increment(ref excused);
        }
        else
        {
            Lose(lane, answer);
        }
    };

    public void Lose(string what, string text)
    {
        // By status and reason; a text that is no answer is its own kind.
        var kind = Answer().Match(text) is { Success: true } answer ? $"{what}: {answer.Groups["status"]} {answer.Groups["reason"]}" : $"{what}: {text}";
        lock (gate)
        {
            var (count, texts) = lost.TryGetValue(kind, out var before) ? before : (0, []);
            if (count < TextsOfEach)
            {
                texts.Add($"{TimeProvider.System.GetUtcNow():HH:mm:ss.fff} {text}");
            }

            lost[kind] = (count + 1, texts);
            Lost++;
        }
    }

    /// <summary>Runs what is to go on until it is cancelled; that it ends otherwise is a loss of its own.</summary>
    public async Task WatchAsync(string what, Func<Task> run, CancellationToken cancellation)
    {
        try
        {
            await run();
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The end.
        }
        catch (Exception broken) when (broken is InvalidOperationException or IOException or System.Net.Sockets.SocketException or HttpRequestException)
        {
            Lose(what, broken.Message);
        }
    }

    public void Print()
    {
        lock (gate)
        {
            foreach (var (kind, (count, texts)) in lost)
            {
                Console.WriteLine($"LOST {count,7}  {kind}");
                texts.ForEach(text => Console.WriteLine("              " + text.ReplaceLineEndings(" | ")));
            }
        }
    }

    [GeneratedRegex("""^HTTP/1\.1 (?<status>\d+).*?("reason":"(?<reason>\w+)"|$)""", RegexOptions.Singleline)]
    private static partial Regex Answer();
}
